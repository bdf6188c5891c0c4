"""Workers who wait for each other: who goes on when, with whom, in which order, and what is refused."""

from collections import Counter, defaultdict

import pytest

import datagen
from tests.worlds import constant, enum, exponential, integer, records_of, state, uniform, world, write_json


def computed(name: str, value: str, **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def matched(size: int, by: str | None = None, **keys: object) -> dict:
    gather = {"size": size} if by is None else {"size": size, "by": by}
    return {"name": "match", "emitter": "e", "gather": gather, "delay": constant(1), **keys}


FIELDS = [
    computed("w", "worker"),
    computed("group", "gather.number"),
    computed("place", "gather.index"),
    computed("waited", "waited"),
]


def test_all_go_on_when_the_last_one_comes_in_the_order_in_which_they_came() -> None:
    """Also where that is not the order of their numbers."""
    first = {
        "name": "way",
        "ordered": True,
        "transitions": [{"next": "slow", "when": "worker % 3 = 0"}, {"next": "match"}],
    }
    slow = {"name": "slow", "delay": constant(1.5), "next": "match"}
    records = records_of(world(*FIELDS, states=[first, slow, matched(3)], gap=constant(1)), 6)
    assert [record["w"] for record in records] == [1, 0, 2, 4, 3, 5]
    assert [(record["group"], record["place"]) for record in records] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
    ]
    assert [record["time"][17:19] for record in records] == ["02"] * 3 + ["05"] * 3
    assert [record["waited"] for record in records] == [1, 0.5, 0, 1, 0.5, 0]


@pytest.mark.parametrize(
    ("variable", "by"),
    [
        (enum("k", "eu", "us", None), "k"),
        (enum("k", "eu", "us", None), "coalesce(k, '?') + '!'"),
        (enum("k", 1.5, 2.5, -0.5), "k * 0.5"),
        ({"name": "k", "type": "bool"}, "k"),
        (integer("k", uniform(0, 1), percent_nulls=40), "k"),
        ({"name": "k", "type": "row", "table": "t"}, "k.n"),
        (computed("k", "worker % 4"), "k"),
    ],
)
def test_those_go_on_together_who_have_the_same_in_common(variable: dict, by: str) -> None:
    spec = world(*FIELDS, computed("k", by), states=[matched(4, by, variables=[])], gap=exponential(1))
    spec["states"].insert(0, {"name": "way", "variables": [variable], "next": "match"})
    spec["tables"] = {"t": {"rows": [{"n": "x"}, {"n": "y"}, {"n": "x"}]}} if variable["type"] == "row" else {}
    groups = defaultdict(list)
    for record in records_of(spec, 400):
        groups[record["group"]].append(record)
    assert len(groups) == 100
    assert len({str(group[0]["k"]) for group in groups.values()}) > 1
    for group in groups.values():
        assert [record["place"] for record in group] == [0, 1, 2, 3]
        assert len({(str(record["k"]), record["time"]) for record in group}) == 1
        assert [record["w"] for record in group] == sorted(record["w"] for record in group)


def test_who_loses_patience_leaves_and_is_no_longer_counted() -> None:
    patient = matched(2, timeout={"after": constant(5), "next": "gone"})
    gone = {"name": "gone", "emitter": "e"}
    records = records_of(world(*FIELDS, states=[patient, gone], gap=constant(6)), 3)
    assert [(record["w"], record["group"]) for record in records] == [(0, None), (1, None), (2, None)]
    assert records[0]["time"].startswith("2024-01-01T00:00:05")


def test_what_was_gathered_is_known_until_the_next_time_and_to_conditions() -> None:
    ways = [{"next": "host", "when": "gather.index = 0"}, {"next": "guest"}]
    states = [
        {"name": "match", "gather": {"size": 2}, "ordered": True, "transitions": ways},
        {"name": "host", "emitter": "e", "variables": [enum("role", "host")], "delay": constant(3), "next": "guest"},
        {"name": "guest", "emitter": "e", "variables": [enum("role", "guest")]},
    ]
    role = {"name": "role", "type": "variable", "variable": "role"}
    records = records_of(world(*FIELDS, role, states=states, gap=constant(10)), 3)
    assert [(record["w"], record["role"], record["group"]) for record in records] == [
        (0, "host", 0),
        (1, "guest", 0),
        (0, "guest", 0),
    ]


def test_who_gathers_asks_for_resources_behind_that() -> None:
    table = matched(2, use="table", delay=constant(10))
    spec = world(*FIELDS, states=[table], gap=constant(1), resources={"table": {"capacity": 1}})
    records = records_of(spec, 4)
    assert [(record["w"], record["waited"]) for record in records] == [(0, 1), (1, 10), (2, 19), (3, 28)]


def test_a_run_in_which_too_few_come_ends_with_who_waits(command, tmp_path) -> None:
    spec = world(*FIELDS, states=[matched(3)])
    del spec["interarrival"]
    spec["arrivals"] = {"type": "at_start", "total": 5}
    outcome = command("-c", write_json(tmp_path / "spec.json", spec), "-s", "2024-01-01", "-n", "9")
    assert outcome.code == 1
    assert 'nothing can happen any more; waiting are 2 workers for others in "match"' in outcome.err
    assert len(outcome.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("gather", "message"),
    [
        ({"size": 0}, "gather.size: must be greater than or equal to 1"),
        ({"size": 2.5}, "gather.size: must be a valid integer"),
        ({}, '"size" is required'),
        ({"size": 2, "by": "nobody"}, 'gather.by: "nobody" is neither a variable nor what is known of a worker'),
        ({"size": 2, "by": "text"}, 'gather.by: variable "text" can\'t be read by a state'),
        ({"size": 2, "by": 7}, "gather.by: must be an expression"),
        ({"size": 2, "timeout": {"after": 3, "next": "a"}}, 'gather.timeout: stands beside "gather"'),
    ],
)
def test_what_can_not_be_gathered_is_refused(gather: dict, message: str) -> None:
    variables = [{"name": "text", "type": "text", "value": "x"}]
    spec = world(states=[matched(2, variables=variables) | {"gather": gather}])
    with pytest.raises(datagen.InvalidInput) as caught:
        records_of(spec, 1)
    assert message in str(caught.value)


def test_explain_measures_how_long_they_wait() -> None:
    """Of three who come a second apart each, one waits two seconds, one one, and one not at all."""
    found = datagen.explain(world(*FIELDS, states=[matched(3)], gap=constant(1)))
    assert found["states"]["match"]["waits"] == pytest.approx(1, rel=0.01)
    assert found["life"]["seconds"] == pytest.approx(2, rel=0.01)


def test_explain_says_that_it_has_measured_it(command, tmp_path) -> None:
    outcome = command("explain", write_json(tmp_path / "spec.json", world(*FIELDS, states=[matched(3)])))
    assert "waits      of those who wait for others, measured by a pilot" in outcome.out


def test_in_a_crowd_whose_events_go_into_a_calendar_nobody_goes_on_twice() -> None:
    """Where a window ends among those who go on together, with some hundred others on their way."""
    lobby = state("lobby", "playing", emitter=None, delay=exponential(20))
    playing = state("playing", {"playing": 0.7, "stop": 0.3}, gather={"size": 10}, delay=exponential(60))
    made = records_of(world(*FIELDS, states=[lobby, playing], gap=exponential(0.2), max_workers=1000), 30_000)
    groups = Counter((record["time"], record["group"]) for record in made)
    assert set(list(groups.values())[:-1]) == {10}
    assert len(groups) == 3000
