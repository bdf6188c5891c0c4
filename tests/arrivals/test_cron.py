"""The source ``cron`` against a matcher of its own, and on nights of a change of clocks."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from cronsim import CronSim

from datagen.moment import parse_moment
from tests.arrivals.born import born
from tests.fresh import FRESH_SEED
from tests.worlds import START

MOST_COMPARED = 2000  # matches, with the library, which takes 10 µs for each
MINUTES = 366 * 24 * 60  # of 2024
YEAR = np.datetime64("2024-01-01T00:00") + np.arange(MINUTES).astype("timedelta64[m]")
MONTH = YEAR.astype("datetime64[M]")
LAST = ((MONTH + 1).astype("datetime64[D]") - 1).astype("datetime64[D]")  # day of each minute's month
FIELDS = {  # what each minute has: minute, hour, day of month, month, day of week from Sunday
    "minute": np.arange(MINUTES) % 60,
    "hour": np.arange(MINUTES) // 60 % 24,
    "day": (YEAR.astype("datetime64[D]") - MONTH.astype("datetime64[D]")).astype(int) + 1,
    "month": MONTH.astype(int) % 12 + 1,
    "weekday": (YEAR.astype("datetime64[D]").astype(int) + 4) % 7,
}
RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def field_of(chosen: random.Random, name: str) -> str:
    """Make up a field."""
    low, high = RANGES[name]
    first, last = sorted(chosen.sample(range(low, high + 1), 2))
    step = chosen.randint(2, 7)
    listed = ",".join(map(str, sorted(chosen.sample(range(low, high + 1), 3))))
    kinds = [str(first), str(first), f"{first}-{last}", f"{first}-{last}/{step}", listed]
    return chosen.choice(kinds if name in ("minute",) else [*kinds, "*", "*", "*", f"*/{step}"])


def is_in(field: str, name: str) -> np.ndarray:
    """Return which minutes of the year a field matches, by the manual of cron (crontab(5))."""
    low, high = RANGES[name]
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        numbers |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    if name == "weekday":
        numbers = {number % 7 for number in numbers}
    return np.isin(FIELDS[name], list(numbers))


def matches(expression: str) -> list[int]:
    """Return the minutes of the year that an expression matches."""
    fields = dict(zip(RANGES, expression.split(), strict=True))
    found = {name: is_in(field, name) for name, field in fields.items()}
    has_star = fields["day"].startswith("*") or fields["weekday"].startswith("*")
    days = found["day"] & found["weekday"] if has_star else found["day"] | found["weekday"]
    return np.flatnonzero(found["minute"] & found["hour"] & found["month"] & days).tolist()


def minutes_of(expression: str, **keys: object) -> list[int]:
    found = born({"type": "cron", "expression": expression, **keys}, "366D")
    assert all(time % (60 * 10**9) == 0 for time in found)
    return [time // (60 * 10**9) for time in found]


@pytest.mark.parametrize("seed", range(8))
def test_its_times_over_a_year_are_those_of_a_matcher_and_of_its_library(seed: int) -> None:
    chosen = random.Random(seed)
    start = parse_moment(START).microseconds // (60 * 10**6)
    for _ in range(10):
        expression = " ".join(field_of(chosen, name) for name in RANGES)
        expected = matches(expression)
        if not expected:
            continue
        assert minutes_of(expression) == expected, expression
        library = CronSim(expression, np.datetime64("2023-12-31T23:59:59").astype(object))
        times = [next(library) for _ in expected[:MOST_COMPARED]]
        assert [np.datetime64(time, "m").astype(int) - start for time in times] == expected[:MOST_COMPARED], expression


def wall_of(zone: str) -> np.ndarray:
    """Return what the clocks of a zone show at each minute of the year, as minutes since the year began."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half) for half in range(MINUTES // 30)]
    offsets = [time.astimezone(ZoneInfo(zone)).utcoffset() // timedelta(minutes=1) for time in hours]
    return np.arange(MINUTES) + np.repeat(offsets, 30)


def by_debians_rule(expression: str, zone: str) -> list[int]:
    """Return the minutes of the year that an expression matches where clocks are changed, by the manual of cron(8)."""
    wall, wanted = wall_of(zone), np.zeros(MINUTES, bool)
    wanted[matches(expression)] = True
    in_year = (wall >= 0) & (wall < MINUTES)
    if any(field.startswith("*") for field in expression.split()[:2]):  # real time counts
        return np.flatnonzero(in_year & wanted[np.clip(wall, 0, MINUTES - 1)]).tolist()
    latest = np.maximum.accumulate(wall)  # what is shown again has been there before
    return sorted({int(np.searchsorted(latest, minute)) for minute in np.flatnonzero(wanted) if minute <= wall[-1]})


# Lord Howe, with half an hour, is left out: there cronsim passes by the match at the end of the change.
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "America/St_Johns", "Africa/Casablanca"])
def test_where_clocks_are_changed_its_times_over_a_year_are_those_of_a_matcher(zone: str) -> None:
    chosen = random.Random(f"{FRESH_SEED} {zone}")
    for _ in range(6):
        expression = " ".join(["*/30" if chosen.random() < 0.2 else field_of(chosen, "minute"), *hourly(chosen)])
        expected = [minute for minute in by_debians_rule(expression, zone) if 1440 <= minute < MINUTES - 1440]
        found = [minute for minute in minutes_of(expression, timezone=zone) if 1440 <= minute < MINUTES - 1440]
        assert found == expected, expression


def hourly(chosen: random.Random) -> list[str]:
    """Make up the other fields, with hours at which clocks are changed among them."""
    hour = chosen.choice(["1", "2", "3", "1-3", "*", "*/2", field_of(chosen, "hour")])
    return [hour, *(field_of(chosen, name) for name in ("day", "month", "weekday"))]


def is_last(days: int) -> np.ndarray:
    """Return which minutes are in so many last days of their months."""
    return (LAST - YEAR.astype("datetime64[D]")).astype(int) < days


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("0 0 L * *", is_last(1)),
        ("0 0 * * 5L", (FIELDS["weekday"] == 5) & is_last(7)),
        ("0 0 * * 1#2", (FIELDS["weekday"] == 1) & (FIELDS["day"] > 7) & (FIELDS["day"] <= 14)),
        ("0 0 * * MON-FRI", (FIELDS["weekday"] > 0) & (FIELDS["weekday"] < 6)),
        ("0 0 * FEB *", FIELDS["month"] == 2),
        ("@yearly", (FIELDS["day"] == 1) & (FIELDS["month"] == 1)),
        ("@annually", (FIELDS["day"] == 1) & (FIELDS["month"] == 1)),
        ("@monthly", FIELDS["day"] == 1),
        ("@weekly", FIELDS["weekday"] == 0),
        ("@daily", FIELDS["day"] > 0),
        ("@midnight", FIELDS["day"] > 0),
    ],
)
def test_days_may_be_said_in_words(expression: str, wanted: np.ndarray) -> None:
    midnight = (FIELDS["hour"] == 0) & (FIELDS["minute"] == 0)
    assert minutes_of(expression) == np.flatnonzero(wanted & midnight).tolist()


def test_every_hour_has_a_word() -> None:
    assert minutes_of("@hourly") == list(range(0, MINUTES, 60))


@pytest.mark.parametrize(
    ("expression", "seconds", "expected"),
    [
        ("*/20 0 0 * * *", "first", [0, 20, 40]),
        ("0 0 * * * */20", "last", [0, 20, 40]),
        ("5 1 0 * * *", "first", [65]),
        ("5 1 0 * * *", None, [65]),
        ("5 1 * * * 7", "last", [3907]),
    ],
)
def test_six_fields_have_seconds_first_or_last(expression: str, seconds: str | None, expected: list[int]) -> None:
    keys = {} if seconds is None else {"seconds": seconds}
    found = born({"type": "cron", "expression": expression, **keys}, "2H")
    assert [time / 10**9 for time in found] == expected


# What Debian's cron does, by its manual, written by hand: expression, and the times in UTC from midnight to 6 on the
# wall clock of the night. In Berlin clocks go from 2:00 to 3:00 (at 1:00 UTC), and from 3:00 to 2:00 (at 1:00 UTC); in
# New York from 2:00 to 3:00 (at 7:00 UTC), and from 2:00 to 1:00 (at 6:00 UTC).
BERLIN_SPRING = ("Europe/Berlin", "2024-03-30T23:00:00Z", "5H")
BERLIN_AUTUMN = ("Europe/Berlin", "2024-10-26T22:00:00Z", "7H")
NEW_YORK_SPRING = ("America/New_York", "2024-03-10T05:00:00Z", "5H")
NEW_YORK_AUTUMN = ("America/New_York", "2024-11-03T04:00:00Z", "7H")
NIGHTS = [
    (BERLIN_SPRING, "30 1 * * *", "00:30"),
    (BERLIN_SPRING, "30 2 * * *", "01:00"),
    (BERLIN_SPRING, "0 2 * * *", "01:00"),
    (BERLIN_SPRING, "0 3 * * *", "01:00"),
    (BERLIN_SPRING, "30 3 * * *", "01:30"),
    (BERLIN_SPRING, "15,45 2 * * *", "01:00"),
    (BERLIN_SPRING, "0 1-4 * * *", "00:00 01:00 02:00"),
    (BERLIN_SPRING, "0 * * * *", "23:00 00:00 01:00 02:00 03:00"),
    (BERLIN_SPRING, "30 * * * *", "23:30 00:30 01:30 02:30 03:30"),
    (BERLIN_SPRING, "*/30 2 * * *", ""),
    (BERLIN_SPRING, "*/30 1-3 * * *", "00:00 00:30 01:00 01:30"),
    (BERLIN_AUTUMN, "30 1 * * *", "23:30"),
    (BERLIN_AUTUMN, "30 2 * * *", "00:30"),
    (BERLIN_AUTUMN, "0 2 * * *", "00:00"),
    (BERLIN_AUTUMN, "0 3 * * *", "02:00"),
    (BERLIN_AUTUMN, "15,45 2 * * *", "00:15 00:45"),
    (BERLIN_AUTUMN, "0 1-4 * * *", "23:00 00:00 02:00 03:00"),
    (BERLIN_AUTUMN, "30 * * * *", "22:30 23:30 00:30 01:30 02:30 03:30 04:30"),
    (BERLIN_AUTUMN, "*/30 2 * * *", "00:00 00:30 01:00 01:30"),
    (NEW_YORK_SPRING, "30 2 * * *", "07:00"),
    (NEW_YORK_SPRING, "30 1 * * *", "06:30"),
    (NEW_YORK_SPRING, "*/30 2 * * *", ""),
    (NEW_YORK_SPRING, "30 * * * *", "05:30 06:30 07:30 08:30 09:30"),
    (NEW_YORK_AUTUMN, "30 1 * * *", "05:30"),
    (NEW_YORK_AUTUMN, "0 2 * * *", "07:00"),
    (NEW_YORK_AUTUMN, "*/30 1 * * *", "05:00 05:30 06:00 06:30"),
    (NEW_YORK_AUTUMN, "0 * * * *", "04:00 05:00 06:00 07:00 08:00 09:00 10:00"),
]


@pytest.mark.parametrize(("night", "expression", "expected"), NIGHTS)
def test_on_nights_of_a_change_of_clocks_it_does_as_debian_does(night: tuple, expression: str, expected: str) -> None:
    zone, start, span = night
    found = born({"type": "cron", "expression": expression, "timezone": zone}, span, start=start)
    begin = np.datetime64(start.removesuffix("Z"), "ns")
    assert " ".join(str(begin + np.timedelta64(time, "ns"))[11:16] for time in found) == expected
