"""Rows of tables as records, at the start of a run."""

import json
from pathlib import Path

import pytest

import datagen
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.worlds import START, constant, counter, integer, records_of, run_of, state, uniform, world

PLANS = {"rows": [{"plan": "free"}, {"plan": "paid", "price": 9}], "emit": {"emitter": "plan"}}
CUSTOMERS = {
    "size": 3,
    "columns": [counter("id"), {"name": "plan", "type": "column", "table": "plans", "column": "plan"}],
    "emit": {"emitter": "customer", "time": "since"},
}
ORDERS = {
    "per": {"table": "customers", "count": constant(2)},
    "columns": [{"name": "customer", "type": "expression", "value": "parent.id"}],
    "emit": {"emitter": "order", "time": None},
}
SHOP = world(
    counter("n"),
    states=[state("s", {"s": 0.9, "stop": 0.1}, delay=constant(1))],
    tables={"orders": ORDERS, "plans": PLANS, "customers": CUSTOMERS},
)


def test_rows_come_first_those_that_others_are_made_of_before_them() -> None:
    at = f"{START}.000"
    records = records_of(SHOP, 12)
    assert records[:2] == [{"time": at, "plan": "free", "price": None}, {"time": at, "plan": "paid", "price": 9}]
    assert [(record["since"], record["id"]) for record in records[2:5]] == [(at, 0), (at, 1), (at, 2)]
    assert records[5:11] == [{"customer": number} for number in (0, 0, 1, 1, 2, 2)]
    assert records[11] == {"time": f"{START}.000", "n": 0}


def test_the_records_of_workers_are_those_of_the_spec_without_rows() -> None:
    without = SHOP | {"tables": {name: table | {"emit": None} for name, table in SHOP["tables"].items()}}
    for table in without["tables"].values():
        del table["emit"]
    assert records_of(SHOP, 511)[11:] == records_of(without, 500)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 11, 12])
def test_they_count_for_the_end(count: int) -> None:
    assert records_of(SHOP, count) == records_of(SHOP, 12)[:count]
    run = run_of(SHOP, count)
    assert sum(map(len, run.batches())) == run.emitted == count


def test_they_are_there_in_the_shortest_run_and_count_in_bytes() -> None:
    assert len(records_of(SHOP, duration="0.5S")) == 12
    assert len(records_of(SHOP, bytes=70)) == 2


def test_a_warm_up_comes_before_them() -> None:
    records = records_of(SHOP | {"warm_up": "10S"}, 13)
    assert {record.get("since", f"{START}.000") for record in records[:11]} == {f"{START}.000"}
    assert records[11]["n"] == 0


def test_a_table_of_many_rows_comes_in_batches_each_row_once() -> None:
    many = SHOP["tables"] | {"customers": CUSTOMERS | {"size": 20_000}}
    found = [record["id"] for record in records_of(SHOP | {"tables": many}, 20_002, threads=3)[2:]]
    assert found == list(range(20_000))


def test_a_live_run_sends_them_when_it_starts() -> None:
    clock = SteppingClock(parse_moment(START), 10**9)
    batch = next(run_of(SHOP, 20, clock=clock).batches())
    assert batch.due.tolist() == [0, 0]
    assert (batch.worker < 0).all()


def test_lanes_choose_them_by_emitter_and_ids_tell_them_apart(generate, tmp_path: Path) -> None:
    targets = [
        {"type": "file", "path": f"{tmp_path}/{name}.json", "emitters": [name], "record_id": True}
        for name in ("plan", "order", "e")
    ]
    assert generate(SHOP | {"target": targets}, "-n", 15).code == 0

    def ids(name: str) -> list[str]:
        return [json.loads(line)["record_id"] for line in (tmp_path / f"{name}.json").read_text().splitlines()]

    assert ids("plan") == ["plan-0", "plan-1"]
    assert ids("order") == [f"order-{number}" for number in range(6)]
    assert ids("e") == ["0-0", "0-1", "1-0", "0-2"]


def test_a_continued_run_does_not_send_them_again(generate, tool, tmp_path: Path) -> None:
    spec = SHOP | {"target": {"type": "file", "path": f"{tmp_path}/all.json"}}
    for count in (1, 4, 30, 300):
        assert generate(spec, "-n", count, "--state", tmp_path / "state").code == 0
    found = (tmp_path / "all.json").read_text()
    assert [json.loads(line) for line in found.splitlines()] == records_of(SHOP, 300)
    audit = ("audit", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 300)
    assert "300 expected, 300 found, 0 missing" in tool(*audit).out


def test_a_stage_takes_each_row_by_itself(generate) -> None:
    many = SHOP["tables"] | {"customers": CUSTOMERS | {"size": 2000}}
    target = {"type": "stdout", "emitters": ["customer"], "through": [{"type": "drop", "share": 0.5}]}
    found = generate(SHOP | {"tables": many, "target": target}, "-n", 2002).records
    assert 900 < len(found) < 1100


def test_types_and_explain_know_them(tool, generate, tmp_path: Path) -> None:
    generate(SHOP, "--check")
    lines = tool("types", tmp_path / "spec.json").lines
    assert [line for line in lines if not line.startswith(" ")] == ["plan", "customer", "order", "e"]
    found = tool("explain", tmp_path / "spec.json", "-r", "1H").out
    assert "at start   6 of order, 2 of plan, 3 of customer: rows of tables, which count in no other line" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emitter": "e"}, 'tables.plans.emit.emitter: there is an emitter "e" already'),
        ({"emitter": "customer"}, 'emit.emitter: there is an emitter "customer" already'),
        ({"emitter": "plan", "time": "price"}, 'tables.plans.emit.time: there is a column "price" already'),
        ({"emiter": "plan"}, 'unknown key "emiter"; did you mean "emitter"?'),
    ],
)
def test_what_can_not_be_is_said(change: dict, message: str) -> None:
    spec = SHOP | {"tables": SHOP["tables"] | {"plans": PLANS | {"emit": change}}}
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(spec)
    assert message in str(caught.value)


def test_rows_are_picked_and_not_looked_up() -> None:
    spec = SHOP | {"emitters": [{"name": "e", "dimensions": [{"name": "c", "type": "lookup", "emitter": "customer"}]}]}
    spec["emitters"][0]["dimensions"][0]["dimension"] = "id"
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(spec)
    assert 'the records of "customer" are rows of a table; pick from it with `row` or `column`' in str(caught.value)


def test_a_table_whose_rows_are_records_is_used() -> None:
    spec = world(
        counter("n"), tables={"t": {"size": 2, "columns": [integer("x", uniform(0, 9))], "emit": {"emitter": "t"}}}
    )
    assert datagen.load(spec).warnings == ()
