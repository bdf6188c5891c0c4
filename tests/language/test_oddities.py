"""What is valid but hardly meant: said as a warning with its place, and nowhere else."""

from copy import deepcopy

import pytest

import datagen
from datagen.job import Request
from datagen.job.request import load
from tests.worlds import (
    READY,
    START,
    constant,
    counter,
    enum,
    exponential,
    integer,
    normal,
    state,
    uniform,
    world,
)

LETTERS = list("abcde")


def warnings_of(spec: dict) -> list[str]:
    return [str(warning) for warning in load(Request(spec)).warnings]


def string(length: dict) -> dict:
    return {"name": "s", "type": "string", "length_distribution": length}


def picking(distribution: dict) -> dict:
    return enum("e", *LETTERS) | {"cardinality_distribution": distribution}


FIELD = "emitters[0].dimensions[0]"


@pytest.mark.parametrize(
    ("dimension", "place", "text"),
    [
        (picking(uniform(0, 3)), "cardinality_distribution", "never picks 1 of the 5 values; indices go from 0 to 4"),
        (picking(uniform(1, 5)), "cardinality_distribution", "never picks 1 of the 5 values"),
        (picking(uniform(10, 20)), "cardinality_distribution", "never picks 4 of the 5 values"),
        (picking(constant(2)), "cardinality_distribution", "never picks 4 of the 5 values"),
        (picking(exponential(100)), "cardinality_distribution", "95% of the draws are outside of 0 to 4"),
        (picking(normal(-9, 1)), "cardinality_distribution", "100% of the draws are outside of 0 to 4"),
        (
            integer("i", uniform(0, 999), cardinality=50, cardinality_distribution=uniform(0, 9)),
            "cardinality_distribution",
            "never picks 40 of the 50 values",
        ),
        (
            enum("e", {"value": "a", "probability": 0.9}, {"value": "b", "probability": 0.1}),
            "values",
            "look like weights, but are values like any other",
        ),
        (string(normal(2, 3)), "length_distribution", "25% of the draws are below 0, and count as 0"),
        (string(constant(5)) | {"percent_nulls": 0.2}, "percent_nulls", "0.2 is 0.2 of 100; write 20 if it is a share"),
        (counter("n") | {"percent_missing": 0.5}, "percent_missing", "0.5 is 0.5 of 100; write 50"),
    ],
)
def test_what_is_hardly_meant_in_a_dimension_is_said_with_its_place(dimension: dict, place: str, text: str) -> None:
    (warning,) = warnings_of(world(dimension))
    assert f"{FIELD}.{place}: {text}" in warning


def test_what_is_inside_of_a_dimension_and_in_a_variable_is_looked_at_too() -> None:
    inner = {"name": "o", "type": "object", "dimensions": [counter("n"), picking(constant(9))]}
    items = {"name": "l", "type": "list", "elements": [inner, counter("k")], "length_distribution": constant(2)}
    odd = items | {"selection_distribution": uniform(0, 0)}
    spec = world(states=[state("s", {"stop": 1}, variables=[odd])])
    places = [warning.split(": ")[1] for warning in warnings_of(spec)]
    assert places == [
        "states[0].variables[0].selection_distribution",
        "states[0].variables[0].elements[0].dimensions[1].cardinality_distribution",
    ]


def test_delays_and_gaps_that_are_often_negative_are_said() -> None:
    found = warnings_of(world(states=[state("s", {"stop": 1}, delay=normal(1, 2))], gap=normal(0, 1)))
    assert len(found) == 2
    found.sort()
    assert "interarrival: 50% of the draws are below 0, and count as 0" in found[0]
    assert "states[0].delay: 31% of the draws are below 0, and count as 0" in found[1]


@pytest.mark.parametrize("kind", ["exponential", "Exponential"])
def test_a_time_from_an_exponential_is_refused(kind: str) -> None:
    field = {"name": "t", "type": "timestamp", "distribution": {"type": kind, "mean": "2024-01-01"}}
    with pytest.raises(
        datagen.InvalidInput, match="exponential draws times from 1970 on; use uniform with min and max"
    ):
        datagen.load(world(field))


@pytest.mark.parametrize(
    ("target", "place", "text"),
    [
        ({"type": "mqtt", "host": "h", "topic": "events/%Y"}, "topic", '"%Y" is no code of a time here'),
        ({"type": "redis", "url": "redis://h", "list": "events:%d"}, "list", '"%d" is no code of a time here'),
        ({"type": "parquet", "path": "out", "partition_by": ["n"]}, "partition_by[0]", '"n" is new in nearly every'),
        ({"type": "file", "path": "out/{{n}}.json"}, "path", '"n" is new in nearly every record: a file each'),
        ({"type": "file", "path": "out/{{time}}.json"}, "path", '"time" is new in nearly every record'),
    ],
)
def test_what_is_hardly_meant_in_a_target_is_said_with_its_place(target: dict, place: str, text: str) -> None:
    (warning,) = warnings_of(world(counter("n")) | {"target": target})
    assert f"target.{place}: {text}" in warning


@pytest.mark.parametrize(
    "target",
    [
        {"type": "file", "path": "out/%Y-%m-%d.json"},
        {"type": "file", "path": "out/{{e}}/{{time|%H}}.json"},
        {"type": "opensearch", "hosts": ["http://h"], "index": "events-%Y"},
        {"type": "http", "url": "http://h/a%20b%d0"},
    ],
)
def test_what_is_meant_in_a_target_is_not_said(target: dict) -> None:
    assert warnings_of(world(enum("e", *LETTERS)) | {"target": target}) == []


@pytest.mark.parametrize(
    "dimension",
    [
        picking(uniform(0, 4)),
        picking(exponential(1)),
        picking(normal(2, 2)),
        string(normal(20, 5)),
        enum("e", {"a": 1}),
    ],
)
def test_what_is_meant_in_a_dimension_is_not_said(dimension: dict) -> None:
    assert warnings_of(world(dimension)) == []


@pytest.mark.parametrize("name", READY)
def test_nothing_is_odd_about_the_ready_specs(name: str) -> None:
    assert warnings_of(READY[name]) == []


def test_a_warning_does_not_keep_a_run_from_its_records(tmp_path) -> None:
    spec = world(picking(constant(9)))
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    said: list[str] = []
    assert datagen.run(deepcopy(spec), target, start=START, records=3, seed=1, say=said.append).records == 3
    assert len(said) == 1
    assert said[0].startswith("warning: spec: emitters[0].dimensions[0].cardinality_distribution: never picks 4 of")
