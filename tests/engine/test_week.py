"""What sources make of an ordinary week, against theory and against long runs."""

import numpy as np
import pytest

import datagen
from datagen.engine import chain
from datagen.engine.expectation import Expectation
from datagen.engine.plan import Plan
from datagen.engine.timeline import WEEK
from datagen.engine.waiting import Waiting
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from datagen.plugin.week import MINUTES
from tests.worlds import constant, exponential, normal, state, uniform

MONDAY = "2024-01-01T00:00:00"
NIGHTS_OFF = {"type": "between", "from": "06:00", "until": "18:00", "factor": 1, "otherwise": 0}


def spec_of(*arrivals: dict, states: list | None = None, **keys: object) -> dict:
    named = [{"name": f"s{number}", **source} for number, source in enumerate(arrivals)]
    return {"states": states or [state("s")], "emitters": [{"name": "e", "dimensions": []}], "arrivals": named, **keys}


def expected(*arrivals: dict, scale: float = 1.0, **keys: object) -> Expectation:
    return Expectation(datagen.load(spec_of(*arrivals, **keys)).spec, scale)


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        ({"type": "poisson", "rate": "5/s"}, 5),
        ({"type": "poisson", "rate": 8, "profile": NIGHTS_OFF}, 4),
        ({"type": "even", "rate": "900/H"}, 0.25),
        ({"type": "even", "rate": 1, "profile": [2, {"type": "hour_of_day", "factors": {"3": 25}}]}, 4),
        ({"type": "interarrival", "distribution": exponential(4)}, 0.25),
        ({"type": "interarrival", "distribution": uniform(0, 4), "count": 3}, 1.5),
        ({"type": "interarrival", "distribution": normal(0, 1)}, 1 / 0.39894228),
        ({"type": "interarrival", "distribution": constant(2), "profile": NIGHTS_OFF}, 0.25),
        ({"type": "every", "every": 10, "size": 5}, 0.5),
        ({"type": "every", "every": "1D", "first": "12H", "size": 864, "profile": NIGHTS_OFF}, 0.01),
        ({"type": "every", "every": "1D", "size": 864, "profile": NIGHTS_OFF}, 0),
        ({"type": "every", "every": 1, "size": 1, "profile": 0.4}, 0),  # 0.4 of a worker is none
        ({"type": "every", "every": 1, "size": 10, "vary": {"low": 0.5, "high": 1.5}}, 10),
        ({"type": "every", "every": 0.01, "profile": NIGHTS_OFF}, 50),
        ({"type": "periodic", "period": "1D", "multiplier": 864}, 0.01),
        ({"type": "periodic", "period": 1, "multiplier": 100, "deviation": 0.5, "direction": "decrease"}, 74.5),
        ({"type": "cron", "expression": "*/10 8-17 * * MON-FRI"}, 300 / 604800),
        ({"type": "cron", "expression": "@monthly"}, 12 / (52 * 604800)),
        ({"type": "incident", "incident": "outage"}, 1 / 3600),
        ({"type": "timestamps", "values": ["2024-01-01T05:00:00"]}, 0),
        ({"type": "at_start", "total": 50}, 0),
        ({"type": "stages", "stages": [{"for": 10, "rate": 0, "to": 6}, {"for": 10, "rate": 6}]}, 4.5),
        ({"type": "poisson", "rate": 3, "profile": {"type": "growth", "per": "1D", "factor": 2}}, 3),
        ({"type": "poisson", "rate": 3, "profile": {"type": "during", "incident": "outage", "factor": 0}}, 3),
    ],
)
def test_a_source_makes_as_many_workers_on_average(source: dict, rate: float) -> None:
    incidents = {"outage": {"every": exponential(3000), "lasts": constant(600)}}
    found = expected(source, incidents=incidents)
    assert found.rate == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        ({"type": "poisson", "rate": "5/s"}, 15),
        ({"type": "interarrival", "distribution": exponential(4)}, 0.75),
        ({"type": "every", "every": 1, "profile": 0.4}, 1.2),
        ({"type": "periodic", "period": 1, "multiplier": 0.5}, 1.5),
        ({"type": "cron", "expression": "* * * * *"}, 1 / 60),
    ],
)
def test_more_workers_come_where_a_scale_says_so(source: dict, rate: float) -> None:
    assert expected(source, scale=3.0).rate == pytest.approx(rate, rel=1e-9)


def test_workers_kept_alive_come_as_often_as_others_stop() -> None:
    source = {"type": "stages", "stages": [{"for": 10, "alive": 20}, {"for": 10, "alive": 20, "to": 40}]}
    found = expected(source, states=[state("s", delay=exponential(5))])
    assert (found.alive, found.rate) == (pytest.approx(25), pytest.approx(5))


def test_a_fleet_is_there_for_ever() -> None:
    ways = {"up": 0.75, "down": 0.25}
    states = [state("up", ways, delay=constant(2)), state("down", {"up": 1}, emitter=None, delay=exponential(12))]
    found = expected({"type": "at_start", "total": 30}, states=states)
    assert (found.alive, found.sufficient_limit) == (30, 31)
    assert found.records is not None
    assert found.records.mean() == pytest.approx(30 / (2 + 12 / 4))  # a round of 4 visits takes 20 s


def test_workers_of_each_source_begin_in_their_state() -> None:
    states = [state("a", {"b": 1}, delay=constant(10)), state("b", delay=constant(20))]
    found = expected({"type": "poisson", "rate": 3}, {"type": "poisson", "rate": 1, "state": "b"}, states=states)
    assert found.visits == pytest.approx([0.75, 1])
    assert (found.life, found.alive) == (pytest.approx(27.5), pytest.approx(110))


def test_visits_are_as_old_as_in_theory() -> None:
    states = [state("a", {"a": 0.5, "b": 0.5}, delay=exponential(3)), state("b", delay=constant(1))]
    spec = datagen.load(spec_of({"type": "poisson", "rate": 1}, states=states)).spec
    ages = chain.Chain(spec, 0, Waiting.for_nothing(2)).ages
    assert ages == pytest.approx([3, 6])  # entered for the n-th time at 3 (n - 1); left after two stays


def test_what_happens_later_is_as_much() -> None:
    curve = np.zeros(MINUTES)
    curve[600] = 1.0
    moved = WEEK.later(curve, 3600.0)
    assert moved.sum() == pytest.approx(1)
    assert (moved * (np.arange(MINUTES) - 600)).sum() == pytest.approx(60, rel=0.01)


PROFILES = {
    "peaks": {
        "type": "peaks",
        "days": {"mon": [{"hour": 9, "sigma": 2, "weight": 1}], "sat": [{"hour": 20, "sigma": 3, "weight": 2}]},
    },
    "hours": {"type": "hour_of_day", "factors": {"9": 4, "10": 3, "20": 2, "0": 0}, "smooth": True},
    "sine": {"type": "sine", "period": "1D", "amplitude": 0.8, "phase": "32400"},
    "points": {"type": "points", "repeat": "2D", "values": [["+0H", 1], ["+12H", 3], ["+30H", 0]]},
    "days": [{"type": "day_of_week", "factors": {"sun": 0, "sat": 0.3}}, NIGHTS_OFF],
}
PROFILES["sine"]["phase"] = 32400
PROFILES["points"]["repeat"] = "1D"
PROFILES["points"]["values"] = [["+0H", 1], ["+12H", 3], ["+20H", 0]]


@pytest.mark.parametrize("name", PROFILES)
def test_hours_of_a_week_are_those_of_a_long_run(name: str) -> None:
    """Births by hour over 4 weeks of an even source: exact but for one worker at each end of an hour."""
    spec = spec_of({"type": "even", "rate": 0.2, "profile": PROFILES[name]})
    found = WEEK.by_hour(expected(*spec["arrivals"]).inflows[0].rates)
    walk = Walk(Plan(datagen.load(spec).spec, parse_moment(MONDAY)), seed=1, max_workers=10**6)
    counts = np.zeros(168)
    while walk.next_time < 28 * 86400 * 10**9:
        counts += np.bincount(walk.advance(28 * 86400 * 10**9).time // (3600 * 10**9) % 168, minlength=168)
    assert counts / 4 == pytest.approx(found * 3600, abs=2)
