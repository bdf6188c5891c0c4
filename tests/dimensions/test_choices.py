"""Field generators that choose: bool, constant, enum with weights, one_of, and a list of each element once."""

import json
from collections import Counter

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen import draw
from datagen.plugin.choice import Choice
from datagen.problems import InvalidInput
from tests.worlds import MISSING, constant, counter, enum, read, records_of, state, values_of, world

SIZE = 10_000
NUMBER, TEXT = enum("a", 1), enum("b", "x")


def one_of(*of: dict, **keys: object) -> dict:
    return {"name": "v", "type": "one_of", "of": list(of), **keys}


def each(*elements: dict, **keys: object) -> dict:
    return {"name": "v", "type": "list", "elements": list(elements), **keys}


def problems_of(dimension: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(dimension))
    return [f"{problem.path}: {problem.message}".removeprefix("emitters[0].") for problem in caught.value.problems]


@pytest.mark.parametrize("probability", [0, 0.001, 0.3, 0.5, 1])
def test_a_bool_is_true_as_often_as_it_says(probability: float) -> None:
    found = values_of({"name": "v", "type": "bool", "probability": probability}, SIZE)
    assert {type(value) for value in found} == {bool}
    assert stats.binomtest(sum(found), SIZE, probability).pvalue > 1e-4


def test_a_bool_is_true_half_of_the_time_unless_told_otherwise() -> None:
    assert stats.binomtest(sum(values_of({"name": "v", "type": "bool"}, SIZE)), SIZE).pvalue > 1e-4


@pytest.mark.parametrize("value", [0, 1.0, "é", "", True, None, [1, [None]], {"a": {"b": 1.5}}, 2**70])
def test_a_constant_is_its_value_with_its_json_type(value: object) -> None:
    [found] = {json.dumps(made) for made in values_of({"name": "v", "type": "constant", "value": value}, 20)}
    assert found == json.dumps(value)


@pytest.mark.parametrize("weights", [[7, 2, 1], [1, 1, 1], [1e-9, 1, 3], [0.1, 0.2, 0.7]])
def test_an_enum_takes_its_values_by_their_weights(weights: list[float]) -> None:
    found = Counter(values_of(enum("v", *"abc", weights=weights), SIZE))
    expected = np.array(weights) / sum(weights) * SIZE
    likely = expected > 1
    assert stats.chisquare(np.array([found[value] for value in "abc"])[likely], expected[likely]).pvalue > 1e-4


@pytest.mark.parametrize("weights", [[0, 1, 0], [0, 0, 5], [1e-300, 0, 1e300]])
def test_a_value_of_weight_0_never_comes(weights: list[float]) -> None:
    found = set(values_of(enum("v", 0, 1, 2, weights=weights), 2000))
    assert found == {int(np.argmax(weights))}


@pytest.mark.parametrize("size", [2, 3, 255, 256, 5000])
def test_of_very_many_each_has_its_weight(size: int) -> None:
    weights = np.arange(1.0, size + 1)
    rows = draw.worker_keys(1, np.arange(200_000))
    chosen = Choice(size, tuple(weights)).of(rows, np.uint64(5))
    expected = np.searchsorted(np.cumsum(weights) / weights.sum(), draw.unit(draw.bits(rows, np.uint64(5))), "right")
    assert np.array_equal(chosen, expected)


def test_one_of_makes_what_the_chosen_one_makes() -> None:
    dimension = one_of(NUMBER, TEXT, each(TEXT) | {"name": "c"}, weights=[7, 2, 1])
    found = Counter(map(json.dumps, values_of(dimension, SIZE)))
    assert stats.chisquare([found["1"], found['"x"'], found['["x"]']], [7000, 2000, 1000]).pvalue > 1e-4


def test_one_of_is_missing_or_null_where_the_chosen_one_is() -> None:
    gaps = [enum("a", 1, percent_missing=100), enum("b", 1, percent_nulls=100)]
    found = Counter(values_of(one_of(*gaps, enum("c", 1)), 900))
    assert set(found) == {MISSING, None, 1}
    assert min(found.values()) > 200


def test_one_of_counts_and_reads_only_where_it_is_chosen() -> None:
    spec = world(one_of(read("w"), counter("n")), states=[state("s", variables=[enum("w", "known")])])
    found = [record["v"] for record in records_of(spec, 500)]
    assert [value for value in found if value != "known"] == list(range(500 - found.count("known")))


def test_a_new_one_leaves_the_draws_of_the_others_as_they_were() -> None:
    wide = [enum(name, *range(1000)) for name in "abc"]
    before = values_of(one_of(*wide[:2], weights=[1, 1]), 300)
    after = values_of(one_of(*wide, weights=[1, 1, 1e-300]), 300)
    assert before == after


def test_a_list_without_distributions_has_each_element_once_in_order() -> None:
    assert values_of(each(NUMBER, TEXT, counter("c")), 3) == [[1, "x", 0], [1, "x", 1], [1, "x", 2]]


def test_a_missing_element_of_such_a_list_leaves_no_place() -> None:
    found = Counter(map(str, values_of(each(NUMBER, enum("b", "x", percent_missing=50)), 400)))
    assert set(found) == {"[1, 'x']", "[1]"}


def test_another_order_of_the_elements_leaves_their_draws() -> None:
    wide = [enum(name, *range(1000)) for name in "abc"]
    before, after = values_of(each(*wide), 50), values_of(each(*wide[::-1]), 50)
    assert before == [values[::-1] for values in after]


@pytest.mark.parametrize(
    ("dimension", "problem"),
    [
        (enum("v", 1, 2, weights=[1]), "weights: must be one for each of the 2 values, found 1"),
        (enum("v", 1, 2, weights=[0, 0]), "weights: must not all be 0"),
        (enum("v", 1, 2, weights=[1, -1]), "weights[1]: must be greater than or equal to 0, found -1"),
        (enum("v", 1, 2, weights=[1, True]), "weights[1]: must be a valid number, found true"),
        (
            enum("v", 1, 2, weights=[1, 1], cardinality_distribution=constant(1)),
            'weights: can\'t stand beside a "cardinality_distribution"',
        ),
        (one_of(NUMBER, weights=[1, 2]), "weights: must be one for each of the 1 field generators, found 2"),
        (one_of(), "of: must not be empty"),
        (one_of(NUMBER, NUMBER), 'of[1].name: the name "a" is taken already; names must be unique'),
        ({"name": "v", "type": "bool", "probability": 1.5}, "probability: must be less than or equal to 1, found 1.5"),
        ({"name": "v", "type": "constant"}, 'value: "value" is required'),
        (
            each(NUMBER, selection_distribution=constant(0)),
            '"length_distribution" is required with a "selection_distribution"',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(dimension: dict, problem: str) -> None:
    [found] = problems_of(dimension)
    assert found.removeprefix("dimensions[0].").removeprefix("dimensions[0]: ") == problem
