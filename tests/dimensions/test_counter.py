"""The field generator ``counter`` where it begins anew."""

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import counter, enum, exponential, integer, records_of, state, uniform, world


def test_a_counter_begins_anew_where_its_reset_is_true() -> None:
    spec = world(enum("first", True, False, weights=[1, 9]), counter("n", start=5, increment=2, reset="first"))
    expected = 3
    for record in records_of(spec, 3000):
        expected = 5 if record["first"] else expected + 2
        assert record["n"] == expected


def test_a_counter_may_begin_anew_with_every_day() -> None:
    spec = world(counter("n", reset="hour(time) = 0"), gap=3600)
    assert [record["n"] for record in records_of(spec, 50)] == [*range(24), *range(24), 0, 1]


def test_a_reset_is_looked_at_where_a_value_is_made() -> None:
    spec = world(integer("i", uniform(0, 9)), counter("n", reset="i = 0", percent_nulls=50))
    expected = -1
    for record in records_of(spec, 2000):
        if record["n"] is not None:
            expected = 0 if record["i"] == 0 else expected + 1
            assert record["n"] == expected


def test_a_variable_that_counts_may_begin_anew() -> None:
    variables = [enum("first", True, False), counter("n", reset="first")]
    shown = [{"name": name, "type": "variable", "variable": name} for name in ("first", "n")]
    expected = -1
    for record in records_of(world(*shown, states=[state("s", variables=variables)]), 500):
        expected = 0 if record["first"] else expected + 1
        assert record["n"] == expected


def test_a_reset_that_is_no_expression_is_told_with_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"dimensions\[0\].reset: must be an expression, which is a text, found 3"):
        datagen.load(world(counter("n", reset=3)))


def test_each_worker_may_count_its_own_values() -> None:
    worker = {"name": "worker", "type": "expression", "value": "worker"}
    counted = counter("n", per="worker", start=10, increment=-1, percent_missing=30)
    states = [state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(2))]
    expected: dict[int, int] = {}
    for record in records_of(world(worker, counted, states=states), 3000):
        if "n" in record:
            expected[record["worker"]] = expected.get(record["worker"], 11) - 1
            assert record["n"] == expected[record["worker"]]
    assert min(expected.values()) < -10


def test_a_worker_counts_the_entries_of_a_state_and_a_life_goes_on_over_windows() -> None:
    states = [
        state("a", "b", None, variables=[counter("round", per="worker")], delay=exponential(1)),
        state("b", "a", delay=exponential(1)),
    ]
    shown = {"name": "round", "type": "variable", "variable": "round"}
    records = records_of(world(shown, states=states, gap=10**9), 200_000, max_workers=1)
    assert [record["round"] for record in records] == [*range(200_000)]


def test_a_counter_of_each_worker_can_t_be_where_there_is_none() -> None:
    pool = {"name": "o", "type": "object", "cardinality": 3, "dimensions": [counter("n", per="worker")]}
    table = {"t": {"size": 2, "columns": [counter("n", per="worker")]}}
    with pytest.raises(
        InvalidInput, match=r"dimensions\[0\].dimensions\[0\].per: can't be in a pool, which is made before"
    ):
        datagen.load(world(pool))
    with pytest.raises(InvalidInput, match=r"tables.t.columns\[0\].per: can't be here: no worker is there yet"):
        datagen.load(world(tables=table))
