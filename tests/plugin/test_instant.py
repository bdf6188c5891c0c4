"""Times and durations of a spec."""

from typing import Any

import pytest

from datagen.moment import parse_moment
from datagen.plugin.instant import Duration, Instant, Period, parse_at
from datagen.plugin.model import Model
from datagen.zone import Zone

START = parse_moment("2024-03-30T12:00:00Z")
BERLIN = Zone.named("Europe/Berlin")


class Thing(Model):
    lasts: Duration = 0
    each: Period = 1
    begins: Instant = parse_at("+0S")


@pytest.mark.parametrize(
    ("given", "seconds"), [(90, 90), (0.5, 0.5), ("15M", 900), ("1D", 86400), ("PT1H30M", 5400), (" 1h ", 3600)]
)
def test_a_duration_is_a_number_of_seconds_or_a_text(given: Any, seconds: float) -> None:
    assert Thing(lasts=given).lasts == seconds * 10**9


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-03-31T12:00:00Z", "2024-03-31T12:00:00Z"),
        ("2024-03-31T12:00:00+05:00", "2024-03-31T07:00:00Z"),
        ("2024-03-31T12:00", "2024-03-31T10:00:00Z"),
        ("2024-03-31T02:30", "2024-03-31T01:30:00Z"),
        ("+2H", "2024-03-30T14:00:00Z"),
        ("-1D", "2024-03-29T12:00:00Z"),
    ],
)
def test_a_time_is_absolute_or_in_the_zone_or_an_offset_from_the_start(given: str, expected: str) -> None:
    assert Thing(begins=given).begins.microseconds(START, BERLIN) == parse_moment(expected).microseconds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "given", "text"),
    [
        ("lasts", "soon", "must be a duration such as"),
        ("lasts", -1, "must be a duration"),
        ("lasts", True, "must be a duration"),
        ("each", 0, "must be longer than 0"),
        ("begins", "soon", "must be an ISO 8601 time or an offset from the start such as \\+2H, found"),
        ("begins", "+soon", "must be an offset from the start"),
        ("begins", 5, "must be an ISO 8601 time"),
    ],
)
def test_what_is_neither_is_refused(key: str, given: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Thing(**{key: given})
