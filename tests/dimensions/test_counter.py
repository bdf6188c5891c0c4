"""The field generator ``counter`` where it begins anew."""

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import counter, enum, integer, records_of, state, uniform, world


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
