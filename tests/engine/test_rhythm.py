"""Rhythms: the compiled core and its tables against the oracle, and integrals against closed forms."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from datagen.engine.rhythm import Course, Rhythm
from datagen.moment import parse_moment
from datagen.plugin.incident import Stretches
from datagen.plugin.profile import Product, Scope
from datagen.plugin.registry import Registry
from datagen.zone import Zone
from tests.fresh import FRESH_SEED
from tests.reference_profiles import ReferenceRhythm, micros

REGISTRY = Registry()
SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]
# Nights in which clocks are changed, and an ordinary day.
STARTS = ["2024-03-30T20:00:00", "2024-10-26T21:00:30", "2024-03-10T00:00:00", "2024-11-03T03:59:59.5"]
STARTS += ["2024-04-06T12:00:00", "2024-10-05T12:00:00", "2024-06-05T09:13:21.000001"]


def product(data: Any) -> Product:
    members = data if isinstance(data, list) else [data]
    return Product(tuple(REGISTRY.make("profile", part) if isinstance(part, dict) else part for part in members))


def rhythm(*members: Any, start: str = "2024-01-01T00:00:00", zone: str = "UTC", begin: int = 0, **more: Any) -> Rhythm:
    moment = parse_moment(f"{start}Z")
    stretches = {
        name: Stretches(*np.array(pairs, np.int64).reshape(-1, 2).T)
        for name, pairs in more.get("incidents", {}).items()
    }
    scope = Scope(moment, Zone.named(zone), more.get("seed", 1), "profile", stretches)
    named = {name: product(data) for name, data in more.get("named", {}).items()}
    return Rhythm(Course.of(product([*members]), named, scope), moment.microseconds, begin)


FIXED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(
        Phase.explicit,
        Phase.generate,
    ),  # to shrink takes minutes: an example is some thousand minutes of the oracle
    suppress_health_check=list(HealthCheck),
)
FRESH = settings(FIXED, max_examples=15, derandomize=False, database=None, print_blob=True)
factors = st.one_of(st.sampled_from([0, 1, 0.5, 2, 1000]), st.floats(0, 5), st.floats(0, 1e-8))


def table(first: int, size: int) -> Any:
    keys = st.sampled_from([str(number) for number in range(first, first + size)])
    return st.one_of(st.dictionaries(keys, factors, min_size=1), st.lists(factors, min_size=size, max_size=size))


def times_of_day() -> Any:
    return st.builds(
        "{:02}:{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59), st.sampled_from([0, 0, 30, 59])
    )


def curve(type_: str) -> Any:
    hours = st.lists(st.integers(0, 40 * 3600), min_size=1, max_size=4, unique=True).map(sorted)
    pairs = hours.flatmap(
        lambda seconds: st.tuples(*(st.tuples(st.just(f"+{second}S"), factors).map(list) for second in seconds)).map(
            list
        )
    )
    repeat = st.one_of(st.just({}), st.builds(lambda hours: {"repeat": hours * 3600 + 7}, st.integers(41, 50)))
    return st.builds(lambda values, more: {"type": type_, "values": values, **more}, pairs, repeat)


def peak() -> Any:
    return st.fixed_dictionaries({"hour": st.floats(0, 24), "sigma": st.floats(0.3, 8), "weight": st.floats(-1, 4)})


DAYS = ["mon", "2", "Wednesday", "thu", "5", "sat", "7"]
KINDS = [
    st.fixed_dictionaries({"type": st.just("hour_of_day"), "factors": table(0, 24), "smooth": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("minute_of_hour"), "factors": table(0, 60)}),
    st.fixed_dictionaries(
        {"type": st.just("day_of_week"), "factors": st.dictionaries(st.sampled_from(DAYS), factors, min_size=1)}
    ),
    st.fixed_dictionaries({"type": st.just("day_of_month"), "factors": table(1, 31)}),
    st.fixed_dictionaries({"type": st.just("month_of_year"), "factors": table(1, 12)}),
    st.fixed_dictionaries(
        {
            "type": st.just("between"),
            "from": times_of_day(),
            "until": st.one_of(times_of_day(), st.just("24:00")),
            "days": st.lists(st.sampled_from(DAYS), min_size=1),
            "factor": factors,
            "otherwise": factors,
        }
    ).filter(lambda data: data["from"] != data["until"]),
    st.fixed_dictionaries(
        {
            "type": st.just("peaks"),
            "days": st.dictionaries(st.sampled_from(DAYS), st.lists(peak(), min_size=1, max_size=3), min_size=1),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("sine"),
            "period": st.integers(600, 200_000),
            "amplitude": st.floats(0, 1),
            "phase": st.floats(-1e5, 1e5),
        }
    ),
    curve("points"),
    curve("steps"),
    st.fixed_dictionaries({"type": st.just("growth"), "per": st.integers(1000, 10**6), "factor": st.floats(0.5, 2)}),
    st.fixed_dictionaries({"type": st.just("during"), "incident": st.just("outage"), "factor": factors}),
    st.fixed_dictionaries(
        {"type": st.just("jitter"), "low": st.floats(0, 1), "high": st.floats(1, 3), "each": st.integers(600, 50_000)}
    ),
]
WITH_ZONE = {"hour_of_day", "minute_of_hour", "day_of_week", "between", "peaks", "sine"}


def in_some_zone(data: dict) -> Any:
    zones = st.sampled_from([None, *ZONES]) if data["type"] in WITH_ZONE else st.none()
    return zones.map(lambda zone: {**data, "timezone": zone} if zone else data)


members = st.lists(
    st.one_of(st.one_of(KINDS).flatmap(in_some_zone), st.sampled_from([0.25, 3])), min_size=1, max_size=3
)


CASES = given(
    members=members,
    start=st.sampled_from(STARTS),
    zone=st.sampled_from(ZONES),
    begin=st.sampled_from([0, 1, 59 * SECOND + 999_999_999, -3 * HOUR + 17, 5 * HOUR]),
    data=st.data(),
)


@FIXED
@CASES
def test_a_rhythm_is_that_of_the_oracle(**case: Any) -> None:
    assert_is_that_of_the_oracle(**case)


@seed(FRESH_SEED)
@FRESH
@CASES
def test_a_rhythm_is_that_of_the_oracle_for_fresh_seeds(**case: Any) -> None:
    assert_is_that_of_the_oracle(**case)


def assert_is_that_of_the_oracle(members: list, start: str, zone: str, begin: int, data: Any) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    edges = st.lists(st.integers(-10, 100_000), min_size=2, max_size=6, unique=True).map(sorted)
    outage = [micros(moment) + 10**6 * second for second in data.draw(edges)]
    incidents = {"outage": [*zip(outage[::2], outage[1::2], strict=False)]}
    made = rhythm(*members, start=start, zone=zone, begin=begin, incidents=incidents)
    oracle = ReferenceRhythm(members, moment, zone, 1, incidents=incidents)
    spans = sorted(data.draw(st.lists(st.integers(0, 20 * HOUR), min_size=1, max_size=12)))
    until = begin + 26 * HOUR

    expected = [time for time in oracle.over(begin, spans, until) if time is not None]
    reached = np.array(spans[: len(expected)], np.int64)
    assert made.since(begin).times(reached).tolist() == expected
    fresh = rhythm(*members, start=start, zone=zone, begin=begin, incidents=incidents)
    assert [fresh.over(begin, span) for span in reached.tolist()] == expected
    assert all(fresh.since(begin).elapsed(until) < span for span in spans[len(expected) :])
    for time in data.draw(st.lists(st.integers(begin, until), min_size=1, max_size=3)):
        fresh = rhythm(*members, start=start, zone=zone, begin=begin, incidents=incidents)
        assert fresh.since(begin).elapsed(time) == oracle.elapsed(begin, time) % 2**64
        assert fresh.factor(np.array([time])).tolist() == [oracle.factor(time)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_days_of_other_lengths_have_the_base_time_of_their_hours(zone: str) -> None:
    made = rhythm({"type": "hour_of_day", "factors": {"2": 0, "3": 5}}, zone=zone)
    local = Zone.named(zone)
    for day in range(366):
        wall = (parse_moment("2024-01-01T00:00:00Z").microseconds // 10**6 + day * 86400) * 10**6
        begin, end = local.instant(wall), local.instant(wall + 86400 * 10**6)
        minutes = np.arange(begin, end, 60 * 10**6, dtype=np.int64)
        hours = local.local(minutes) // (3600 * 10**6) % 24
        expected = 60 * SECOND * int(np.where(hours == 2, 0, np.where(hours == 3, 5, 1)).sum())
        since = (begin - parse_moment("2024-01-01T00:00:00Z").microseconds) * 1000
        if since >= 0:
            assert made.since(since).elapsed(since + (end - begin) * 1000) == expected, day
