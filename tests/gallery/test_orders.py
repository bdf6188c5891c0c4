"""The gallery's orders: as a stream of changes, and as rows of a database that has foreign keys."""

import json
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import datagen
from tests.servers import installed
from tests.worlds import ROOT

SPEC = ROOT / "conf/gen/orders.json"
KEYS = {
    "customers": ["customer_id"],
    "orders": ["order_id"],
    "lines": ["order_id", "line_no"],
    "payments": ["payment_id"],
    "shipments": ["shipment_id"],
}
REFERENCES = {"orders": "customers", "lines": "orders", "payments": "orders", "shipments": "orders"}
TABLES = """
CREATE TABLE customers (customer_id bigint PRIMARY KEY, first_name text NOT NULL, email text NOT NULL, city text NOT NULL);
CREATE TABLE orders (order_id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
    status text NOT NULL, total_cents bigint NOT NULL);
CREATE TABLE lines (order_id bigint REFERENCES orders, line_no integer, product text NOT NULL, quantity integer NOT NULL,
    unit_cents bigint NOT NULL, PRIMARY KEY (order_id, line_no));
CREATE TABLE payments (payment_id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, method text NOT NULL,
    amount_cents bigint NOT NULL, status text NOT NULL);
CREATE TABLE shipments (shipment_id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, carrier text NOT NULL,
    status text NOT NULL)
"""  # noqa: E501
START, RECORDS, MANY = "2024-01-15T00:00:00", 1_000_000, 100_000  # those of the database

Ask = Callable[[str], list[tuple[Any, ...]]]


def key_of(table: str, row: str = "row") -> str:
    return " || '|' || ".join(f"({row}->>'{name}')" for name in KEYS[table])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "changes.jsonl"
    datagen.run(SPEC, {"type": "file", "path": str(path)}, start=START, records=RECORDS, seed=7)
    return path


@pytest.fixture(scope="module")
def ask(path: Path) -> Ask:
    """Answer a question in SQL about the table ``r``: of each change its place, table, key, op, and both images."""
    base = duckdb.connect()
    base.execute(
        f"""create table raw as select row_number() over () place, * from read_json('{path}', columns = {{
            before: 'JSON', after: 'JSON', source: 'STRUCT("table" VARCHAR)', op: 'VARCHAR', ts_ms: 'BIGINT'}})"""
    )
    image = "case when op = 'd' then before else after end"
    keys = " ".join(f"when '{table}' then {key_of(table)}" for table in KEYS)
    base.execute(
        f"""create table r as select *, case name {keys} end as id from (
            select place, source."table" as name, op, ts_ms, nullif(before, 'null') as before,
                nullif(after, 'null') as after, {image} as row from raw)"""
    )
    return lambda question: base.execute(question).fetchall()


def test_every_kind_of_change_happens(ask) -> None:
    found = {name: set(ops) for name, ops in ask("select name, list(distinct op) from r group by 1")}
    always = {"c", "u"}
    assert found == {name: always | ({"d"} if name in ("customers", "orders", "lines") else set()) for name in KEYS}
    assert ask("select count(*) from r where (before is null) != (op = 'c') or (after is null) != (op = 'd')") == [(0,)]


def test_before_is_what_was_there_and_nothing_changes_that_is_not_there(ask) -> None:
    [(wrong, many)] = ask(
        """with known as (select *, lag(after) over (partition by name, id order by place) as last from r)
        select count(*) filter (before is distinct from last), count(*) filter (last is not null) from known"""
    )
    assert wrong == 0 < many


@pytest.mark.parametrize(("name", "other"), REFERENCES.items())
def test_no_reference_ever_dangles(ask, name: str, other: str) -> None:
    """After each record: a row is there from its insert to its delete, and within that of the row that it refers to."""
    [(wrong, many)] = ask(
        f"""with lives as (
            select name, id, min(place) filter (op = 'c') begins, coalesce(min(place) filter (op = 'd'), 1e12) ends,
                any_value(row->>'{KEYS[other][0]}') other, count(*) filter (op = 'c') times
            from r group by 1, 2)
        select count(*) filter (own.times != 1 or to_.begins is null or to_.begins > own.begins or to_.ends < own.ends),
            count(*)
        from lives own left join lives to_ on to_.name = '{other}' and to_.id = own.other where own.name = '{name}'"""
    )
    assert wrong == 0 < many


def test_totals_are_the_sums_of_lines_and_payments_are_of_totals(ask) -> None:
    last = "last as (select name, id, arg_max(row, place) row from r group by 1, 2 having arg_max(op, place) != 'd')"
    [(wrong, many)] = ask(
        f"""with {last}, sums as (
            select (row->>'order_id') id, sum((row->>'quantity')::int * (row->>'unit_cents')::int) total
            from last where name = 'lines' group by 1)
        select count(*) filter (total is distinct from (row->>'total_cents')::int), count(*)
        from last left join sums using (id) where name = 'orders' and (row->>'status') != 'cart'"""
    )
    assert wrong == 0 < many
    [(wrong, many)] = ask(
        f"""with {last} select count(*) filter ((pay.row->>'amount_cents') != (own.row->>'total_cents')), count(*)
        from last pay join last own on own.name = 'orders' and own.id = (pay.row->>'order_id')
        where pay.name = 'payments'"""
    )
    assert wrong == 0 < many


def test_what_was_shipped_is_paid(ask) -> None:
    [(shipped, unpaid)] = ask(
        """with seen as (select row->>'order_id' id, list(row->>'status' order by place) states from r
            where name = 'orders' group by 1)
        select count(*), count(*) filter (list_position(states, 'paid') is null
            or list_position(states, 'paid') > list_position(states, 'shipped'))
        from seen where list_contains(states, 'shipped')"""
    )
    assert unpaid == 0 < shipped


@pytest.fixture
def database() -> Iterator[psycopg.Connection]:
    """A connection to a schema of the test's own, with the tables."""
    schema = f"orders_{os.getpid()}"
    with psycopg.connect(installed.postgres(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {TABLES}")
        yield connection
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


def test_a_database_with_foreign_keys_has_the_last_state_of_each_key(database, path, tool, tmp_path) -> None:
    [(schema,)] = database.execute("SELECT current_schema()").fetchall()
    target = {"type": "postgres", "dsn": installed.postgres(), "table": schema + ".{{emitter}}", "mode": "upsert"}
    target |= {"key": KEYS, "operation": "op = 'd' ? 'delete' : 'upsert'"}
    rows = {"envelope": False, "rows": True}
    datagen.run(datagen.load(SPEC, parameters=rows), target, start=START, records=MANY, seed=7)
    left: dict[str, dict[tuple, dict]] = {table: {} for table in KEYS}
    with path.open(encoding="utf-8") as file:
        changes = [json.loads(line) for line in islice(file, MANY)]
    for change in changes:
        table = change["source"]["table"]
        row = change["after"] or change["before"]
        left[table][tuple(row[name] for name in KEYS[table])] = change["after"]
    for table, names in KEYS.items():
        found = [row for (row,) in database.execute(f"SELECT to_jsonb(t) FROM {table} t").fetchall()]
        expected = {key: row for key, row in left[table].items() if row is not None}
        assert {tuple(row[name] for name in names): row for row in found} == expected
    (tmp_path / "to.json").write_text(json.dumps(target))
    sets = ["--set", "envelope=false", "--set", "rows=true"]
    done = tool("audit", "-c", SPEC, "-t", tmp_path / "to.json", "-n", MANY, "-s", START, "--seed", 7, *sets)
    assert done.code == 0, done.out + done.err
    assert "0 missing, 0 with another record, 0 not deleted, 0 not of this run" in done.out
