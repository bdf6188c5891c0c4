"""What a record may take of memory is estimated before the run."""

import pytest

from tests.worlds import constant, enum, exponential, integer, normal, state, uniform, world


def string(length: dict, name: str = "s", **keys: object) -> dict:
    return {"name": name, "type": "string", "length_distribution": length, **keys}


def listing(length: dict, *elements: dict, **keys: object) -> dict:
    return {"name": "l", "type": "list", "length_distribution": length, "elements": list(elements), **keys}


NUMBER = integer("n", uniform(0, 9))
POOL = {"cardinality": 10_000_000, "cardinality_distribution": uniform(0, 9_999_999)}


@pytest.mark.parametrize(
    ("field", "place", "estimate"),
    [
        (string(exponential(1e300)), "[0].length_distribution", "could be 1.39e+301"),
        (string(exponential(1e6)), "[0].length_distribution", "could be 1.39e+07"),
        (string(normal(1e12, 1)), "[0].length_distribution", "could be 1e+12"),
        (string(normal(0, 3e6)), "[0].length_distribution", "could be"),
        (string(constant(10_000_001)), "[0].length_distribution", "could be 1e+07"),
        (listing(uniform(0, 1e8), NUMBER), "[0].length_distribution", "could be 1e+08"),
        (listing(constant(100_000), listing(constant(100_000), NUMBER)), "[0]: a value", "2e+10 items"),
        (listing(constant(10_000), string(uniform(0, 10_000))), "[0]: a value", "could take 2"),
        (listing(exponential(2_000), listing(exponential(2_000), NUMBER)), "[0]: a value", "items and characters"),
        (listing(constant(10_000), enum("e", "x" * 5_000)), "[0]: a value", "could take 2 GB"),
        (
            listing(constant(2), listing(constant(1e4), listing(constant(1e4), NUMBER))),
            "[0].elements[0]: a value",
            "GB",
        ),
        (
            {"name": "o", "type": "object", "dimensions": [string(constant(6e6)), string(constant(6e6), name="t")]},
            "[0]",
            "1.2e+07 items",
        ),
        (string(uniform(500, 1500), **POOL), "[0].cardinality: a pool", "about 1e+10 items and characters"),
        (listing(constant(2), string(constant(500), **POOL)), "[0].elements[0].cardinality: a pool", "5e+09"),
    ],
)
def test_what_can_not_fit_into_memory_is_refused_with_its_place(generate, field: dict, place: str, estimate) -> None:
    outcome = generate(world(field), "--check")
    assert outcome.code == 2
    assert f"emitters[0].dimensions{place}" in outcome.err
    assert estimate in outcome.err
    assert "1 problem found" in outcome.err


def test_the_fields_of_a_record_count_together_and_variables_too(generate) -> None:
    long = string(constant(6_000_000))
    outcome = generate(world(long, string(constant(6_000_000), "t")), "--check")
    assert outcome.code == 2
    assert "emitters[0].dimensions: a record can't be made in memory: with about 1.2e+07 items" in outcome.err
    outcome = generate(world(states=[state("s", variables=[listing(constant(1e4), string(constant(1e4)))])]), "--check")
    assert outcome.code == 2
    assert "states[0].variables[0]: a value can't be made in memory" in outcome.err


@pytest.mark.parametrize(
    "field",
    [
        string(constant(10_000_000)),
        string(exponential(100_000)),
        string(normal(-1e9, 1)),
        listing(constant(1_000), listing(constant(1_000), NUMBER)),
        listing(exponential(100), string(exponential(1_000))),
        string(constant(1_000), **POOL | {"cardinality_distribution": exponential(1_000)}),
    ],
)
def test_what_fits_is_taken(generate, field: dict) -> None:
    assert generate(world(field), "--check").code == 0
