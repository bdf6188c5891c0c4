"""The target ``postgres`` against a real server."""

import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from datagen.clock import SystemClock
from datagen.delivery.encoder import Route
from datagen.formatters.json import Json
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Undelivered, Unreadable
from datagen.problems import counted
from datagen.targets.postgres import connection as postgres_connection
from datagen.targets.postgres.connection import session
from datagen.targets.postgres.copy import Column
from datagen.targets.postgres.sink import TableSink
from datagen.targets.postgres.table import Table
from datagen.targets.postgres.target import Postgres
from tests.engine.strategies import specs
from tests.lanes import deliver
from tests.servers import installed
from tests.worlds import (
    batches_of,
    constant,
    counter,
    enum,
    integer,
    normal,
    read,
    records_of,
    run_of,
    state,
    uniform,
    world,
    write_json,
)

SCHEMA = f"delivery_{os.getpid()}"
READER = f"reader_{os.getpid()}"
TEXTS = ["", "a\tb", "line\nbreak", "cr\rlf\r\n", "back\\slash", "\\N", "\\.", "ünï 💡", '"quoted", comma', "'; DROP--"]


class Database:
    """The test's own schema, on a connection of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.dsn = installed.postgres()
        self.table = f"{SCHEMA}.t"

    def rows(self, statement: str) -> list[tuple]:
        return self.connection.execute(statement).fetchall()

    def run(self, statement: str) -> None:
        self.connection.execute(statement)

    def count(self) -> int:
        return self.rows("SELECT count(*) FROM t")[0][0]

    def types(self, table: str = "t") -> dict[str, str]:
        statement = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass"
        at = sql.Identifier(SCHEMA, table).as_string()
        return dict(self.connection.execute(statement + " AND attnum > 0 ORDER BY attnum", [at]).fetchall())

    def target(self, **keys: object) -> Postgres:
        return Postgres.model_validate({"dsn": self.dsn, "table": self.table} | keys)

    def file(self, folder: Path, **keys: object) -> Path:
        return write_json(folder / "to.json", {"type": "postgres", "dsn": self.dsn, "table": self.table} | keys)


@pytest.fixture
def database() -> Iterator[Database]:
    with psycopg.connect(installed.postgres(), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning; SET TimeZone = 'UTC'")
        connection.execute(f"CREATE SCHEMA {SCHEMA}; SET search_path = {SCHEMA}")
        yield Database(connection)
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@pytest.fixture
def proxy() -> Iterator[installed.Proxy]:
    installed.postgres()
    with installed.Proxy(5432) as made:
        yield made


def dsn_of(proxy: installed.Proxy) -> str:
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/test"


def audited(spec: dict, target: Postgres, records: int) -> tuple[Counter, Counter]:
    """What a run should have delivered and what the table holds, as an audit compares them."""
    run = run_of(spec, records)
    encoder, sink = Route(target, Json(), run.layout, Scope(run.clock.start, 1, "run", print)).begin()
    encoded = (part for batch in run.batches() for part in encoder.encode(batch, 0))
    expected = Counter(row for batch in encoded if batch for row in sink.comparable(batch))
    found = Counter(row for name, rows in sink.stored() for row in rows if not name)
    return expected, found


def delivered(spec: dict, target: Postgres, records: int) -> None:
    """Run a spec into a table; check that it holds all of it, nothing else, and that reading back gives the same."""
    deliver(spec, [target], records)
    expected, found = audited(spec, target, records)
    assert expected.total() == records
    assert expected == found


# Types and values


def test_a_table_is_made_from_the_types_of_a_spec(database) -> None:
    spec = world(
        counter("n"),
        {"name": "x", "type": "float", "distribution": uniform(0, 1)},
        enum("s", "a", "b"),
        enum("b", True, False),
        enum("mixed", 1, "one", None, [1]),
        {"name": "o", "type": "object", "dimensions": [counter("i")]},
        {"name": "l", "type": "list", "length_distribution": constant(2), "elements": [counter("i")]},
        {"name": "z", "type": "timestamp", "distribution": uniform("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")},
        enum("nothing", None),
    )
    delivered(spec, database.target(), 50)
    assert database.types() == {
        "time": "timestamp(3) without time zone",
        "n": "bigint",
        "x": "double precision",
        "s": "text",
        "b": "boolean",
        "mixed": "jsonb",
        "o": "jsonb",
        "l": "jsonb",
        "z": "timestamp(3) with time zone",
        "nothing": "text",
    }


def test_every_text_arrives_as_it_is(database) -> None:
    delivered(world(enum("s", *TEXTS), enum("more", *TEXTS, None)), database.target(), 300)
    assert {text for (text,) in database.rows("SELECT s FROM t")} == set(TEXTS)
    assert database.rows("SELECT count(*) FROM t WHERE more IS NULL")[0][0] > 0


def test_null_and_missing_are_null(database) -> None:
    spec = world(
        enum("s", "x", percent_missing=30, percent_nulls=30),
        integer("n", constant(1), percent_missing=50),
        {"name": "x", "type": "float", "distribution": constant(0.5), "percent_nulls": 50},
        {"name": "o", "type": "object", "dimensions": [counter("i", percent_missing=50)], "percent_missing": 50},
    )
    delivered(spec, database.target(), 400)
    for column in ("s", "n", "x", "o"):
        assert 100 < database.rows(f"SELECT count(*) FROM t WHERE {column} IS NULL")[0][0] < 300


def test_variables_may_be_null_or_missing_too(database) -> None:
    variables = [
        enum("s", "a\tb", "c\\d", None, percent_missing=20, percent_nulls=20),
        {"name": "o", "type": "object", "dimensions": [enum("t", "x\ny")], "percent_missing": 20, "percent_nulls": 20},
        {"name": "x", "type": "float", "distribution": uniform(0, 1), "percent_missing": 20, "cardinality": 5,
         "cardinality_distribution": uniform(0, 4), "percent_nulls": 20},
    ]  # fmt: skip
    spec = world(
        read("s"),
        read("o"),
        read("x"),
        states=[state("a", {"a": 0.9, "stop": 0.1}, variables=variables, delay=constant(1))],
    )
    delivered(spec, database.target(), 2000)
    emitted = records_of(spec, 2000)
    for name in ("s", "o", "x"):
        empty = sum(record.get(name) is None for record in emitted)
        assert database.rows(f"SELECT count(*) FROM t WHERE {name} IS NULL") == [(empty,)]
        assert 400 < empty < 1500
    assert {s for (s,) in database.rows("SELECT s FROM t")} == {"a\tb", "c\\d", None}


def test_numbers_arrive_to_the_last_bit(database) -> None:
    floats = [0.1, 1e300, -1e-300, 1 / 3, 5e-324, 123456789.125, 1e15, 2.0, -0.0, 1.7976931348623157e308]
    whole = [2**63 - 1, -(2**63), 0, 2**53 + 1]
    delivered(world(enum("x", *floats), enum("n", *whole)), database.target(), 500)
    assert {x for (x,) in database.rows("SELECT x FROM t")} == set(floats)
    assert {n for (n,) in database.rows("SELECT n FROM t")} == set(whole)


def test_decimals_arrive_to_the_last_digit(database) -> None:
    money = {"name": "m", "type": "decimal", "distribution": normal(0, 1e5), "scale": 2, "percent_nulls": 20}
    whole = {"name": "w", "type": "decimal", "distribution": uniform(-1e18, 1e18), "scale": 0}
    database.run("CREATE TABLE t (m numeric(30, 5))")  # one that is there keeps its type
    delivered(world(money, whole), database.target(), 500)
    columns = "SELECT column_name, numeric_precision, numeric_scale FROM information_schema.columns"
    found = database.rows(f"{columns} WHERE table_name = 't' AND data_type = 'numeric' ORDER BY 1")
    assert found == [("m", 30, 5), ("w", 18, 0)]
    written = [line.split(",")[1:] for line in csv_of(world(money, whole), 500)]
    rows = database.rows("SELECT round(m, 2)::text, w::text FROM t")
    assert Counter(rows) == Counter((m or None, w) for m, w in written)


def csv_of(spec: dict, count: int) -> list[str]:
    writer = Registry().formatter("csv").begin(run_of(spec, count).layout)
    return [line for batch in batches_of(spec, count) for line in bytes(writer.lines(batch).data).decode().splitlines()]


def test_json_arrives_whole_however_the_server_writes_it(database) -> None:
    values = [
        {"b": 1, "a": None, "n": {"x": [None, {}], "tab": "a\tb\\n"}},
        [1.0, 1e5, -2.5e-7, 2**70, 0.1, -0.0],
        'a\\b\n"c"',
        12,
        None,
        True,
        {},
        [],
    ]
    delivered(world(enum("j", *values)), database.target(), 300)
    assert all(value in [row[0] for row in database.rows("SELECT j FROM t")] for value in values)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999"),
        ("0001-01-01T00:00:00+02:00", "0001-01-03T00:00:00+02:00"),
        ("2024-03-30T00:00:00-05:30", "2024-04-01T00:00:00-05:30"),
        ("1969-12-31T23:59:59.001Z", "1970-01-01T00:00:00.999Z"),
    ],
)
def test_times_arrive_to_the_millisecond(database, first: str, last: str) -> None:
    spec = world({"name": "z", "type": "timestamp", "distribution": uniform(first, last)})
    delivered(spec, database.target(), 200)


def test_two_emitters_share_a_table(database) -> None:
    spec = world(states=[state("a", "b", "e"), state("b", "stop", "f", delay=constant(0))])
    spec["emitters"] = [
        {"name": "e", "dimensions": [counter("n"), enum("kind", "text")]},
        {"name": "f", "dimensions": [enum("kind", 5), enum("only", "f")]},
    ]
    delivered(spec, database.target(), 100)
    assert database.types()["kind"] == "jsonb"
    rows = database.rows("SELECT n IS NULL, kind, t.only FROM t ORDER BY n NULLS LAST")
    assert rows[0] == (False, "text", None)
    assert rows[-1] == (True, 5, "f")
    assert sum(row[0] for row in rows) == 50


def test_many_records_arrive(database) -> None:
    delivered(world(counter("n"), enum("s", "a", "b", "c"), gap=0.001), database.target(), 150_000)
    assert database.rows("SELECT count(DISTINCT n), min(n), max(n) FROM t") == [(150_000, 0, 149_999)]


def test_no_records_make_an_empty_table(database) -> None:
    deliver(world(counter("n")), [database.target()], 0)
    assert database.count() == 0
    assert audited(world(counter("n")), database.target(), 0) == (Counter(), Counter())


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spec=specs())
def test_a_row_is_what_the_record_is_in_json(database, spec: dict) -> None:
    database.run("DROP TABLE IF EXISTS t")
    delivered(spec, database.target(), 100)
    compared = [name for name, kind in database.types().items() if "timestamp" not in kind]
    emitted = [[record.get(name) for name in compared] for record in records_of(spec, 100)]
    found = [[row[name] for name in compared] for (row,) in database.rows("SELECT to_jsonb(t) FROM t")]
    assert Counter(map(same_json, found)) == Counter(map(same_json, emitted))


def same_json(value: object) -> str:
    """Write JSON so that numbers that are equal are written alike."""
    return json.dumps(json.loads(json.dumps(value), parse_float=whole_if_it_is), sort_keys=True)


def whole_if_it_is(text: str) -> float | int:
    return int(float(text)) if float(text).is_integer() else float(text)


# Tables and columns that are there already


def test_missing_columns_are_added_and_others_left_alone(database) -> None:
    database.run("CREATE TABLE t (id bigserial, n integer); INSERT INTO t (n) VALUES (-1)")
    deliver(world(counter("n"), enum("s", "x")), [database.target()], 10)
    assert database.types()["n"] == "integer"
    assert database.types()["s"] == "text"
    assert database.rows("SELECT max(id), min(n), max(n), count(s) FROM t") == [(11, -1, 9, 10)]


def test_columns_of_other_types_take_what_they_can_parse(database) -> None:
    database.run(
        "CREATE DOMAIN word AS jsonb;"
        "CREATE TABLE t (time timestamptz, n numeric(12, 2), m double precision, x real, s varchar(20),"
        " ip inet, b text, o text, j json, w word, z text, d timestamp)"
    )
    moments = uniform("2024-01-01T00:00:00+02:00", "2024-01-02T00:00:00+02:00")
    spec = world(
        counter("n"),
        counter("m", start=10**15),
        enum("x", 0.5, 2.0),
        enum("s", "a b", ""),
        enum("ip", "10.0.0.1", "::1"),
        enum("b", True, False),
        {"name": "o", "type": "object", "dimensions": [enum("t", "a\nb", None)]},
        enum("j", 'a "string"\n', None),
        enum("w", "word"),
        {"name": "z", "type": "timestamp", "distribution": moments},
        {"name": "d", "type": "timestamp", "distribution": moments},
    )
    delivered(spec, database.target(), 100)
    assert {row[0] for row in database.rows("SELECT j FROM t")} == {'a "string"\n', None}
    assert database.rows("SELECT DISTINCT w FROM t") == [("word",)]


def test_what_was_altered_in_the_table_is_found(database) -> None:
    spec = world(counter("n"), enum("x", 0.5), enum("s", "a"), enum("j", [1, {"k": None}]))
    delivered(spec, database.target(), 20)
    database.run("UPDATE t SET x = x + 1e-15 WHERE n = 1; UPDATE t SET s = NULL WHERE n = 2; DELETE FROM t WHERE n = 3")
    database.run("""UPDATE t SET j = '[1, {}]' WHERE n = 4; UPDATE t SET time = time + interval '1 ms' WHERE n = 5""")
    expected, found = audited(spec, database.target(), 20)
    assert sorted(int(row.split(b"\t")[1]) for row in expected - found) == [1, 2, 3, 4, 5]
    assert (found - expected).total() == 4


def test_nothing_is_made_without_create(database) -> None:
    with pytest.raises(Exception, match='does not exist, and "create" is false'):
        deliver(world(counter("n")), [database.target(create=False)], 10)
    database.run("CREATE TABLE t (time timestamp)")
    with pytest.raises(Exception, match='has no column "n", and "create" is false'):
        deliver(world(counter("n")), [database.target(create=False)], 10)
    assert database.count() == 0


NAMES = [
    "select",
    'say "hi"',
    "100%",
    "%s %(x)s",
    "ünï 💡",
    "a.b",
    "x); DROP TABLE t; --",
    " ",
    "A",
    "{}",
    "ordinal",
    "order",
]


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_any_name_will_do(database, mode: str) -> None:
    keys = {"mode": "upsert", "key": ["n", 'say "hi"']} if mode == "upsert" else {}
    target = database.target(table=SCHEMA + '.Robert"); DROP TABLE "x%s{}', **keys)
    delivered(
        world(counter("n"), *(enum(name, "x", None) if name != 'say "hi"' else enum(name, 1) for name in NAMES)),
        target,
        30,
    )
    assert list(database.types('Robert"); DROP TABLE "x%s{}')) == ["time", "n", *NAMES]


@pytest.mark.parametrize("length", [63, 64])
def test_a_name_that_would_be_cut_off_is_a_problem(database, generate, tmp_path, length: int) -> None:
    name = "ü" + (length - 2) * "x"
    done = generate(world(counter(name)), "-n", 3, "-t", database.file(tmp_path))
    assert (done.code, "more than 63 bytes" in done.err) == ((0, False) if length == 63 else (2, True))
    done = generate(world(counter("n")), "-n", 3, "-t", database.file(tmp_path, table=f"{SCHEMA}.{name}"))
    assert (done.code, "more than 63 bytes" in done.err) == ((0, False) if length == 63 else (2, True))


# Upsert


def test_the_last_of_those_with_the_same_key_stays(database) -> None:
    spec = world(integer("k", uniform(0, 9)), counter("n"), enum("j", {"a": 1}))
    deliver(spec, [database.target(mode="upsert", key=["k"])], 1000)
    last = {}
    for batch in batches_of(spec, 1000):
        columns = batch.parts[0].columns
        last |= dict(zip(columns["k"].to_pylist(), columns["n"].to_pylist(), strict=True))
    assert dict(database.rows("SELECT k, n FROM t")) == last


def test_an_upsert_again_changes_nothing(database) -> None:
    target = database.target(mode="upsert", record_id=True)
    spec = world(counter("n"), gap=0.001)
    for _ in range(2):
        deliver(spec, [target], 70_000)
    assert database.rows("SELECT count(*), count(DISTINCT record_id), count(DISTINCT n) FROM t") == [(70_000,) * 3]


def test_a_key_alone_makes_a_table(database) -> None:
    spec = world(enum("time", "x"), integer("k", uniform(0, 3)))
    deliver(spec, [database.target(mode="upsert", key=["k", "time"])], 100)
    assert database.count() == 4


@pytest.mark.parametrize(
    "index",
    ["", "CREATE INDEX ON t (k)", "CREATE UNIQUE INDEX ON t (k, n)", "CREATE UNIQUE INDEX ON t (k) WHERE n > 3",
     "CREATE UNIQUE INDEX ON t ((k + 1))", "ALTER TABLE t ADD UNIQUE (k) DEFERRABLE"],
)  # fmt: skip
def test_a_table_without_a_unique_index_is_refused(database, index: str) -> None:
    database.run(f"CREATE TABLE t (k bigint, n bigint); {index}")
    with pytest.raises(Exception, match=r'no unique index on \("k"\).*CREATE UNIQUE INDEX ON "\w+"."t" \("k"\)'):
        deliver(world(counter("k"), counter("n")), [database.target(mode="upsert", key=["k"])], 10)
    assert "time" not in database.types()


def test_a_table_with_a_unique_index_is_used(database) -> None:
    database.run("CREATE TABLE t (k bigint, n bigint, old text); CREATE UNIQUE INDEX ON t (n, k) INCLUDE (old)")
    database.run("INSERT INTO t VALUES (3, 3, 'stays')")
    delivered(world(counter("k"), counter("n")), database.target(mode="upsert", key=["k", "n"]), 10)
    assert database.rows("SELECT old FROM t WHERE k = 3") == [("stays",)]


def test_a_key_must_not_be_null(database) -> None:
    database.run("CREATE TABLE t (k bigint UNIQUE)")
    spec = world(counter("k", percent_nulls=20))
    with pytest.raises(Exception, match='null value in column "k"'):
        deliver(spec, [database.target(mode="upsert", key=["k"])], 100)
    assert database.count() == database.rows("SELECT max(k) + 1 FROM t")[0][0] > 0


# What is wrong with a target


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"key": ["n"]}, '"key" has no effect without "mode": "upsert"'),
        ({"mode": "upsert"}, '"upsert" requires a "key", or "record_id": true'),
        ({"mode": "upsert", "key": ["n", "n"]}, '"key" names a dimension twice'),
        ({"mode": "upsert", "key": []}, "key: must not be empty"),
        ({"mode": "upsert", "key": ["m"]}, 'key: no emitter has "m"'),
        ({"mode": "replace"}, "mode: must be 'append' or 'upsert'"),
        ({"table": "a.b.c"}, 'table: must be a name or schema.name, found "a.b.c"'),
        ({"table": "a."}, 'table: must be a name or schema.name, found "a."'),
        ({"table": "a\0"}, "null character"),
        ({"dsn": "postgresql://u:hunter2%zz@h/d"}, "dsn: must be like postgresql://"),
        ({"dsn": "postgresql://u:x@hunter2@h/d"}, "dsn: must be like postgresql://"),
        ({"dsn": "postgresql://u:hunter2/x@h/d"}, "dsn: must be like postgresql://"),
        ({"dsn": ""}, "dsn: must be like postgresql://"),
        ({"dsn": "host=h password=my hunter2"}, "dsn: must be like postgresql://"),
        ({"format": "csv"}, "postgres has no format: it takes records as columns"),
        ({"pasword": "x"}, 'unknown key "pasword"'),
    ],
)
def test_wrong_keys_are_problems(generate, tmp_path, keys: dict, message: str) -> None:
    target = {"type": "postgres", "dsn": "postgresql://127.0.0.1:1/x", "table": "t"} | keys
    done = generate(world(counter("n")), "-n", 3, "-t", write_json(tmp_path / "to.json", target))
    assert done.code == 2
    assert message in done.err
    assert "hunter2" not in done.err


def test_every_emitter_must_have_the_key(generate, database, tmp_path) -> None:
    spec = world(states=[state("a", "b", "e"), state("b", "stop", "f", delay=constant(0))])
    spec["emitters"] = [{"name": "e", "dimensions": [counter("n")]}, {"name": "f", "dimensions": []}]
    done = generate(spec, "-n", 3, "-t", database.file(tmp_path, mode="upsert", key=["n"]))
    assert (done.code, 'key: "n" is no dimension of the emitter "f"' in done.err) == (2, True)


# Failures


def test_a_server_that_is_down_ends_the_run(generate, tmp_path) -> None:
    port = installed.free_port()
    target = {"type": "postgres", "dsn": f"postgresql://u:hunter2@127.0.0.1:{port}/x", "table": "t"}
    done = generate(world(counter("n")), "-n", 3, "-t", write_json(tmp_path / "to.json", target))
    assert done.code == 1
    assert re.search(rf"writing to postgres table t: .*port {port} failed: Connection refused", done.err)
    assert "(0 records delivered)" in done.err
    assert "hunter2" not in done.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"port": "99999", "password": "hunter2"}, 'invalid port number: "99999"'),
        ({"user": "nobody", "password": "hunter2"}, 'role "nobody" does not exist'),
        ({"sslmode": "require"}, "does not support SSL|certificate"),
    ],
)
def test_a_login_that_is_refused_is_not_tried_again(database, tmp_path, generate, change: dict, message: str) -> None:
    dsn = psycopg.conninfo.make_conninfo(database.dsn, **change)
    if "sslmode" in change and database.rows("SHOW ssl") == [("on",)]:
        dsn = psycopg.conninfo.make_conninfo(database.dsn, sslmode="verify-full", sslrootcert="/nowhere")
    done = generate(world(counter("n")), "-n", 3, "-t", database.file(tmp_path, dsn=dsn, on_error="retry"))
    assert done.code == 1
    assert re.search(message, done.err)
    assert "hunter2" not in done.err


def test_a_wrong_password_is_not_tried_again(tmp_path, generate, database) -> None:
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "u"\0\0'
    with Imposter(message(b"E", fields)) as port:
        dsn = f"postgresql://u:hunter2@127.0.0.1:{port}/x?sslmode=disable"
        done = generate(world(counter("n")), "-n", 3, "-t", database.file(tmp_path, dsn=dsn, on_error="retry"))
    assert (done.code, "password authentication failed" in done.err, "hunter2" in done.err) == (1, True, False)


def test_a_missing_permission_is_not_tried_again(database) -> None:
    database.run(f"CREATE ROLE {READER} LOGIN")
    database.run(f"CREATE TABLE t (time timestamp, n bigint); GRANT USAGE ON SCHEMA {SCHEMA} TO {READER}")
    target = database.target(dsn=database.dsn.replace("postgres@", f"{READER}@"), on_error="retry")
    try:
        with pytest.raises(Exception, match="permission denied for table t"):
            deliver(world(counter("n")), [target], 10)
    finally:
        database.run(f"DROP TABLE t; DROP OWNED BY {READER}; DROP ROLE {READER}")


def test_a_server_may_come_up_late(database, proxy) -> None:
    proxy.cut()
    threading.Timer(0.5, proxy.mend).start()
    deliver(world(counter("n")), [database.target(dsn=dsn_of(proxy), on_error="retry")], 1000)
    assert database.count() == 1000


NO_VALUES = [
    (
        "v integer",
        [1, 2, 3, 2**40],
        'value "1099511627776" is out of range for type integer; column v: "1099511627776"',
    ),
    ("v integer", ["1", "x\ty, line 99, column z"], "invalid input syntax for type integer"),
    ("v varchar(3)", ["abc", "abcd"], r"value too long for type character varying\(3\)"),
    ("v text", ["a", "b", "c", "a\0b"], r"PostgreSQL can't hold the character U\+0000"),
    ("v jsonb", [[1], [2], [3], ["a\0b"]], r"PostgreSQL can't hold the character U\+0000"),
]
VIOLATIONS = [
    ("v text CHECK (v <> 'bad')", ["good", "bad"], "violates check constraint"),
    ("v text UNIQUE", ["one"], r"duplicate key value violates unique.*Key \(v\)=\(.*\) already exists"),
    ("v text, other text NOT NULL", ["a"], 'null value in column "other"'),
]


@pytest.mark.parametrize(
    ("mode", "column", "values", "message"),
    [(mode, *case) for mode in ("append", "upsert") for case in NO_VALUES] + [("append", *case) for case in VIOLATIONS],
)
def test_a_refused_record_ends_the_run_and_those_before_it_are_there(
    database, generate, tmp_path, mode: str, column: str, values: list, message: str
) -> None:
    database.run(f"CREATE TABLE t (n bigint PRIMARY KEY, {column})")
    keys = {"mode": "upsert", "key": ["n"]} if mode == "upsert" else {}
    spec = world(counter("n"), enum("v", *values))
    done = generate(spec, "-n", 300, "-t", database.file(tmp_path, on_error="retry", **keys))
    assert done.code == 1
    assert re.search(message, done.err)
    emitted = [record["v"] for record in records_of(spec, 300)]
    before = emitted.index(values[-1]) if "UNIQUE" not in column else emitted.index(emitted[0], 1)
    assert f"({counted(before, 'record')} delivered)" in done.err
    assert database.rows("SELECT n FROM t ORDER BY n") == [(n,) for n in range(before)]


def test_an_upsert_that_violates_a_constraint_delivers_none_of_its_batch(database) -> None:
    database.run("CREATE TABLE t (n bigint PRIMARY KEY CHECK (n < 20000))")
    target = database.target(mode="upsert", key=["n"], on_error="retry")
    with pytest.raises(Exception, match="violates check constraint") as caught:
        deliver(world(counter("n")), [target], 50_000)
    count = int(re.search(r"\((\d+) records? delivered", str(caught.value))[1])
    assert database.count() == count < 20000


class Interruptions:
    """Lets something happen to a sink's connection after some of its writes, once each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, acts: dict) -> None:
        self.written = 0
        write = TableSink.write

        def interrupted(sink, encoded) -> None:
            self.written += 1
            if act := acts.pop(self.written, None):
                act(sink)
            write(sink, encoded)

        monkeypatch.setattr(TableSink, "write", interrupted)


SMALL = {"gap": 0.001}
LONG = "x" * 2000  # so that a batch has 8 thousand records


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_nothing_is_missing_when_the_server_ends_the_connection(database, monkeypatch, mode: str) -> None:
    def terminate(sink) -> None:
        database.run(f"SELECT pg_terminate_backend({sink._session.connection.info.backend_pid})")

    interruptions = Interruptions(monkeypatch, {2: terminate, 4: terminate})
    keys = {"mode": "upsert"} if mode == "upsert" else {}
    target = database.target(on_error="retry", record_id=True, **keys)
    delivered(world(counter("n"), enum("s", LONG), **SMALL), target, 50_000)
    assert interruptions.written > 6
    assert database.rows("SELECT count(*), count(DISTINCT n) FROM t") == [(50_000, 50_000)]


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_nothing_is_missing_when_the_connection_is_cut(database, proxy, mode: str) -> None:
    keys = {"mode": "upsert"} if mode == "upsert" else {}
    target = database.target(dsn=dsn_of(proxy), on_error="retry", record_id=True, **keys)

    def cut() -> None:
        for megabytes in (20, 60):
            installed.wait_until(lambda at=megabytes: proxy.passed > at * 1e6)
            proxy.cut()
            proxy.mend()

    cutter = threading.Thread(target=cut)
    cutter.start()
    deliver(world(counter("n"), enum("s", LONG), **SMALL), [target], 50_000)
    cutter.join()
    counts = Counter(n for (n,) in database.rows("SELECT n FROM t"))
    assert set(counts) == set(range(50_000))
    assert mode == "append" or max(counts.values()) == 1


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_a_lost_acknowledgement_doubles_no_more_than_its_batch(database, monkeypatch, mode: str) -> None:
    write, sizes = Table.write, []

    def unanswered(table, rows) -> None:
        write(table, rows)
        sizes.append(bytes(rows).count(b"\n"))
        if len(sizes) == 2:
            table._connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(Table, "write", unanswered)
    keys = {"mode": "upsert"} if mode == "upsert" else {}
    target = database.target(on_error="retry", record_id=True, **keys)
    deliver(world(counter("n"), enum("s", LONG), **SMALL), [target], 50_000)
    counts = Counter(n for (n,) in database.rows("SELECT n FROM t"))
    assert set(counts) == set(range(50_000))
    assert counts.total() == 50_000 + (sizes[1] if mode == "append" else 0)


def test_a_server_that_stalls_is_given_up(database, proxy, monkeypatch) -> None:
    monkeypatch.setattr(postgres_connection, "LONGEST_SILENCE", 0.5)
    Interruptions(monkeypatch, {3: lambda sink: proxy.stall()})
    target = database.target(dsn=dsn_of(proxy) + "?connect_timeout=2")
    with pytest.raises(Exception, match=r"the server has not answered for 0\.5 s"):
        deliver(world(counter("n"), enum("s", LONG), **SMALL), [target], 50_000)


@pytest.mark.parametrize("records", [1, 20_000], ids=["no answer", "takes nothing"])
def test_a_run_goes_on_after_a_server_that_stalled(database, proxy, monkeypatch, records: int) -> None:
    monkeypatch.setattr(postgres_connection, "LONGEST_SILENCE", 0.5)
    Interruptions(monkeypatch, {1: lambda sink: proxy.stall()})
    keys = {"dsn": dsn_of(proxy), "mode": "upsert", "key": ["n"], "on_error": "retry", "create": False}
    database.run("CREATE TABLE t (time timestamp, n bigint UNIQUE, s text)")
    threading.Timer(1.5, proxy.flow).start()
    said = []
    deliver(world(counter("n"), enum("s", LONG), **SMALL), [database.target(**keys)], records, say=said.append)
    assert database.count() == records
    assert "the server has not answered for 0.5 s" in said[0]


def test_a_server_that_takes_something_now_and_then_is_waited_for(database, proxy, monkeypatch) -> None:
    monkeypatch.setattr(postgres_connection, "LONGEST_SILENCE", 1.5)
    rows = b"".join(b"%d\t%s\n" % (number, b"x" * 16_000) for number in range(5000))
    done = threading.Event()

    def pause() -> None:
        while not done.is_set():
            passed = proxy.passed
            proxy.stall()
            done.wait(0.25)
            proxy.flow()
            while proxy.passed < passed + 4e6 and not done.wait(0.001):
                pass

    pausing = threading.Thread(target=pause)
    with session(dsn_of(proxy)) as opened:
        table = Table(opened, database.table, [Column("n", pa.int64()), Column("s", pa.string())], [])
        table.get_ready(True)
        pausing.start()
        began = time.monotonic()
        try:
            table.write(memoryview(rows))
        finally:
            done.set()
            pausing.join()
    assert time.monotonic() - began > 2 * 1.5
    assert database.count() == 5000


def test_who_reads_rows_may_rest_longer_than_the_server_may(database, monkeypatch) -> None:
    deliver(world(counter("n"), enum("s", LONG), **SMALL), [database.target()], 20_000)
    monkeypatch.setattr(postgres_connection, "LONGEST_SILENCE", 0.2)
    run = run_of(world(counter("n"), enum("s", LONG), **SMALL), 1)
    _, sink = Route(database.target(), Json(), run.layout, Scope(run.clock.start, 1, "run", print)).begin()
    found = 0
    for _, rows in sink.stored():
        time.sleep(0.5)  # the fault itself: longer than the server may be silent
        found += len(rows)
    assert found == 20_000


def test_nothing_is_left_of_a_sink_that_is_closed(database) -> None:
    deliver(world(counter("n")), [database.target()], 10)
    assert "postgres watchdog" not in [thread.name for thread in threading.enumerate()]


def test_a_server_that_stalls_at_the_start_is_given_up(database, proxy) -> None:
    proxy.stall()
    target = database.target(dsn=dsn_of(proxy) + "?connect_timeout=2", on_error="retry", give_up_after=0)
    with pytest.raises(Exception, match=r"no answer from .* for 2 s"):
        deliver(world(counter("n")), [target], 10)


def test_a_table_that_is_locked_is_waited_for(database) -> None:
    target = database.target()
    deliver(world(counter("n")), [target], 10)
    with psycopg.connect(database.dsn) as other:
        other.execute(f"LOCK TABLE {SCHEMA}.t")
        done = threading.Thread(target=deliver, args=(world(counter("n")), [target], 10))
        done.start()
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%COPY%'"
        installed.wait_until(lambda: database.rows(blocked)[0][0])
    done.join()
    assert database.count() == 20


def test_two_targets_may_make_the_same_table(database) -> None:
    spec = world(counter("n"), enum("s", "x"))
    deliver(spec, [database.target() for _ in range(4)], 100)
    assert database.count() == 400


def test_a_live_run_arrives(database) -> None:
    deliver(world(counter("n"), gap=0.002), [database.target(mode="upsert", key=["n"])], 200, clock=SystemClock())
    assert database.rows("SELECT count(*), max(n) FROM t") == [(200, 199)]


def test_what_can_not_be_read_back_is_said(database) -> None:
    with pytest.raises(Unreadable, match="does not exist"):
        audited(world(counter("n")), database.target(), 10)
    target = database.target(dsn=f"postgresql://127.0.0.1:{installed.free_port()}/x")
    with pytest.raises(Unreadable, match=r"Connection refused$"):
        audited(world(counter("n")), target, 10)


# Whether a server can be reached


def test_a_check_makes_no_table(database) -> None:
    database.target().check()
    assert database.rows("SELECT to_regclass('t')") == [(None,)]


@pytest.mark.parametrize(
    ("change", "reason", "lasting"),
    [
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist', True),
        ({"port": str(installed.free_port())}, "Connection refused", False),
    ],
)
def test_a_check_says_why_a_server_is_not_reached(database, change: dict, reason: str, lasting: bool) -> None:
    dsn = psycopg.conninfo.make_conninfo(database.dsn, **change)
    with pytest.raises(Undelivered, match=reason) as caught:
        database.target(dsn=dsn).check()
    assert caught.value.lasting is lasting


def test_a_check_gives_up_a_server_that_says_nothing_after_the_login(database, monkeypatch) -> None:
    monkeypatch.setattr(postgres_connection, "LONGEST_SILENCE", 0.5)
    welcome = message(b"R", bytes(4)) + message(b"Z", b"I")
    with Imposter(welcome) as port, pytest.raises(Undelivered, match=r"has not answered for 0\.5 s"):
        database.target(dsn=f"postgresql://u@127.0.0.1:{port}/x?sslmode=disable").check()


def message(kind: bytes, content: bytes) -> bytes:
    """A message as a server sends it (PostgreSQL's documentation, "Message Formats")."""
    return kind + (len(content) + 4).to_bytes(4, "big") + content


class Imposter:
    """Gives whoever connects one answer, and no other."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        return self._server.getsockname()[1]

    def _serve(self) -> None:
        client, _ = self._server.accept()
        with client:
            client.recv(65536)
            client.sendall(self._answer)
            while client.recv(65536):
                pass

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._server.close()
