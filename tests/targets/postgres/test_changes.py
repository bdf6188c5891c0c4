"""Change streams and several tables through the target ``postgres``, against a real server."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from datagen.delivery.encoder import Route
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.stage import Scope
from datagen.plugin.target import Sink, Undelivered
from datagen.records.batch import Layout
from datagen.targets.postgres.tables import Rows, Tables
from datagen.targets.postgres.target import Postgres
from tests.changes import KEYS, SHOP, batch_of, last_state
from tests.servers import installed
from tests.worlds import ROOT, START, counter, enum, records_of, state, world, write_json

SCHEMA = f"changes_{os.getpid()}"
SHOWN = ("op", "status", "city")
TABLES = """
CREATE TABLE customers (customer_id bigint PRIMARY KEY, email text UNIQUE);
CREATE TABLE orders (order_id text PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers)
"""
LAYOUT = Layout(
    {
        "customers": {"op": pa.string(), "customer_id": pa.int64(), "email": pa.string()},
        "orders": {"op": pa.string(), "order_id": pa.string(), "customer_id": pa.int64()},
    }
)


def customer(op: str, number: int, email: str | None = None) -> dict:
    return {"emitter": "customers", "op": op, "customer_id": number, "email": email}


def order(op: str, name: str, number: int) -> dict:
    return {"emitter": "orders", "op": op, "order_id": name, "customer_id": number}


class Database:
    """The test's own schema."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.said: list[str] = []

    def run(self, statement: str) -> None:
        self.connection.execute(statement)

    def rows(self, statement: str) -> list[tuple]:
        return self.connection.execute(statement).fetchall()

    def keys(self, **keys: object) -> dict:
        own = {"dsn": installed.postgres(), "table": SCHEMA + ".{{emitter}}", "mode": "upsert", "key": KEYS}
        return {**own, "operation": "op", **keys}

    def file(self, folder: Path, **keys: object) -> Path:
        return write_json(folder / "to.json", {"type": "postgres", **self.keys(**keys)})

    def sink(self, layout: Layout = LAYOUT, **keys: object) -> Sink:
        scope = Scope(parse_moment(START), 1, "run", self.said.append)
        route = Route(Postgres.model_validate(self.keys(**keys)), Json(), layout, scope)
        assert not [misfit.text for misfit in route.misfits()]
        return route.begin()[1]

    def progress(self) -> int:
        """How many records of the only run the database has."""
        return self.rows("SELECT coalesce(sum(records), 0)::bigint FROM datagen_progress")[0][0]

    def state(self) -> dict[tuple[str, object], dict]:
        return {
            (table, row[KEYS[table][0]]): {
                name: value for name, value in row.items() if name in ("op", "status", "city")
            }
            for table in KEYS
            for (row,) in self.rows(f"SELECT to_jsonb(t) FROM {table} t")
        }


@pytest.fixture
def database() -> Iterator[Database]:
    with psycopg.connect(installed.postgres(), autocommit=True) as connection:
        connection.execute(f"SET client_min_messages = warning; CREATE SCHEMA {SCHEMA}; SET search_path = {SCHEMA}")
        yield Database(connection)
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def write(sink: Sink, records: Sequence[dict], position: dict | None = None, lot: int = 10**6) -> None:
    """Open a sink at a position and write records, so many at once."""
    sink.open(position)
    try:
        for start in range(0, len(records), lot):
            sink.write(sink.encode(batch_of(records[start : start + lot], LAYOUT)))
    finally:
        sink.close()


def shown(records: Sequence[dict]) -> dict:
    left = last_state(records)
    return {key: {name: record[name] for name in SHOWN if name in record} for key, record in left.items()}


# The last state


def test_the_last_state_is_what_the_records_say(database, generate, command, tmp_path) -> None:
    database.run(TABLES)
    to = database.file(tmp_path)
    done = generate(SHOP, "-n", 20_000, "-t", to)
    assert (done.code, "small lots" in done.err) == (0, False), done.err
    assert database.state() == shown(records_of(SHOP, 20_000))
    spec = write_json(tmp_path / "shop.json", SHOP)
    line = [sys.executable, "-m", "datagen", "audit", "-c", spec, "-t", to, "-n", "20000", "-s", START, "--seed", "1"]
    audited = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)
    count = len(database.state())
    assert audited.returncode == 0, audited.stderr
    assert f"{count} keys expected, {count} found, 0 missing, 0 with another record, 0 not deleted" in audited.stdout
    database.run("DELETE FROM orders WHERE order_id = (SELECT min(order_id) FROM orders)")
    database.run("UPDATE orders SET status = 'lost' WHERE order_id = (SELECT max(order_id) FROM orders)")
    database.run("INSERT INTO customers VALUES (0), (-5)")  # 0 was deleted, -5 never was
    audited = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert audited.returncode == 1
    assert "1 missing, 1 with another record, 1 not deleted, 1 not of this run" in audited.stdout


def test_a_run_that_is_killed_and_continued_leaves_the_same(database, tmp_path) -> None:
    database.run(TABLES)
    line = [sys.executable, ROOT / "generator.py", "-c", write_json(tmp_path / "shop.json", SHOP), "-s", START]
    line += ["-n", 20_000, "--seed", 1, "--speed", 20_000, "-t", database.file(tmp_path), "--state", tmp_path / "state"]
    database.run("CREATE TABLE datagen_progress (run text PRIMARY KEY, records bigint NOT NULL)")
    for goal in (1, 3000, 7000, 12_000):
        with subprocess.Popen(list(map(str, line)), stderr=subprocess.DEVNULL) as process:
            installed.wait_until(lambda goal=goal: database.progress() >= goal, 60)
            process.kill()
        assert database.progress() < 20_000
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert database.state() == shown(records_of(SHOP, 20_000))
    assert database.progress() == 20_000


MANY = [
    *(customer("insert", number) for number in range(20)),
    *(order("insert", f"o{number}", number) for number in range(20)),
    *(order("delete", f"o{number}", number) for number in range(20)),
    *(customer("delete", number) for number in range(19)),
]


@pytest.mark.parametrize("lot", [1, 7, 100])
def test_what_a_lost_acknowledgement_was_for_is_not_written_again(database, lot: int) -> None:
    database.run(TABLES)
    write(database.sink(), MANY)
    sink = database.sink()
    write(sink, [*MANY[25:], customer("update", 19, "new")], {"records": 25}, lot)  # else o5 would have no customer
    assert database.rows("SELECT customer_id, email FROM customers") == [(19, "new")]
    assert sink.position() == {"records": len(MANY) + 1}


def test_a_connection_that_is_cut_again_and_again_leaves_the_same(database, generate, tmp_path) -> None:
    database.run(TABLES)
    with installed.Proxy(5432) as proxy:
        stop = threading.Event()

        def cut() -> None:
            for megabytes in (0.1, 0.3, 0.6, 0.8, 1.1):
                while proxy.passed < megabytes * 1e6 and not stop.wait(0.001):
                    pass
                proxy.cut()
                proxy.mend()

        cutter = threading.Thread(target=cut)
        cutter.start()
        to = database.file(tmp_path, dsn=f"postgresql://postgres@127.0.0.1:{proxy.port}/test", on_error="retry")
        done = generate(SHOP, "-n", 20_000, "--speed", 100_000, "-t", to)
        stop.set()
        cutter.join()
    assert done.code == 0, done.err
    assert proxy.connected > 3
    assert "trying again" in done.err
    assert database.state() == shown(records_of(SHOP, 20_000))


def test_rows_that_are_only_added_are_added_once_too(database) -> None:
    keys = {"mode": "append", "key": None, "operation": None}
    write(database.sink(**keys), MANY)
    write(database.sink(**keys), MANY[30:], {"records": 30}, 9)
    assert database.rows("SELECT count(*) FROM customers UNION ALL SELECT count(*) FROM orders") == [(39,), (40,)]


def test_a_run_that_begins_anew_writes_all_again(database) -> None:
    database.run(TABLES)
    for _ in range(2):
        write(database.sink(), MANY)
    assert database.rows("SELECT customer_id FROM customers") == [(19,)]


def test_a_database_that_has_lost_records_is_refused(database) -> None:
    write(database.sink(), MANY)
    with pytest.raises(
        Undelivered, match=r'has 79 records of this run, by ".*"."datagen_progress", and should have 80'
    ):
        write(database.sink(), [], {"records": 80})


def test_two_processes_do_not_write_the_same_run(database) -> None:
    first, second = database.sink(), database.sink()
    first.open(None)
    second.open(None)
    encoded = first.encode(batch_of(MANY, LAYOUT))
    first.write(encoded)
    with pytest.raises(Undelivered, match="another process writes the records of this run"):
        second.write(encoded)
    first.close()
    second.close()


# The order of tables, and what a batch may hold


def test_random_changes_in_lots_of_any_size_are_never_refused(database) -> None:
    for seed in range(15):
        draw = random.Random(seed)
        database.run(f"DROP TABLE IF EXISTS orders, customers; {TABLES}")
        records, customers, orders = [], {}, {}
        while len(records) < 300:
            number, name = draw.randrange(6), f"o{draw.randrange(8)}"
            if draw.random() < 0.5 and number in customers:
                orders[name] = number
                records.append(order(draw.choice(["insert", "update", "upsert"]), name, number))
            elif draw.random() < 0.5 and name in orders:
                records.append(order("delete", name, orders.pop(name)))
            elif number in customers and number not in orders.values():
                records.append(customer("delete", number))
                del customers[number]
            else:
                customers[number] = f"{number}@{len(records)}"
                records.append(customer("upsert", number, customers[number]))
        write(database.sink(), records, lot=draw.choice([1, 3, 20, 300]))
        assert dict(database.rows("SELECT customer_id, email FROM customers")) == customers
        assert dict(database.rows("SELECT order_id, customer_id FROM orders")) == orders
    assert database.said == []


def test_a_value_that_only_one_may_have_goes_to_another(database) -> None:
    database.run(TABLES)
    records = [customer("insert", 1, "a"), customer("insert", 2, "b"), order("insert", "o", 1)]
    swap = [customer("update", 2, "c"), customer("update", 1, "b"), customer("update", 2, "a")]
    write(database.sink(), records + swap + [customer("insert", 3, "c")])
    assert dict(database.rows("SELECT customer_id, email FROM customers")) == {1: "b", 2: "a", 3: "c"}
    write(database.sink(), [customer("delete", 3), customer("insert", 4, "c")])
    assert dict(database.rows("SELECT customer_id, email FROM customers")) == {1: "b", 2: "a", 4: "c"}
    assert len(database.said) == 1
    assert "in small lots" in database.said[0]


def test_a_run_that_goes_on_keeps_its_operation(database, generate, tmp_path) -> None:
    keys = {"table": f"{SCHEMA}.t", "key": ["n"], "operation": None}
    spec = world(counter("n"))
    options = ["-n", 10, "--state", tmp_path / "state"]
    assert generate(spec, *options, "-t", database.file(tmp_path, **keys)).code == 0
    done = generate(spec, *options, "-t", database.file(tmp_path, **keys | {"operation": "'delete'"}))
    assert (done.code, "belongs to a different run (different: targets or formats)" in done.err) == (2, True)


def test_the_size_of_lots_that_the_database_takes_is_remembered(database, monkeypatch) -> None:
    """Forty rows that take values of one another, each without giving up its own first."""
    database.run(TABLES)
    draw, records, held = random.Random(1), [], dict.fromkeys(range(40))
    while len(records) < 6000:
        number, value = draw.randrange(len(held)), str(draw.randrange(60))
        if value not in held.values():
            held[number] = value
            records.append(customer("update", number, value))
    sizes = []

    def apply(tables: Tables, rows: Rows) -> None:
        sizes.append(len(rows.lines))
        brought(tables, rows)

    brought = Tables.apply
    monkeypatch.setattr(Tables, "apply", apply)
    write(database.sink(), records, lot=500)
    assert min(sizes) < 50
    assert sum(sizes) < 4 * len(records)
    assert database.progress() == len(records)
    assert dict(database.rows("SELECT customer_id, email FROM customers")) == held


def test_what_gives_a_value_up_comes_before_what_takes_it(database) -> None:
    database.run(TABLES)
    write(database.sink(), [customer("insert", 1, "b"), customer("insert", 2, "a")])
    changes = [customer("update", 2), customer("update", 1, "a"), customer("update", 3, "b")]
    write(database.sink(), changes, {"records": 2})
    assert dict(database.rows("SELECT customer_id, email FROM customers")) == {1: "a", 2: None, 3: "b"}
    assert database.said == []


def test_each_lot_is_there_with_its_number_when_a_later_record_is_refused(database) -> None:
    database.run(TABLES)
    swap = [customer("update", 2), customer("update", 1, "b"), customer("update", 1), customer("update", 2, "b")]
    sink = database.sink()
    with pytest.raises(Undelivered, match="violates foreign key") as raised:
        write(sink, [*swap * 50, order("insert", "o", 7), *swap])
    assert (raised.value.records, sink.position()) == (200, {"records": 200})
    assert database.progress() == 200
    write(sink, swap * 2, {"records": 200})
    assert dict(database.rows("SELECT customer_id, email FROM customers")) == {1: None, 2: "b"}


@pytest.mark.parametrize("deed", ["CASCADE", "SET NULL", "SET DEFAULT"])
@pytest.mark.parametrize("referred", ["customers", "orders"])
def test_foreign_keys_that_change_rows_by_themselves_are_refused(database, deed: str, referred: str) -> None:
    key = {"customers": "customer_id bigint", "orders": "order_id text"}[referred].split()[0]
    column = "customer_id" if referred == "customers" else "status"
    database.run(TABLES + "; ALTER TABLE orders ADD status text")
    database.run(f"ALTER TABLE orders ADD FOREIGN KEY ({column}) REFERENCES {referred} ({key}) ON DELETE {deed}")
    message = (
        rf"table .*orders: FOREIGN KEY \({column}\) REFERENCES .* ON DELETE {deed} changes rows of which no record"
    )
    with pytest.raises(Undelivered, match=message) as raised:
        write(database.sink(), [])
    assert raised.value.lasting
    write(database.sink(operation=None), [customer("update", 1)])  # removes nothing


@pytest.mark.parametrize(("constraint", "said"), [("", 1), (" DEFERRABLE", 0)])
def test_keys_that_refer_to_one_another_hold(database, constraint: str, said: int) -> None:
    database.run(TABLES + f"; ALTER TABLE customers ADD best text REFERENCES orders{constraint}")
    layout = Layout(
        {"customers": LAYOUT.emitters["customers"] | {"best": pa.string()}, "orders": LAYOUT.emitters["orders"]}
    )
    records = [
        customer("insert", 1) | {"best": None},
        order("insert", "o", 1),
        customer("update", 1) | {"best": "o"},
        customer("insert", 2) | {"best": "o"},
    ]
    sink = database.sink(layout)
    sink.open(None)
    sink.write(sink.encode(batch_of(records, layout)))
    sink.close()
    assert database.rows("SELECT customer_id, best FROM customers ORDER BY 1") == [(1, "o"), (2, "o")]
    assert len(database.said) == said


def test_the_record_that_is_refused_is_the_one(database) -> None:
    database.run(TABLES)
    records = [customer("insert", 1), order("insert", "a", 1), order("insert", "b", 7), customer("insert", 2)]
    sink = database.sink()
    with pytest.raises(Undelivered, match=r"violates foreign key.*\(customer_id\)=\(7\) is not present") as raised:
        write(sink, records)
    assert (raised.value.records, raised.value.lasting) == (2, True)
    assert sink.position() == {"records": 2}
    assert database.rows("SELECT order_id FROM orders") == [("a",)]
    assert database.rows("SELECT customer_id FROM customers") == [(1,)]
    assert database.rows("SELECT records FROM datagen_progress") == [(2,)]


def test_an_operation_that_is_none_ends_the_run_at_its_record(database) -> None:
    records = [customer("insert", 1), customer("remove", 1), customer("insert", 2)]
    message = r'operation: "remove" is not insert, .* or delete, for the record \{"op":"remove"'
    with pytest.raises(Undelivered, match=message) as raised:
        write(database.sink(), records)
    assert (raised.value.records, raised.value.lasting) == (1, True)
    assert database.rows("SELECT customer_id FROM customers") == [(1,)]


def test_a_name_that_can_be_no_table_ends_the_run_at_its_record(database) -> None:
    records = [customer("insert", 1, "a"), customer("insert", 2, "b" * 70)]
    sink = database.sink(table=SCHEMA + ".{{emitter}}_{{email}}", emitters=["customers"], key=["customer_id", "email"])
    with pytest.raises(Undelivered, match=r"table .* can't be a name in PostgreSQL") as raised:
        write(sink, records)
    assert raised.value.records == 1
    assert database.rows("SELECT customer_id FROM customers_a") == [(1,)]


# Tables by pattern


def test_each_emitter_has_a_table_with_its_own_columns(database, generate, tmp_path) -> None:
    spec = world(states=[state("a", "b", "e"), state("b", "stop", "f")])
    spec["emitters"] = [{"name": "e", "dimensions": [counter("n")]}, {"name": "f", "dimensions": [enum("s", "x")]}]
    to = database.file(tmp_path, mode="append", key=None, operation=None)
    done = generate(spec, "-n", 100, "-t", to)
    assert done.code == 0, done.err
    assert database.rows("SELECT count(n) FROM e UNION ALL SELECT count(s) FROM f") == [(50,), (50,)]
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = 'f'"
    assert database.connection.execute(columns, [SCHEMA]).fetchall() == [("time",), ("s",)]


def test_a_dimension_called_emitter_is_the_one_that_is_meant(database, generate, tmp_path) -> None:
    to = database.file(tmp_path, mode="append", key=None, operation=None)
    done = generate(world(counter("n"), enum("emitter", "x", "y")), "-n", 100, "-t", to)
    assert done.code == 0, done.err
    assert database.rows("SELECT (SELECT count(n) FROM x) + (SELECT count(n) FROM y)") == [(100,)]
    sink = database.sink(
        Layout({"e": {"n": pa.int64(), "emitter": pa.string()}}), mode="append", key=None, operation=None
    )
    assert sum(len(rows) for _, rows in sink.stored()) == 100


def test_a_field_names_the_table(database) -> None:
    table = SCHEMA + ".of_{{email|upper}}"
    records = [customer("insert", 1, "a"), customer("insert", 2, "b"), customer("delete", 1, "a")]
    sink = database.sink(table=table, emitters=["customers"], key=["customer_id", "email"])
    write(sink, records)
    assert database.rows('SELECT customer_id FROM "of_B"') == [(2,)]
    assert database.rows('SELECT customer_id FROM "of_A"') == []
    kept = dict(pair for pairs in sink.kept() for pair in pairs)
    expected = {key: row for key, row in sink.kept_of(sink.encode(batch_of(records, LAYOUT))) if row}
    assert kept.keys() == expected.keys() - {next(key for key in expected if b"of_A" in key)}


def test_no_table_is_read_twice(database) -> None:
    dsn = f"{installed.postgres()}?options=-csearch_path%3D{SCHEMA}"
    records = [customer("insert", number, f"t{number % 2}") for number in range(10)]
    keys = {"dsn": dsn, "mode": "append", "key": None, "operation": None, "emitters": ["customers"]}
    sink = database.sink(table="{{email}}", **keys)
    write(sink, records)
    assert sum(len(rows) for _, rows in sink.stored()) == len(records)


def test_a_table_that_two_emitters_may_have_is_of_the_one_with_its_columns(database) -> None:
    layout = Layout({name: {"n": pa.int64(), "x": pa.string()} for name in ("a", "a_b")})
    layout.emitters["a_b"]["m"] = pa.int64()
    records = [{"emitter": "a", "n": 1, "x": "c"}, {"emitter": "a_b", "n": 2, "x": "c", "m": 3}]
    sink = database.sink(layout, table=SCHEMA + ".{{emitter}}_{{x}}", key=["n", "x"], operation="'upsert'")
    sink.open(None)
    encoded = sink.encode(batch_of(records, layout))
    sink.write(encoded)
    sink.close()
    assert sorted(pair for pairs in sink.kept() for pair in pairs) == sorted(sink.kept_of(encoded))


def test_a_dimension_names_no_other_schema(database) -> None:
    records = [customer("insert", 1, "a"), customer("insert", 2, "public.b")]
    keys = {"mode": "append", "key": None, "operation": None, "emitters": ["customers"]}
    with pytest.raises(Undelivered, match=r'table "public.b" has a dot from a dimension') as raised:
        write(database.sink(table="{{email}}", **keys), [records[1]])
    assert (raised.value.records, raised.value.lasting) == (0, True)


# What is wrong


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"operation": "'remove'"}, 'operation: "remove" is no operation, which is insert, update, upsert or delete'),
        (
            {"operation": "op = 'd' ? 'delet' : 'upsert'"},
            '"delet" is no operation, which is insert, update, upsert or delete; did you mean "delete"?',
        ),
        ({"operation": "coalesce(op, null, 'none')"}, '"none" is no operation'),
        ({"operation": "customer_id + 1"}, 'operation: is never a text for the emitter "customers"'),
        ({"operation": "status"}, 'operation: is never a text for the emitter "customers"'),
        ({"operation": "opp"}, 'operation: no emitter has "opp"; did you mean "op"?'),
        ({"operation": "op ="}, "operation: "),
        ({"mode": "append", "key": None}, '"operation" requires "mode": "upsert", with a "key"'),
        ({"key": {"customers": ["customer_id"]}}, 'key: says nothing of the emitter "orders"'),
        ({"key": {**KEYS, "order": ["x"]}}, 'key: no emitter "order" comes here; did you mean "orders"?'),
        ({"key": {**KEYS, "orders": ["id"]}}, 'key: the emitter "orders" never has "id"'),
        ({"key": {**KEYS, "orders": []}}, "key: must not be empty"),
        ({"key": 5}, "key: must be a list of dimensions, or an object with such a list for each emitter"),
        ({"table": "t"}, 'key: "customers" and "orders" go to the same table, so they need the same key'),
        ({"table": "{{emiter}}"}, '{{emiter}}: no emitter has "emiter"; did you mean "emitter"?'),
        (
            {"table": "{{emitter}}_{{status}}"},
            'table: "status" is no part of the key of the emitter "customers", "orders", so a later change',
        ),
        (
            {"table": "{{emitter}}_{{customer_id}}"},
            'table: "customer_id" is no part of the key of the emitter "orders", so a later change of the same key',
        ),
        ({"table": "a.b.{{emitter}}"}, "table: must be a name or schema.name"),
    ],
)
def test_wrong_keys_are_problems(generate, tmp_path, keys: dict, message: str) -> None:
    target = {"type": "postgres", "dsn": "postgresql://127.0.0.1:1/x", "table": "{{emitter}}", "mode": "upsert"}
    target |= {"key": KEYS, "operation": "op", **keys}
    target = {name: value for name, value in target.items() if value is not None}
    done = generate(SHOP, "-n", 3, "-t", write_json(tmp_path / "to.json", target))
    assert done.code == 2
    assert message in done.err


def test_nothing_is_made_without_create(database) -> None:
    with pytest.raises(Undelivered, match='"datagen_progress" does not exist, and "create" is false: CREATE TABLE'):
        write(database.sink(create=False), MANY)
    assert database.rows("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()") == [(0,)]
