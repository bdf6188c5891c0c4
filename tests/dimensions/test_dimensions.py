"""Field generators: every key of every type, gaps, pools, nesting."""

import json
import math
from collections import Counter
from time import process_time

import pytest
from scipy import stats

import datagen
from tests.worlds import (
    MISSING,
    constant,
    counter,
    enum,
    exponential,
    integer,
    normal,
    records_of,
    state,
    uniform,
    values_of,
    world,
)

WIDE = uniform(0, 10**12)


def floating(distribution: dict, **keys: object) -> dict:
    return {"name": "v", "type": "float", "distribution": distribution, **keys}


def string(length: dict, **keys: object) -> dict:
    return {"name": "v", "type": "string", "length_distribution": length, **keys}


def object_(*dimensions: dict, **keys: object) -> dict:
    return {"name": "v", "type": "object", "dimensions": list(dimensions), **keys}


def list_(length: int | dict, *elements: dict, **keys: object) -> dict:
    length = length if isinstance(length, dict) else constant(length)
    return {"name": "v", "type": "list", "elements": list(elements), "length_distribution": length, **keys}


GENERATORS = {
    "enum": enum("v", 1, "x"),
    "int": integer("v", WIDE),
    "float": floating(uniform(0, 1)),
    "string": string(constant(5)),
    "timestamp": {"name": "v", "type": "timestamp", "distribution": uniform("2000-01-01", "2020-01-01")},
    "ipaddress": {"name": "v", "type": "ipaddress", "distribution": uniform(0, 2**32 - 1)},
    "counter": counter("v"),
    "object": object_(integer("i", WIDE)),
    "list": list_(2, integer("i", WIDE)),
}
POOLED = [kind for kind in GENERATORS if kind not in ("enum", "counter")]


def key(value: object) -> str:
    return json.dumps(value)


# Each type


def test_an_enum_without_a_picker_takes_each_value_equally_often() -> None:
    found = Counter(values_of(enum("v", *"abcd"), 8000))
    assert stats.chisquare(list(found.values())).pvalue > 1e-4
    assert set(found) == set("abcd")


def test_an_enum_may_list_a_value_twice() -> None:
    assert values_of(enum("v", "a", "a", "b"), 6000).count("a") == pytest.approx(4000, abs=150)


@pytest.mark.parametrize(
    ("precision", "value", "expected"),
    [
        (0, 2.7, 3.0),
        (1, 2.74, 2.7),
        (2, -2.746, -2.75),
        (3, 1234567.89012, 1234567.89),
        (6, 1 / 3, 0.333333),
        (15, 0.1, 0.1),
        (2, 1e300, 1e300),
        (0, -0.2, 0.0),
    ],
)
def test_a_float_is_rounded_to_its_precision(precision: int, value: float, expected: float) -> None:
    found = values_of(floating(constant(value), precision=precision), 3)
    assert found == [expected] * 3
    assert math.copysign(1, found[0]) == (1 if expected >= 0 else -1)  # no -0.0


@pytest.mark.parametrize("precision", [0, 1, 2, 5])
def test_a_rounded_float_prints_no_more_digits(generate, precision: int) -> None:
    outcome = generate(world(floating(normal(0, 1000), precision=precision)), "-n", 500)
    digits = [len(line.rpartition(":")[2].rstrip("}").partition(".")[2]) for line in outcome.lines]
    assert max(digits) == max(precision, 1)


def test_a_float_without_precision_has_all_its_digits() -> None:
    assert sum(len(repr(value)) >= 17 for value in values_of(floating(uniform(0, 1)), 200)) > 150


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"start": 10}, [10, 11, 12, 13]),
        ({"increment": 5}, [0, 5, 10, 15]),
        ({"start": 3, "increment": -2}, [3, 1, -1, -3]),
        ({"start": -1, "increment": 0}, [-1, -1, -1, -1]),
        ({"start": 2**62}, [2**62, 2**62 + 1, 2**62 + 2, 2**62 + 3]),
    ],
)
def test_a_counter_counts_on(keys: dict, expected: list[int]) -> None:
    assert values_of(counter("v", **keys), 4) == expected


def test_a_counter_counts_over_all_workers_in_time_order() -> None:
    spec = world(counter("v"), states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(2))], gap=0.3)
    assert [record["v"] for record in records_of(spec, 20_000)] == list(range(20_000))


@pytest.mark.parametrize(
    "keys", [{"percent_missing": 40}, {"percent_nulls": 40}, {"percent_missing": 30, "percent_nulls": 30}]
)
def test_a_counter_is_not_moved_on_by_a_missing_or_null_value(keys: dict) -> None:
    found = [value for value in values_of(counter("v", **keys), 2000) if value not in (MISSING, None)]
    assert found == list(range(len(found)))
    assert 800 < len(found) < 1400


def test_every_counter_counts_for_itself() -> None:
    spec = world(counter("a"), counter("b", start=5), object_(counter("a"), name="o"), list_(2, counter("a"), name="l"))
    records = records_of(spec, 3)
    assert [(r["a"], r["b"], r["o"], r["l"]) for r in records] == [
        (n, n + 5, {"a": n}, [2 * n, 2 * n + 1]) for n in range(3)
    ]


def test_a_counter_inside_a_missing_object_is_not_moved_on() -> None:
    found = [value["n"] for value in values_of(object_(counter("n"), percent_missing=50), 1000) if value is not MISSING]
    assert found == list(range(len(found)))


def test_an_object_holds_its_dimensions_in_their_order() -> None:
    value = values_of(object_(enum("z", 1), object_(enum("b", 2), enum("a", 3), name="in"), enum("c", None)), 1)[0]
    assert json.dumps(value) == '{"z": 1, "in": {"b": 2, "a": 3}, "c": null}'


def test_a_key_of_an_object_may_be_missing_or_null() -> None:
    found = Counter(map(key, values_of(object_(enum("a", 1, percent_missing=50), enum("b", 2, percent_nulls=50)), 400)))
    assert set(found) == {'{"a": 1, "b": 2}', '{"a": 1, "b": null}', '{"b": 2}', '{"b": null}'}
    assert min(found.values()) > 60


def test_an_object_of_missing_keys_is_an_empty_object() -> None:
    assert values_of(object_(enum("a", 1, percent_missing=100)), 2) == [{}, {}]


def test_a_list_prints_values_and_no_names() -> None:
    assert values_of(list_(3, enum("x", 5)), 1) == [[5, 5, 5]]


def test_a_missing_element_leaves_no_place_and_a_null_one_does() -> None:
    found = values_of(list_(4, enum("x", 1, percent_missing=50, percent_nulls=50)), 2000)
    assert {value for values in found for value in values} == {1, None}
    assert {len(values) for values in found} == {0, 1, 2, 3, 4}
    assert sum(map(len, found)) == pytest.approx(4000, abs=4 * math.sqrt(8000 * 0.25))


def test_the_element_is_drawn_for_every_place() -> None:
    found = values_of(list_(2, enum("x", "x"), enum("y", "y"), selection_distribution=uniform(0, 1)), 4000)
    assert stats.chisquare(list(Counter(map(tuple, found)).values())).pvalue > 1e-4
    assert len(set(map(tuple, found))) == 4


def test_the_places_of_a_list_are_independent_draws() -> None:
    found = values_of(list_(3, integer("i", WIDE)), 500)
    assert len({value for values in found for value in values}) == 1500


def test_a_list_holds_elements_of_different_types() -> None:
    elements = [
        enum("a", 1),
        enum("b", "x"),
        object_(enum("k", None), name="o"),
        list_(1, enum("d", 0.5)),
        enum("f", True),
    ]
    found = {key(value) for values in values_of(list_(3, *elements), 300) for value in values}
    assert found == {"1", '"x"', '{"k": null}', "[0.5]", "true"}


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_objects_and_lists_nest(depth: int) -> None:
    dimension, expected = enum("x", 7), 7
    for _ in range(depth):
        dimension = list_(1, {**object_(dimension), "name": "x"}, name="x")
        expected = [{"x": expected}]
    assert records_of(world(dimension), 1)[0]["x"] == expected


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("spelled", [str.upper, str.title])
def test_the_type_of_a_generator_is_matched_without_regard_to_case(kind: str, spelled) -> None:
    dimension = GENERATORS[kind]
    assert values_of(dimension | {"type": spelled(kind)}, 20) == values_of(dimension, 20)


# Missing and null


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize(
    ("missing", "null"), [(0, 0), (100, 0), (0, 100), (100, 100), (25, 0), (0, 25), (40, 50), (12.5, 62.5)]
)
def test_missing_and_null_have_their_shares(kind: str, missing: float, null: float) -> None:
    size = 1600
    found = values_of(GENERATORS[kind] | {"percent_missing": missing, "percent_nulls": null}, size)
    expected_missing = missing / 100
    expected_null = (1 - expected_missing) * null / 100  # drawn among the values that are not missing
    for share, expected in ((found.count(MISSING), expected_missing), (found.count(None), expected_null)):
        assert share / size == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / size))


@pytest.mark.parametrize("kind", POOLED)
def test_a_picked_value_may_be_missing_or_null_too(kind: str) -> None:
    keys = {"cardinality": 3, "cardinality_distribution": uniform(0, 2), "percent_missing": 30, "percent_nulls": 30}
    found = values_of(GENERATORS[kind] | keys, 400)
    assert 0.15 < found.count(MISSING) / 400 < 0.45
    assert 0.1 < found.count(None) / 400 < 0.35
    assert len({key(value) for value in found if value not in (MISSING, None)}) == 3


# Pools


@pytest.mark.parametrize("kind", POOLED)
@pytest.mark.parametrize("size", [1, 2, 40])
def test_a_pool_has_exactly_its_number_of_different_values(kind: str, size: int) -> None:
    dimension = GENERATORS[kind] | {"cardinality": size, "cardinality_distribution": uniform(0, size - 1)}
    found = Counter(map(key, values_of(dimension, 2000)))
    assert len(found) == size
    assert size == 1 or stats.chisquare(list(found.values())).pvalue > 1e-4


@pytest.mark.parametrize("kind", POOLED)
def test_a_cardinality_of_0_means_fresh_values(kind: str) -> None:
    dimension = GENERATORS[kind]
    assert values_of(dimension | {"cardinality": 0}, 50) == values_of(dimension, 50)
    assert len(set(map(key, values_of(dimension, 50)))) > 45


@pytest.mark.parametrize("kind", ["object", "list"])
def test_a_pool_of_objects_or_lists_is_picked_from_uniformly_by_default(kind: str) -> None:
    found = Counter(map(key, values_of(GENERATORS[kind] | {"cardinality": 8}, 4000)))
    assert len(found) == 8
    assert stats.chisquare(list(found.values())).pvalue > 1e-4


@pytest.mark.parametrize("kind", [kind for kind in POOLED if kind not in ("object", "list")])
def test_a_picker_is_required_with_a_cardinality(kind: str) -> None:
    with pytest.raises(datagen.InvalidInput, match=r"cardinality_distribution.* is required"):
        datagen.load(world(GENERATORS[kind] | {"cardinality": 8}))


@pytest.mark.parametrize("kind", ["enum", "counter", "variable"])
def test_enum_counter_and_variable_have_no_cardinality(kind: str) -> None:
    dimension = GENERATORS.get(kind) or {"name": "v", "type": "variable", "variable": "w"}
    with pytest.raises(datagen.InvalidInput, match='unknown key "cardinality"'):
        datagen.load(world(dimension | {"cardinality": 8}))


@pytest.mark.parametrize("around", ["object", "list", "variable", "element of a pool"])
def test_a_pool_may_stand_anywhere(around: str) -> None:
    pool = integer("i", WIDE, cardinality=5, cardinality_distribution=uniform(0, 4))
    states = [state("s", variables=[pool])] if around == "variable" else None
    dimension = {
        "object": object_(pool),
        "list": list_(1, pool),
        "variable": {"name": "v", "type": "variable", "variable": "i"},
        "element of a pool": object_(pool, cardinality=3),
    }[around]
    found = {key(record["v"]) for record in records_of(world(dimension, states=states), 500)}
    assert len(found) == (3 if around == "element of a pool" else 5)


def test_the_pool_of_a_seed_is_another_one_than_that_of_another_seed() -> None:
    pool = integer("v", WIDE, cardinality=5, cardinality_distribution=uniform(0, 4))
    pools = [frozenset(values_of(pool, 100, seed=seed)) for seed in (1, 2, 1)]
    assert pools[0] == pools[2] != pools[1]


@pytest.mark.parametrize(
    ("dimension", "wanted", "possible"),
    [
        (integer("v", uniform(1, 6)), 7, 6),
        (integer("v", constant(4)), 2, 1),
        (integer("v", uniform(1, 1000)), 10_000, 1000),
        (string(constant(1), chars="abc"), 4, 3),
        (string(uniform(0, 1), chars="ab"), 10, 3),
        (string(constant(0)), 2, 1),
        (floating(uniform(0, 1), precision=1), 100, 11),
        (object_(enum("x", 1, 2)), 3, 2),
        (object_(enum("x", 1, 2, percent_missing=50, percent_nulls=50)), 50, 4),
        (list_(2, enum("x", 1, 2)), 5, 4),
        ({"name": "v", "type": "ipaddress", "distribution": uniform(0, 255)}, 10_000_000, 256),
        ({"name": "v", "type": "timestamp", "distribution": constant("2020-01-01")}, 2, 1),
    ],
)
def test_a_pool_that_cannot_be_filled_is_refused_with_its_count(dimension: dict, wanted: int, possible: int) -> None:
    pool = dimension | {"cardinality": wanted, "cardinality_distribution": constant(0)}
    began = process_time()  # of processors: others may use this machine meanwhile
    with pytest.raises(datagen.InvalidInput) as caught:
        records_of(world(pool), 1)
    assert process_time() - began < 5  # start-up never hangs
    message = str(caught.value)
    assert f"could make only {possible} different values for a cardinality of {wanted}" in message
    assert "emitters[0].dimensions[0].cardinality" in message


@pytest.mark.parametrize(
    ("around", "path"),
    [
        (lambda pool: world(object_(pool)), "emitters[0].dimensions[0].dimensions[0]"),
        (lambda pool: world(list_(1, pool)), "emitters[0].dimensions[0].elements[0]"),
        (lambda pool: world(states=[state("s", variables=[pool])]), "states[0].variables[0]"),
    ],
)
def test_a_nested_pool_that_cannot_be_filled_is_refused_too(around, path: str) -> None:
    with pytest.raises(datagen.InvalidInput, match="could make only 2 different values") as caught:
        records_of(
            around(enum("x", 0) and integer("i", uniform(0, 1), cardinality=3, cardinality_distribution=constant(0))), 1
        )
    assert f"{path}.cardinality" in str(caught.value)


def test_a_pool_is_filled_even_if_some_values_are_rare() -> None:
    rare = integer("v", exponential(2), cardinality=12, cardinality_distribution=uniform(0, 11))
    assert len(set(values_of(rare, 1000))) == 12


def test_a_variable_inside_a_pool_is_refused() -> None:
    pool = object_({"name": "w", "type": "variable", "variable": "w"}, cardinality=2)
    with pytest.raises(datagen.InvalidInput, match="pool is made before the run"):
        datagen.load(world(pool, states=[state("s", variables=[enum("w", 1)])]))
