"""Profiles: what the clock of each kind does, hour by hour and day by day, against what can be counted by hand."""

import math
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine.rhythm import Rhythm
from datagen.language.schema import examples
from datagen.plugin.model import named_libraries
from datagen.plugin.profile import Profile
from datagen.plugin.registry import Registry
from datagen.problems import RunFailed
from tests.engine.test_rhythm import DAY, HOUR, SECOND, rhythm
from tests.worlds import world

MINUTE = 60 * SECOND
NANOSECOND_A_MINUTE = 24 * 60  # each minute is rounded down to whole ns: so much at most in a day


def base(made: Rhythm, begin: float, end: float) -> int:
    """The base time from one hour after the start to another, in ns."""
    return made.since(0).elapsed(round(end * HOUR)) - made.since(0).elapsed(round(begin * HOUR))


def factor(made: Rhythm, *hours: float) -> list[float]:
    return made.factor(np.array([round(hour * HOUR) for hour in hours])).tolist()


@pytest.mark.parametrize("kind", Registry().of("profile").values(), ids=lambda kind: kind.kind)
def test_the_example_of_every_kind_is_valid_and_has_a_finite_factor(kind: Any) -> None:
    [example] = examples(kind)
    made = rhythm(example, incidents={"outage": [(0, 1)]})
    found = made.factor(np.arange(0, 40 * DAY, 7 * HOUR))
    assert ((found >= 0) & (found <= 1e6)).all()


def test_the_base_time_of_each_hour_is_its_factor() -> None:
    factors = [0.5 + hour / 8 for hour in range(24)]
    made = rhythm({"type": "hour_of_day", "factors": factors})
    found = [base(made, hour, hour + 1) / HOUR for hour in range(24)]
    assert found == pytest.approx(factors, abs=1e-9)


def test_smooth_hours_pass_into_one_another_at_half_past() -> None:
    made = rhythm({"type": "hour_of_day", "factors": {"9": 3, "10": 1, "11": 0}, "smooth": True})
    assert factor(made, 9.5, 10, 10.5, 10.75, 11.5, 0) == pytest.approx([3, 2, 1, 0.75, 0, 1])
    assert base(made, 9.5, 10.5) == pytest.approx(2 * HOUR, abs=NANOSECOND_A_MINUTE)


def test_minutes_of_the_hour_come_every_hour() -> None:
    made = rhythm({"type": "minute_of_hour", "factors": {"0": 10, "30": 0}})
    assert factor(made, 5, 5 + 1 / 60, 5.5, 5 + 31 / 60) == [10, 1, 0, 1]
    assert base(made, 3, 4) == 68 * MINUTE


@pytest.mark.parametrize(
    "days", [{"saturday": 0.5, "Sun": 0}, {"6": 0.5, "0": 0}, {"6": 0.5, "7": 0}, [0, 1, 1, 1, 1, 1, 0.5]]
)
def test_days_of_the_week_have_names_and_numbers(days: Any) -> None:
    made = rhythm({"type": "day_of_week", "factors": days}, start="2024-01-05T00:00:00")  # a Friday
    assert [base(made, 24 * day, 24 * day + 24) / DAY for day in range(4)] == [1, 0.5, 0, 1]


def test_days_of_the_month_and_months_follow_the_calendar() -> None:
    days = rhythm({"type": "day_of_month", "factors": {"29": 3, "1": 2}}, start="2024-02-28T00:00:00")
    assert [base(days, 24 * day, 24 * day + 24) / DAY for day in range(4)] == [1, 3, 2, 1]
    months = rhythm({"type": "month_of_year", "factors": [1, 2, 3, *[0] * 9]}, start="2023-01-31T00:00:00")
    assert [base(months, 24 * day, 24 * day + 24) / DAY for day in (0, 1, 28, 29, 60)] == [1, 2, 2, 3, 0]


def test_what_is_between_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    night = {"type": "between", "from": "22:00", "until": "02:30", "days": ["fri"], "factor": 4, "otherwise": 0.5}
    made = rhythm(night, start="2024-01-04T00:00:00")  # a Thursday
    hours = [22, 24, 24 + 21.9, 24 + 22, 48, 48 + 2.49, 48 + 2.5, 48 + 22]
    assert factor(made, *hours) == [0.5, 0.5, 0.5, 4, 4, 4, 0.5, 0.5]
    assert base(made, 24, 72) == round((4.5 * 4 + 43.5 * 0.5) * HOUR)


@pytest.mark.parametrize("hour", [0.5, 12, 23.5])
def test_a_peak_is_a_bell_that_reaches_over_midnight_within_its_day(hour: float) -> None:
    made = rhythm({"type": "peaks", "days": {"1": [{"hour": hour, "sigma": 1.25, "weight": 3}]}})
    at = np.arange(0, 24, 0.25)
    away = np.minimum(np.abs(at - hour), 24 - np.abs(at - hour))
    expected = 3 * np.exp(-((away / 1.25) ** 2) / 2)
    found = np.array(factor(made, *at))
    assert np.allclose(found, np.where(expected > 0, expected, 0.001), atol=1e-8)
    whole = 3 * 1.25 * math.sqrt(2 * math.pi) * math.erf(12 / 1.25 / math.sqrt(2))
    assert base(made, 0, 24) / HOUR == pytest.approx(whole, rel=1e-4)  # straight between minutes


def test_a_day_without_peaks_is_as_the_nearest_one_before_it() -> None:
    days = {"tue": [{"hour": 6, "sigma": 1, "weight": 1}], "6": [{"hour": 18, "sigma": 1, "weight": 2}]}
    made = rhythm({"type": "peaks", "days": days})  # from a Monday on
    assert factor(made, 18, 24 + 6, 96 + 6, 120 + 18, 144 + 18, 168 + 18) == pytest.approx([2, 1, 1, 2, 2, 2])


def test_what_is_no_more_than_0_counts_as_a_thousandth() -> None:
    made = rhythm({"type": "peaks", "days": {"1": [{"hour": 6, "sigma": 0.3, "weight": 1}]}})
    assert factor(made, 6, 18) == pytest.approx([1, 0.001], abs=1e-9)


def test_a_sine_is_highest_a_quarter_after_its_phase_and_has_a_mean_of_1() -> None:
    made = rhythm({"type": "sine", "period": "1D", "amplitude": 0.6, "phase": 32400})
    assert factor(made, 9, 15, 21, 27) == pytest.approx([1, 1.6, 1, 0.4])
    assert base(made, 0, 48) == pytest.approx(2 * DAY, rel=1e-9)
    quarter = 6 * HOUR * (1 + 0.6 * 2 / math.pi)
    assert base(made, 9, 15) == pytest.approx(quarter, rel=1e-5)


def test_points_are_joined_and_steps_are_not() -> None:
    values = [["+1H", 0], ["+2H", 1], ["+4H", 3]]
    points, steps = (rhythm({"type": type_, "values": values}) for type_ in ("points", "steps"))
    assert factor(points, 0, 1, 1.5, 2, 3, 4, 100) == pytest.approx([0, 0, 0.5, 1, 2, 3, 3])
    assert factor(steps, 0, 1, 1.99, 2, 3.99, 4, 100) == [0, 0, 0, 1, 1, 3, 3]
    assert base(points, 0, 5) == pytest.approx(7.5 * HOUR, abs=NANOSECOND_A_MINUTE)


def test_points_that_repeat_begin_again_at_the_first_of_them() -> None:
    values = [["2024-01-01T06:00:00Z", 0], ["2024-01-01T12:00:00Z", 2]]
    made = rhythm({"type": "points", "values": values, "repeat": "1D"})
    assert factor(made, 9, 12, 29.99, 30, 33, 5.99) == pytest.approx([1, 2, 2, 0, 1, 2])
    assert base(made, 24, 48) == pytest.approx((6 * 1 + 18 * 2) * HOUR, abs=NANOSECOND_A_MINUTE)


def test_a_time_without_an_offset_is_wall_time() -> None:
    made = rhythm({"type": "steps", "values": [["2024-01-01", 1], ["2024-01-01T12:00", 5]]}, zone="America/New_York")
    assert factor(made, 16.99, 17) == [1, 5]


def test_growth_is_compound() -> None:
    made = rhythm({"type": "growth", "per": "30D", "factor": 1.1})
    days = [0, 15, 30, 60, 365, -30]
    made = rhythm({"type": "growth", "per": "30D", "factor": 1.1}, begin=-30 * DAY)
    assert factor(made, *(24 * day for day in days)) == pytest.approx([1.1 ** (day / 30) for day in days])


def test_holidays_are_days_of_the_wall_clock() -> None:
    made = rhythm({"type": "holidays", "country": "DE", "region": "BY", "factor": 0.25, "timezone": "Europe/Berlin"})
    known = holidays.country_holidays("DE", subdiv="BY", years=(2024, 2025))
    for hour in range(0, 2 * 365 * 24, 13):
        wall = datetime.fromtimestamp(1704067200 + 3600 * hour, UTC).astimezone(ZoneInfo("Europe/Berlin"))
        assert factor(made, hour) == [0.25 if wall.date() in known else 1]


def test_the_version_of_the_library_is_part_of_what_a_run_is() -> None:
    days = {"type": "holidays", "country": "DE", "factor": 0}
    spec = datagen.load(world(profiles={"a": 1, "b": ["a", days]})).spec
    assert named_libraries(spec) == [f"holidays {holidays.__version__}"]


def test_an_incident_slows_down_what_reads_it() -> None:
    start = 1704067200 * 10**6
    outage = [(start + 3600 * 10**6, start + 5400 * 10**6)]
    made = rhythm({"type": "during", "incident": "outage", "factor": 0.1}, incidents={"outage": outage})
    assert base(made, 0, 3) == pytest.approx(2.55 * HOUR, abs=NANOSECOND_A_MINUTE)
    assert factor(made, 0.99, 1, 1.49, 1.5) == pytest.approx([1, 0.1, 0.1, 1])


def test_jitter_is_drawn_evenly_for_each_stretch_and_keyed_by_its_name() -> None:
    jitter = {"type": "jitter", "low": 0.8, "high": 1.2, "each": "1H"}
    hours = np.arange(5000)
    found = np.array(factor(rhythm(jitter), *hours))
    assert found.min() < 0.801
    assert found.max() > 1.199
    assert found.mean() == pytest.approx(1, abs=4 * 0.4 / math.sqrt(12 * 5000))
    assert factor(rhythm(jitter), 3.01, 3.99) == factor(rhythm(jitter), 3, 3)
    named = [factor(rhythm(name, named={"a": jitter, "b": jitter}), *hours) for name in ("a", "b")]
    assert named[0] != named[1]
    assert named[0] == factor(rhythm(2, 0.5, "a", named={"a": jitter}), *hours)
    twice = factor(rhythm(jitter, jitter), *hours)
    assert twice != pytest.approx(list(found * found))


def test_a_zone_of_its_own_wins() -> None:
    hours = {"type": "hour_of_day", "factors": {"9": 7}}
    assert factor(rhythm(hours, zone="Asia/Kathmandu"), 3.25) == [7]
    assert factor(rhythm({**hours, "timezone": "UTC"}, zone="Asia/Kathmandu"), 3.25, 9) == [1, 7]


def test_nothing_happens_while_the_factor_is_0() -> None:
    made = rhythm({"type": "between", "from": "09:00", "until": "17:00", "factor": 1, "otherwise": 0})
    assert made.since(0).times(np.array([0, 1, HOUR, 8 * HOUR, 8 * HOUR + 1])).tolist() == [
        0,
        9 * HOUR + 1,
        10 * HOUR,
        17 * HOUR,
        33 * HOUR + 1,
    ]


@pytest.mark.parametrize(
    "members",
    [
        [0],
        [{"type": "hour_of_day", "factors": [0] * 24}],
        [{"type": "sine", "period": "1D", "amplitude": 1}, {"type": "steps", "values": [["+0S", 1], ["+1H", 0]]}],
        [{"type": "growth", "per": "1D", "factor": 2}, {"type": "points", "values": [["+0S", 1], ["+1H", 0]]}],
    ],
)
def test_what_ends_in_0_is_never_over_and_says_so(members: list) -> None:
    made = rhythm(*members)
    assert made.ends_in_zero
    assert made.since(0).times(np.array([0, 2 * HOUR])).tolist() == [0, NEVER]
    assert made.over(0, 2 * HOUR) == NEVER


def test_what_goes_on_is_never_said_to_end() -> None:
    assert not rhythm(1).ends_in_zero
    assert not rhythm({"type": "sine", "period": "1D", "amplitude": 1}).ends_in_zero
    assert not rhythm({"type": "steps", "values": [["+0S", 0], ["+1H", 1e-6]]}).ends_in_zero


def test_base_time_goes_on_behind_64_bits() -> None:
    made = rhythm(1000)
    since = made.since(0)
    year = 365 * DAY
    assert since.elapsed(year) == 1000 * year % 2**64
    spans = np.cumsum(np.full(1000, 1000 * DAY))
    assert spans.min() < 0  # beyond 64 bits
    assert since.times(spans).tolist() == (np.arange(1, 1001) * DAY).tolist()


def test_a_rhythm_goes_on_where_another_one_was() -> None:
    members = [
        {"type": "sine", "period": "7H", "amplitude": 0.7},
        {"type": "jitter", "low": 0, "high": 2, "each": 7777},
    ]
    made = rhythm(*members)
    since = made.since(0)
    spans = np.arange(1, 90, dtype=np.int64) * 12 * HOUR
    expected = since.times(spans)
    other = rhythm(*members)
    other.restore(made.snapshot())
    late = spans[expected > made.core.span()[0]]
    assert other.times(since.origin, late).tolist() == expected[expected > made.core.span()[0]].tolist()


class Odd(Profile):
    """A user's own, which makes whatever it is told to."""

    kind = "odd"
    made: ClassVar[Any] = None

    def speed(self, at: Any, scope: Any) -> Any:
        return self.made(len(at))

    def jumps(self, begin: int, end: int, scope: Any) -> Any:
        return np.array([begin + 0.25])


@pytest.mark.parametrize(
    "made", [lambda n: np.full(n, np.nan), lambda n: np.zeros(n + 1), lambda n: None, lambda n: ["a"] * n]
)
def test_what_a_profile_of_a_user_makes_must_be_numbers(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "made", staticmethod(made))
    with pytest.raises(RunFailed, match="reading a profile: odd must make an array of"):
        rhythm(Odd())


def test_what_is_below_0_or_too_large_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "made", staticmethod(lambda n: np.full(n, -3)))
    assert factor(rhythm(Odd()), 1) == [0]
    monkeypatch.setattr(Odd, "made", staticmethod(lambda n: np.full(n, 1e300)))
    assert factor(rhythm(Odd()), 1) == [1e6]


@pytest.mark.parametrize(
    "kind", [{"type": "sine", "period": "1D", "amplitude": 0.5}, {"type": "day_of_week", "factors": {"sat": 2}}, 1]
)
def test_time_ends_with_the_year_9999_and_begins_with_the_year_1(kind: Any) -> None:
    last = rhythm(kind, start="9999-12-30T12:00:00", zone="America/New_York")
    assert last.since(0).times(np.array([HOUR, 30 * HOUR])).tolist()[1:] == [NEVER]
    assert rhythm(kind, start="9999-12-31T00:00:00").since(0).times(np.array([0, HOUR])).tolist() == [0, NEVER]
    first = rhythm(kind, start="0001-01-01T00:00:00", zone="America/New_York")
    assert first.over(0, 30 * HOUR) < 60 * HOUR
