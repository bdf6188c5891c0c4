"""Incidents: stretches of time, given or drawn, and the labels of records."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from datagen.moment import parse_moment
from datagen.plugin.incident import AnyIncident, IncidentScope, Stretches
from datagen.plugin.registry import Registry
from datagen.zone import Zone
from tests.worlds import constant, exponential, integer, records_of, state, uniform, world

START = parse_moment("2024-01-01T00:00:00Z")
SECOND = 10**6
SCOPE = IncidentScope(START, Zone.named("Europe/Berlin"), 1, START.microseconds)


def stretches(data: Any, name: str = "outage", **changed: Any) -> Stretches:
    made = TypeAdapter(AnyIncident).validate_python(data, context=Registry())
    return Stretches.of(name, made, IncidentScope(**{**vars(SCOPE), **changed}))


def at(*seconds: float) -> np.ndarray:
    return np.array([START.microseconds + round(second * SECOND) for second in seconds])


def test_an_incident_is_on_from_its_begin_until_its_end() -> None:
    made = stretches({"from": "+10S", "until": "+20S"})
    assert made.on(at(9.999999, 10, 19.999999, 20)).tolist() == [False, True, True, False]
    assert made.edges(*at(10, 20).tolist()).tolist() == at(10).tolist()


def test_stretches_may_overlap_and_stand_in_any_order() -> None:
    made = stretches(
        [{"from": "+50S", "until": "+60S"}, {"from": "+5S", "until": "+30S"}, {"from": "+10S", "until": "+12S"}]
    )
    assert made.on(at(4, 5, 11, 20, 30, 55, 60)).tolist() == [False, True, True, True, False, True, False]
    assert made.until(int(at(50)[0]))[0].tolist() == at(5, 10).tolist()


def test_a_time_without_an_offset_is_wall_time() -> None:
    made = stretches({"from": "2024-01-01T02:00", "until": "2024-01-01T02:00:01Z"})
    assert made.until(2**62)[0].tolist() == at(3600).tolist()


def test_drawn_ones_come_one_after_the_other() -> None:
    made = stretches({"every": exponential(3600), "lasts": uniform(60, 120)})
    begins, ends = made.until(int(at(10**7)[0]))
    gaps = (begins - np.append(START.microseconds, ends[:-1])) / SECOND
    assert ((ends - begins >= 60 * SECOND) & (ends - begins < 120 * SECOND)).all()
    assert gaps.min() >= 0
    assert gaps.mean() == pytest.approx(3600, abs=4 * 3600 / np.sqrt(len(gaps)))


def test_how_far_was_looked_ahead_changes_none() -> None:
    drawn = {"every": exponential(600), "lasts": exponential(5)}
    far, near = stretches(drawn), stretches(drawn)
    expected = far.until(int(at(10**6)[0]))
    for day in range(12):
        near.until(int(at(86400 * day)[0]))
    assert [column.tolist() for column in near.until(int(at(10**6)[0]))] == [column.tolist() for column in expected]


def test_a_thread_that_looks_less_far_takes_none_away(monkeypatch) -> None:
    """It may put what it has in place of what another one has just drawn."""
    drawn = {"every": exponential(600), "lasts": exponential(5)}
    expected = stretches(drawn).until(int(at(10**6)[0]))[0]

    def overtaken(self: Stretches, name: str, value: object) -> None:
        object.__setattr__(self, name, tuple(column[:1] for column in value) if name == "_columns" else value)

    monkeypatch.setattr(Stretches, "__setattr__", overtaken)
    assert stretches(drawn).until(int(at(10**6)[0]))[0].tolist() == expected.tolist()


def test_they_are_keyed_by_name_and_count_from_where_the_simulation_begins() -> None:
    drawn = {"every": exponential(600), "lasts": constant(5)}
    first, other, seeded = (
        stretches(drawn, **changed).until(int(at(10**5)[0]))[0] for changed in ({}, {"name": "b"}, {"seed": 2})
    )
    assert first[0] != other[0]
    assert first[0] != seeded[0]
    earlier = stretches(drawn, begin=START.microseconds - 600 * SECOND).until(int(at(10**5)[0]))[0]
    assert (earlier[: len(first)] + 600 * SECOND == first[: len(earlier)]).all()


def test_very_long_ones_end_the_search() -> None:
    made = stretches({"every": constant(1e300), "lasts": constant(0)})
    assert not made.on(at(0, 10**9)).any()


def test_a_record_is_labelled_with_the_incidents_that_are_on() -> None:
    spec = world(
        integer("v", uniform(0, 9)),
        incidents={"outage": {"from": "+2S", "until": "+4S"}, "a day": [{"from": "+3S", "until": "+1D"}]},
    )
    spec["emitters"][0]["incidents"] = "labels"
    records = records_of(spec, 6)
    assert [record["labels"] for record in records] == [[], [], ["outage"], ["outage", "a day"], ["a day"], ["a day"]]
    assert [*records[0]] == ["time", "v", "labels"]


def test_labels_change_no_other_value() -> None:
    spec = world(integer("v", uniform(0, 10**9)), states=[state("s", delay=exponential(1))])
    plain = records_of(spec, 50)
    labelled = world(integer("v", uniform(0, 10**9)), states=[state("s", delay=exponential(1))], incidents={})
    labelled["emitters"][0]["incidents"] = "labels"
    assert records_of(labelled, 50) == [{**record, "labels": []} for record in plain]
