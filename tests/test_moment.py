"""Texts that are times, each with one meaning, and texts that look like times and are refused."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.moment import Moment, parse_moment
from tests.worlds import records_of, uniform, world

# The shapes of all texts that are times, with 9 for a digit and what the digits of each part say.
DATES = {
    "9999": "year",
    "9999-99": "year month",
    "9999-99-99": "year month day",
    "99999999": "year month day",
    "9999-W99": "year week",
    "9999W99": "year week",
    "9999-W99-9": "year week weekday",
    "9999W999": "year week weekday",
    "9999-999": "year ordinal",
}
WHOLE_DATES = set(DATES) - {"9999", "9999-99"}
CLOCKS = ["99", "99:99", "99:99:99", "99:99:99.9", "9999", "999999", "999999.9"]
OFFSETS = ["", "Z", "+99", "-99", "+99:99", "-99:99", "+9999", "-9999"]
SHAPES = {*DATES, *map("".join, product(WHOLE_DATES, "T :", CLOCKS, OFFSETS))}
PLACES = {"year": 4, "month": 2, "day": 2, "week": 2, "weekday": 1, "ordinal": 3}


def read_strictly(text: str) -> tuple[datetime, timedelta | None]:
    """Read a time by its shape: the time as its clock shows it, and its offset. Raises ValueError."""
    text = text.strip().upper().replace(",", ".")
    shape = re.sub("[0-9]", "9", text)
    if re.sub(r"(?<=\.)9+", "9", shape) not in SHAPES:
        raise ValueError
    shape = max((known for known in DATES if shape.startswith(known)), key=len)
    digits, parts = re.sub("[^0-9]", "", text[: len(shape)]), {}
    for name in DATES[shape].split():
        parts[name], digits = int(digits[: PLACES[name]]), digits[PLACES[name] :]
    clock, sign, offset = re.fullmatch("([0-9:.]*)([Z+-]?)([0-9:]*)", text[len(shape) + 1 :]).groups()
    whole, _, fraction = clock.replace(":", "").partition(".")
    hour, minute, second = (int(whole[at : at + 2] or 0) for at in (0, 2, 4))
    hours, minutes = int(offset[:2] or 0), int(offset[2:].strip(":") or 0)
    ends_the_day = hour == 24 and not (minute or second or int(fraction or 0)) and "week" not in parts
    if not (hour < 24 or ends_the_day) or max(minute, second, minutes) > 59 or hours > 23:
        raise ValueError
    ahead = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    span = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction[:6].ljust(6, "0")))
    try:
        return datetime.combine(day_of(**parts), datetime.min.time()) + span, ahead if sign else None
    except OverflowError as error:
        raise ValueError from error


def day_of(
    year: int, month: int = 1, day: int = 1, week: int | None = None, weekday: int = 1, ordinal: int | None = None
) -> date:
    if week is not None:
        return date.fromisocalendar(year, week, weekday)
    found = date(year, month, day) + timedelta(days=ordinal - 1 if ordinal is not None else 0)
    if found.year != year:
        raise ValueError
    return found


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def nearly_times(draw: st.DrawFn) -> str:
    """Make up a text of the shape of a time, most often with likely digits, at times with something wrong."""
    shape = draw(st.sampled_from(sorted(SHAPES)))
    usual = draw(st.sampled_from(["0123456789", "012", "0112"]))
    text = re.sub("9", lambda _: draw(st.sampled_from(usual)), shape)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from([*"0123456789TWZ:-+.,x tz٣", "", "T1", "00"])) + text[at + 1 :]
    return text


@settings(max_examples=2000)
@given(st.one_of(nearly_times(), digits(8), digits(10), digits(12), digits(13), digits(14)))
def test_a_text_is_read_as_what_it_says_or_refused(text: str) -> None:
    try:
        local, ahead = read_strictly(text)
    except ValueError:
        with pytest.raises(ValueError, match="must be an ISO 8601 time"):
            parse_moment(text)
        return
    found = parse_moment(text)
    since = local - (ahead or timedelta()) - datetime(1970, 1, 1)
    assert found.microseconds == since // timedelta(microseconds=1)
    assert (found.zone is None) is (ahead is None)
    assert parse_moment(found.text) == found


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("20240101120000Z", "write 20240101T120000Z"),
        ("202401011200+0200", "write 20240101T1200+0200"),
        ("1712111100", "write 2024-04-03T02:25:00Z if these are seconds since 1970"),
        ("1712111100000", "write 2024-04-03T02:25:00.000Z if these are milliseconds since 1970"),
        (1712111100000, "write 2024-04-03T02:25:00.000Z if these are milliseconds since 1970"),
    ],
)
def test_digits_that_could_mean_something_else_are_refused_with_what_to_write(text: object, instead: str) -> None:
    with pytest.raises(ValueError, match=re.escape(instead)):
        parse_moment(text)


@pytest.mark.parametrize("text", ["20240101120000Z", "1712111100000", "2024-01-01x10:00", "2024-W53-1"])
def test_a_time_is_read_strictly_wherever_one_may_stand(generate, text: str) -> None:
    born = {"type": "timestamp", "name": "born", "distribution": uniform(text, "2030-01-01")}
    filtered = {"type": "stdout", "through": [{"type": "filter", "where": f"time >= '{text}'"}]}
    called = filtered | {"through": [{"type": "filter", "where": f"time >= time('{text}')"}]}
    for spec in (world(born), world(target=filtered), world(target=called)):
        outcome = generate(spec, "-n", 1)
        assert outcome.code == 2
        assert f'must be an ISO 8601 time such as 2001-12-20T13:13:12, found "{text}"' in outcome.err
    assert generate(world(), "-n", 1, "-s", text).code == 2


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.000000+05:00", "9999-12-31T23:00:00.000000-05:00"])
def test_a_time_that_is_in_no_year_of_utc_is_written_as_it_was_read(text: str) -> None:
    assert parse_moment(text).text == text


def test_a_datetime_is_taken_as_what_it_is() -> None:
    offset = timezone(timedelta(hours=5, minutes=30))
    assert parse_moment(datetime(2024, 1, 1, 5, 30, tzinfo=offset)) == Moment(1704067200_000000, "+05:30")
    assert parse_moment(datetime(2024, 1, 1, tzinfo=UTC)).zone == "UTC"
    assert parse_moment(datetime(2024, 1, 1)).zone is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-s", "0001-01-01T00:00:00+05:00"], "-s: must not be before 0001-01-01 or from 9999-12-31 on (UTC)"),
        (["-s", "9999-12-31T23:00:00-05:00"], "-s: must not be before"),
        (["-s", "9999-12-31T00:00:00"], "-s: must not be before"),
        (["-s", "9999-12-30", "-r", "P1DT1S"], "-r: would lead past the year 9999"),
        (["-s", "2024-01-01", "-r", "P60000D"], "-r: would lead past the year 9999, or 146 years after the start"),
    ],
)
def test_a_run_that_would_leave_the_years_that_have_a_name_is_refused(generate, options: list[str], reason) -> None:
    outcome = generate(world(), *options)
    assert outcome.code == 2
    assert reason in outcome.err


@pytest.mark.parametrize("offset", ["", "Z", "+23:59", "-23:59"])
@pytest.mark.parametrize("year", ["0001-01-02", "9999-12-29"])
def test_a_run_at_the_edge_of_the_years_shows_its_times(year: str, offset: str) -> None:
    start = f"{year}T00:00:00.000{offset}"
    assert [record["time"] for record in records_of(world(), 1, start=start)] == [start]
    born = {"type": "timestamp", "name": "born", "distribution": uniform(start, start)}
    assert records_of(world(born), 1)[0]["born"] == start


@pytest.mark.parametrize("where", ["time < '9999-12-31T23:59-12:00'", "time > time('0001-01-01T00:00+12:00')"])
def test_a_filter_compares_with_times_at_the_edge_of_the_years(generate, where: str) -> None:
    spec = world(target={"type": "stdout", "through": [{"type": "filter", "where": where}]})
    assert len(generate(spec, "-n", 3).records) == 3
