"""The field generators ``map`` and ``partition``: objects of drawn keys, and lists that add up to a total."""

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput
from tests.worlds import MISSING, constant, counter, enum, integer, records_of, uniform, values_of, world

SIZE = 3000
KEY, VALUE = enum("key", "a", "b"), enum("value", 1)


def mapping(length: int | dict, keys: dict = KEY, values: dict = VALUE, **others: object) -> dict:
    length = length if isinstance(length, dict) else constant(length)
    return {"name": "v", "type": "map", "keys": keys, "values": values, "length_distribution": length, **others}


def partition(total: str, parts: int | dict, **keys: object) -> dict:
    parts = parts if isinstance(parts, dict) else constant(parts)
    return {"name": "v", "type": "partition", "total": total, "parts": parts, **keys}


def test_a_map_has_drawn_keys_each_once() -> None:
    found = Counter(tuple(value) for value in values_of(mapping(2), SIZE))
    expected = {("a",): 1, ("b",): 1, ("a", "b"): 1, ("b", "a"): 1}
    assert found.keys() == expected.keys()
    assert stats.chisquare(list(found.values())).pvalue > 1e-4


def test_the_first_value_of_a_key_stays() -> None:
    keys = enum("key", "only")
    found = values_of(mapping(3, keys, counter("value")), 4)
    assert found == [{"only": 0}, {"only": 3}, {"only": 6}, {"only": 9}]


def test_a_map_has_as_many_keys_as_are_drawn_where_they_differ() -> None:
    found = values_of(mapping(uniform(0, 3), {"name": "key", "type": "uuid"}), SIZE)
    assert stats.chisquare(list(Counter(map(len, found)).values())).pvalue > 1e-4
    assert {len(value) for value in found} == {0, 1, 2, 3}


def test_keys_are_texts_whatever_they_are_made_of() -> None:
    found = {key for value in values_of(mapping(2, enum("key", 1, 0.5, True, 'é"', [1]))) for key in value}
    assert found == {"1", "0.5", "true", 'é"', "[1]"}


def test_what_has_no_key_or_no_value_is_left_out() -> None:
    keys = enum("key", "a", None, percent_missing=30)
    values = enum("value", "x", None, percent_missing=30)
    found = Counter(str(value) for value in values_of(mapping(1, keys, values), SIZE))
    assert set(found) == {"{}", "{'a': 'x'}", "{'a': None}"}
    share = 0.7 * 0.5 * 0.7  # of those that have a key that is not null, and a value
    assert stats.binomtest(SIZE - found["{}"], SIZE, share).pvalue > 1e-4


def test_a_map_may_be_missing_null_or_from_a_pool() -> None:
    found = values_of(
        mapping(3, integer("key", uniform(1, 99)), percent_missing=20, percent_nulls=20, cardinality=4), 500
    )
    assert MISSING in found
    assert None in found
    assert len({str(value) for value in found if value not in (MISSING, None)}) == 4


def test_values_in_a_map_may_nest() -> None:
    inner = mapping(1, enum("key", "k"), enum("value", [1])) | {"name": "value"}
    assert values_of(mapping(1, enum("key", "o"), inner), 1) == [{"o": {"k": [1]}}]


@pytest.mark.parametrize(
    ("total", "precision"), [("100", 0), ("99.99", 2), ("0.3", 1), ("1e9", 6), ("0", 2), ("0.1 + 0.2", 15)]
)
def test_parts_add_up_to_the_total_exactly(total: str, precision: int) -> None:
    whole = round(Decimal(eval(total)), precision)
    for parts in values_of(partition(total, uniform(1, 6), precision=precision), 500):
        assert sum(Decimal(repr(part)) for part in parts) == whole
        assert min(parts) >= 0
        assert {type(part) for part in parts} == {float if precision else int}


def test_each_cut_is_equally_likely() -> None:
    found = Counter(parts[0] for parts in values_of(partition("9", 2), SIZE))
    assert set(found) == set(range(10))
    assert stats.chisquare(list(found.values())).pvalue > 1e-4


def test_every_part_is_as_large_on_average() -> None:
    found = np.array(values_of(partition("1000", 4), SIZE))
    assert found.mean(axis=0) == pytest.approx([250] * 4, abs=4 * 194 / SIZE**0.5)  # deviation of Beta(1, 3): 0.194


def test_no_part_is_below_the_least_and_there_are_fewer_where_the_total_is_small() -> None:
    spec = world(integer("n", uniform(-5, 30)), partition("n", 4, least=5))
    for record in records_of(spec, 500):
        total, parts = record["n"], record["v"]
        assert sum(parts) == total
        assert len(parts) == min(max(total // 5, 1), 4)
        assert len(parts) == 1 or min(parts) >= 5


@pytest.mark.parametrize("total", ["null", "1e300", "n"])
def test_without_a_number_that_is_known_exactly_there_is_no_list(total: str) -> None:
    spec = world(integer("n", uniform(1, 2), percent_nulls=100), partition(total, 3))
    assert [record["v"] for record in records_of(spec, 3)] == [None] * 3


@pytest.mark.parametrize(
    ("dimension", "problem"),
    [
        (partition("'x'", 3), "total: is no number"),
        (partition("nobody", 3), "total: "),
        (partition("1 +", 3), "total: "),
        (partition("1", 3, least=-1), "least: must be greater than or equal to 0, found -1"),
        (partition("1", 3, precision=16), "precision: must be less than or equal to 15, found 16"),
        (mapping(1, values={"name": "x", "type": "nothing"}), 'values.type: unknown dimension type "nothing"'),
        (mapping(1) | {"keys": 3}, "keys: must be an object with a type, found 3"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(dimension: dict, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        records_of(world(dimension), 1)
    [found] = caught.value.problems
    assert f"{found.path}: {found.message}".startswith(f"emitters[0].dimensions[0].{problem}")


def test_a_variable_in_a_map_must_be_set_somewhere() -> None:
    reading = {"name": "value", "type": "variable", "variable": "w"}
    with pytest.raises(InvalidInput, match=r"dimensions\[0\].values.*\"w\" is set in no state"):
        datagen.load(world(mapping(1, values=reading)))
