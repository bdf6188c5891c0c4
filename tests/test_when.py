"""Times in relation to others: steps, cuts, wall clocks, and what is no time."""

from datetime import UTC, datetime

import pytest

from datagen.moment import parse_moment
from datagen.when import moment_in, parse_when
from datagen.zone import Zone

BERLIN = Zone.named("Europe/Berlin")
NOW = parse_moment("2024-04-03T15:20:30.5Z").microseconds  # a Wednesday, 17:20:30.5 in Berlin


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", "2024-04-03T17:20:30.5+02:00"),
        ("NOW", "2024-04-03T17:20:30.5+02:00"),
        ("-30D", "2024-03-04T16:20:30.5+01:00"),
        ("now-7D", "2024-03-27T16:20:30.5+01:00"),
        ("now+1H30M", "2024-04-03T18:50:30.5+02:00"),
        ("now-PT1H", "2024-04-03T16:20:30.5+02:00"),
        ("-90", "2024-04-03T17:19:00.5+02:00"),
        ("today", "2024-04-03T00:00+02:00"),
        ("yesterday", "2024-04-02T00:00+02:00"),
        ("today+9H", "2024-04-03T09:00+02:00"),
        ("@S", "2024-04-03T17:20:30+02:00"),
        ("now@M", "2024-04-03T17:20+02:00"),
        ("now-1D@H", "2024-04-02T17:00+02:00"),
        ("now@d", "2024-04-03T00:00+02:00"),
        ("now@W", "2024-04-01T00:00+02:00"),
        ("now@MON", "2024-04-01T00:00+02:00"),
        ("now@Y", "2024-01-01T00:00+01:00"),
        ("now@Y-1S@MON", "2023-12-01T00:00+01:00"),
        ("now-3D@D", "2024-03-31T00:00+01:00"),
        ("2024-03-31T12:00", "2024-03-31T12:00+02:00"),
        ("2024-03-31T12:00Z", "2024-03-31T14:00+02:00"),
        ("2024-03-31T12:00+05:00", "2024-03-31T09:00+02:00"),
    ],
)
def test_a_time_is_found_on_the_clocks_of_a_zone(text: str, time: str) -> None:
    assert moment_in(BERLIN, parse_when(text).at(NOW, BERLIN)) == parse_moment(time)


def test_yesterday_is_the_day_before_whatever_its_length() -> None:
    """On the day of a change of clocks, 24 hours before midnight is 23:00 or 01:00."""
    for day, before, offset in (("2024-04-01", "2024-03-31", "+01:00"), ("2024-10-28", "2024-10-27", "+02:00")):
        now = BERLIN.instant(parse_moment(f"{day}T00:30").microseconds)
        expected = parse_moment(f"{before}T00:00{offset}").microseconds
        assert parse_when("yesterday").at(now, BERLIN) == expected


def test_a_datetime_is_a_time() -> None:
    assert parse_when(datetime(2024, 4, 3, 15, 20, 30, 500000, tzinfo=UTC)).at(0, BERLIN) == NOW


@pytest.mark.parametrize(("text", "counts"), [("+30D", True), ("-1D", False), ("now+1D", False), ("2024-01-01", False)])
def test_an_end_with_a_plus_counts_from_the_start(text: str, counts: bool) -> None:
    assert parse_when(text).counts_from_start is counts


@pytest.mark.parametrize(
    ("text", "oddity"),
    [
        ("2024-03-31T02:30", "skip 2024-03-31T02:30: it is taken as 2024-03-31T03:30:00.000000+02:00"),
        ("2024-10-27T02:30", "show 2024-10-27T02:30 twice: the first time is taken"),
        ("2024-10-27T03:00", None),
        ("2024-10-27T02:30+01:00", None),
        ("now", None),
    ],
)
def test_a_wall_time_that_comes_twice_or_never_is_odd(text: str, oddity: str | None) -> None:
    found = parse_when(text).oddity(BERLIN)
    assert (found or "").endswith(oddity or "")
    assert (found is None) == (oddity is None)


@pytest.mark.parametrize(
    "text",
    ["soon", "nowx", "now@", "now@Q", "now-", "--3D", "-3Q", "@", "now 1D", "+", "tomorrow", "now-1D-", "now@1H"],
)
def test_what_is_no_such_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a time such as 2001-12-20T13:13:12, now, today, -7D or now-1D@H"):
        parse_when(text)


@pytest.mark.parametrize("text", ["", "2024-13-01", "17", None, 5])
def test_what_looks_like_no_relative_time_is_read_as_iso(text: object) -> None:
    with pytest.raises(ValueError, match="must be an ISO 8601 time"):
        parse_when(text)


def test_a_time_before_all_time_is_refused() -> None:
    with pytest.raises(ValueError, match="is beyond all time"):
        parse_when("now" + 9 * "-100000D" + "@D").at(NOW, BERLIN)
