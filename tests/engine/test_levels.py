"""Limits and capacities that follow profiles, and incidents that conditions read."""

import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from tests.worlds import START, constant, records_of, world

NOW = {"name": "born", "type": "expression", "value": "born"}
OUTAGES = {"outage": {"every": constant(50), "lasts": constant(5)}}
FREE = {"name": "free", "type": "expression", "value": "free('desk')"}


def used(seconds: float, **keys: object) -> dict:
    return {"name": "a", "emitter": "e", "use": "desk", "delay": constant(seconds), **keys}


def seconds(records: list[dict]) -> list[float]:
    return [60 * int(record["time"][14:16]) + float(record["time"][17:23]) for record in records]


def shifts(*values: list, capacity: int = 4, **keys: object) -> dict:
    profile = {"type": "steps", "values": [*values]}
    return {
        "profiles": {"shift": profile},
        "resources": {"desk": {"capacity": capacity, "capacity_profile": "shift"}},
    } | keys


def test_those_in_line_go_on_when_the_capacity_rises_at_that_instant() -> None:
    spec = world(NOW, FREE, states=[used(1000)], gap=constant(10), **shifts(["+0S", 0.25], ["+50S", 0.75]))
    assert seconds(records_of(spec, 3)) == [0, 50, 50]


def test_nobody_loses_what_he_has_when_the_capacity_falls() -> None:
    spec = world(NOW, FREE, states=[used(100)], gap=constant(10), **shifts(["+0S", 1], ["+35S", 0.25]))
    records = records_of(spec, 6)
    assert seconds(records) == [0, 10, 20, 30, 130, 230]  # of four only one is left, once three have gone
    assert [record["free"] for record in records] == [3, 2, 1, 0, 0, 0]


def test_a_limit_follows_its_profile_and_is_at_least_one() -> None:
    states = [{"name": "a", "emitter": "e", "delay": constant(20)}]
    steps = {"type": "steps", "values": [["+0S", 0], ["+1M", 0.5]]}
    spec = world(NOW, states=states, gap=constant(1), profiles={"p": steps}, limit_profile="p")
    assert seconds(records_of(spec, 8, max_workers=4)) == [0, 20, 40, 60, 61, 80, 81, 100]


@pytest.mark.parametrize("profile", ["sine", "minutes"])
def test_a_capacity_is_read_at_every_whole_minute_and_rounded_down(profile: str) -> None:
    profiles = {
        "sine": {"type": "sine", "period": "1H", "amplitude": 1},
        "minutes": {"type": "minute_of_hour", "factors": {str(minute): minute / 40 for minute in range(60)}},
    }
    spec = world(NOW, FREE, states=[used(0.001)], gap=constant(1), profiles={"p": profiles[profile]})
    spec["resources"] = {"desk": {"capacity": 40, "capacity_profile": "p"}}
    free = [record["free"] + 1 for record in records_of(spec, 2000)]
    changes = {number % 60 for number in range(1, 2000) if free[number] != free[number - 1]}
    assert changes == {0}
    if profile == "minutes":
        assert free[60 * 7] == 7


def test_a_condition_reads_whether_an_incident_is_on() -> None:
    ways = [{"next": "down", "when": "incident('outage')"}, {"next": "up"}]
    states = [{"name": "ask", "delay": constant(1), "ordered": True, "transitions": ways}]
    states += [
        {"name": name, "emitter": "e", "variables": [{"name": "at", "type": "constant", "value": name}]}
        for name in ("up", "down")
    ]
    at = {"name": "at", "type": "variable", "variable": "at"}
    outage = [{"from": "+10S", "until": "+20S"}, {"from": "+40S", "until": "+41S"}]
    spec = world(at, states=states, gap=constant(5), incidents={"outage": outage})
    found = [record["at"] for record in records_of(spec, 9)]
    assert found == ["up", "up", "down", "down", "up", "up", "up", "up", "up"]
    times = [5 * number + 1 for number in range(9)]
    assert [10 <= time < 20 or 40 <= time < 41 for time in times] == [name == "down" for name in found]


def test_a_run_ends_when_nobody_is_left_whatever_still_follows_the_time() -> None:
    ways = [{"next": "stop", "when": "incident('outage')"}, {"next": "stop"}]
    states = [used(1, transitions=ways)]
    spec = world(
        NOW, FREE, states=states, gap=constant(1), incidents={"outage": {"every": constant(50), "lasts": constant(5)}}
    )
    spec |= {
        "arrivals": {"type": "at_start", "total": 3},
        "resources": {"desk": {"capacity": 1, "capacity_profile": 2}},
    }
    del spec["interarrival"]
    assert len(records_of(spec, 10)) == 3


def test_a_deadlock_is_told_though_incidents_come_and_go() -> None:
    ways = [{"next": "stop", "when": "incident('outage')"}, {"next": "stop"}]
    states = [{"name": "b", "emitter": "e", "acquire": "desk", "delay": constant(1), "next": "a"}, used(1, use="hall")]
    states += [
        {"name": "c", "acquire": "hall", "delay": constant(1), "next": "d"},
        {"name": "d", "use": "desk", "transitions": ways},
    ]
    spec = world(NOW, states=states, incidents={"outage": {"every": constant(50), "lasts": constant(5)}})
    spec["arrivals"] = [{"name": name, "type": "at_start", "total": 1, "state": name} for name in ("b", "c")]
    spec["resources"] = {"desk": {"capacity": 1}, "hall": {"capacity": 1}}
    del spec["interarrival"]
    with pytest.raises(datagen.RunFailed, match="nothing can happen any more"):
        records_of(spec, 5)


def test_who_waits_for_a_capacity_that_never_comes_is_told_of_soon() -> None:
    half = {"type": "hour_of_day", "factors": {str(hour): 0.5 + hour % 2 / 10 for hour in range(24)}}
    resources = {"desk": {"capacity": 1, "capacity_profile": half}}
    with pytest.raises(datagen.RunFailed, match='nothing can happen any more; waiting are 2 workers for "desk"'):
        records_of(world(FREE, states=[used(1)], resources=resources, max_workers=2), 1)


def test_no_limit_at_all_is_none_with_a_profile_either() -> None:
    states = [{"name": "a", "emitter": "e", "delay": constant(20)}]
    spec = datagen.load(world(NOW, states=states, gap=constant(1), limit_profile=5)).spec
    made = Walk(Plan(spec, parse_moment(START)), seed=1, max_workers=NEVER)
    assert len(made.advance(10 * 10**9)) == 10


def test_an_unknown_profile_of_a_capacity_or_limit_is_refused() -> None:
    spec = world(NOW, states=[used(1)], gap=constant(1), limit_profile="x")
    spec["resources"] = {"desk": {"capacity": 1, "capacity_profile": "y"}}
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(spec, 1)
    assert 'limit_profile: unknown profile "x"' in str(refused.value)
    assert 'resources.desk.capacity_profile: unknown profile "y"' in str(refused.value)
