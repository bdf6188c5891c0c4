"""Names in expressions that stand for nothing, and variables that have no order to be set in: each with its place."""

from typing import Any

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, read, records_of, state, world

DAY = {"day": {"type": "between", "from": "09:00", "until": "18:00", "factor": 1, "otherwise": 0.5}}
OUTAGE = {"outage": {"from": "2024-01-01T09:00:00", "until": "2024-01-01T10:00:00"}}


def calculated(name: str, value: str) -> dict:
    return {"name": name, "type": "expression", "value": value}


def problems(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def arriving(spec: dict, *sources: dict) -> dict:
    return {key: value for key, value in spec.items() if key != "interarrival"} | {"arrivals": [*sources]}


@pytest.mark.parametrize(
    ("value", "given", "message"),
    [
        ("profile('dy')", {"profiles": DAY}, 'unknown profile "dy"; did you mean "day"?'),
        ("profile('day')", {}, 'unknown profile "day"; the spec has no "profiles"'),
        ("incident('outages')", {"incidents": OUTAGE}, 'unknown incident "outages"; did you mean "outage"?'),
        ("incident('day')", {"profiles": DAY}, 'unknown incident "day"; the spec has no "incidents"'),
        ("batch.number", {}, '"batch.number" can only be read where a source is of the type "every"'),
        ("batch", {}, '"batch" can only be read where a source is of the type "every"'),
        ("wroker", {}, '"wroker" is not a dimension above, a variable or time; did you mean "worker"?'),
        ("profile(day)", {"profiles": DAY}, "profile(…) takes a name in quotes (character 9 of the expression)"),
        ("incident(1)", {}, "incident(…) takes a name in quotes (character 10 of the expression)"),
        ("profile('day', 2)", {"profiles": DAY}, ') is expected at the end of profile(…), found ","'),
        ("exists(profile('day'))", {"profiles": DAY}, "only a dimension can be missing"),
        ("profile('day') + incident('outage')", {"profiles": DAY, "incidents": OUTAGE}, "+ can't take"),
    ],
)
def test_what_can_not_be_read_is_a_problem_with_its_place(value: str, given: dict, message: str) -> None:
    [found] = problems(world(calculated("v", value), **given))
    assert found.startswith("emitters[0].dimensions[0].value: ")
    assert message in found


def test_a_filter_that_reads_an_unknown_profile_is_refused() -> None:
    filtering = {"type": "stdout", "through": [{"type": "filter", "where": "profile('dy') > 0 and worker > 1"}]}
    with pytest.raises(InvalidInput) as caught:
        datagen.run(world(profiles=DAY) | {"target": filtering}, start="2024-01-01", records=1)
    [first, second] = [problem.message for problem in caught.value.problems]
    assert 'unknown profile "dy"; did you mean "profile(\'day\')"?' in first
    assert 'no emitter has "worker"' in second


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [(None, [0.5, 1.0, 1.0]), ("Europe/Berlin", [1.0, 1.0, 1.0]), ("Asia/Tokyo", [1.0, 0.5, 0.5])],
)
def test_a_profile_that_is_read_has_the_wall_clock_of_the_spec(timezone: str | None, expected: list[float]) -> None:
    spec = world(calculated("p", "profile('day')"), gap=3600, profiles=DAY, timezone=timezone)
    assert [record["p"] for record in records_of(spec, 3, start="2024-01-01T08:00:00Z")] == expected


def test_labels_and_incidents_that_are_read_agree_in_the_zone_of_the_spec() -> None:
    spec = world(calculated("on", "incident('outage')"), gap=600, incidents=OUTAGE, timezone="Europe/Berlin")
    spec["emitters"][0]["incidents"] = "labels"
    records = records_of(spec, 20, start="2024-01-01T07:00:00Z")
    on = [record["time"][11:16] for record in records if record["on"]]
    assert on == ["08:00", "08:10", "08:20", "08:30", "08:40", "08:50"]
    assert [record["labels"] for record in records] == [["outage"] if record["on"] else [] for record in records]


def test_a_profile_is_read_at_the_instant_of_the_record_with_a_warm_up_too() -> None:
    spec = world(calculated("p", "profile('ramp')"), gap=60)
    spec["profiles"] = {"ramp": {"type": "points", "values": [["+0S", 0], ["+10M", 10]]}}
    plain = [record["p"] for record in records_of(spec, 10)]
    assert plain == list(range(10))
    assert [record["p"] for record in records_of(spec | {"warm_up": "5M"}, 10)] == plain


COUNTING = calculated("n", "coalesce(n, 0) + 1")


@pytest.mark.parametrize(
    ("in_state", "sources", "path", "message"),
    [
        ([COUNTING], [["n"]], "arrivals[0].variables[0]", '"n" can\'t be set at birth and by a state while'),
        ([COUNTING, calculated("v", "1")], [[], ["w", "v"]], "arrivals[1].variables[1]", '"v" can\'t be set at birth'),
        ([], [["x", ("y", "x")], ["y", ("x", "y")]], "arrivals[0].variables[0]", "made of each other (x → y → x)"),
    ],
)
def test_variables_that_have_no_order_are_refused(in_state: list, sources: list, path: str, message: str) -> None:
    states = [state("s", variables=in_state, delay=constant(1))]
    given: list[dict[str, Any]] = [
        {
            "type": "even",
            "rate": 1,
            "name": f"source {number}",
            "variables": [calculated(*(each if isinstance(each, tuple) else (each, "7"))) for each in names],
        }
        for number, names in enumerate(sources)
    ]
    [found] = problems(arriving(world(states=states), *given))
    assert found.startswith(f"{path}: ")
    assert message in found


def test_a_variable_of_states_in_no_circle_may_be_set_at_birth() -> None:
    states = [state("s", {"s": 0.5, "stop": 0.5}, variables=[calculated("v", "w")], delay=constant(1))]
    given = {"type": "even", "rate": 1, "variables": [calculated("w", "worker"), calculated("v", "-1")]}
    assert {record["v"] for record in records_of(arriving(world(read("v"), states=states), given), 20)} > {0, 1, 2}
