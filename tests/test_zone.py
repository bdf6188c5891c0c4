"""Wall clocks: against ``zoneinfo``, one time after the other, around changes of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from datagen.moment import parse_moment
from datagen.zone import DAY, HOUR, MINUTE, Zone

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
CHANGES = ["2024-03-10", "2024-03-31", "2024-04-07", "2024-10-06", "2024-10-27", "2024-11-03"]
EPOCH = datetime(1970, 1, 1)


def micros(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize("name", ZONES)
def test_a_column_of_wall_times_is_that_of_zoneinfo(name: str) -> None:
    times = [
        datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=7 * k)
        for day in CHANGES
        for k in range(400)
    ]
    wall = Zone.named(name).local(np.array([micros(time) for time in times])[::-1])
    assert wall[::-1].tolist() == [micros(time.astimezone(ZoneInfo(name))) for time in times]


@pytest.mark.parametrize("name", ZONES)
def test_a_wall_time_is_read_as_python_reads_it_also_when_it_is_skipped_or_repeated(name: str) -> None:
    for day in CHANGES:
        for k in range(-40, 250):
            wall = datetime.fromisoformat(day) + timedelta(minutes=7 * k)
            expected = micros(wall.replace(tzinfo=ZoneInfo(name)).astimezone(UTC))
            assert Zone.named(name).instant(micros(wall)) == expected, wall


def test_stretches_meet_and_hold_one_offset_each() -> None:
    begin, end = (parse_moment(f"{year}-01-01T00:00:00Z").microseconds for year in (2024, 2025))
    stretches = Zone.named("Europe/Berlin").stretches(begin, end)
    assert [offset for _, _, offset in stretches] == [HOUR, 2 * HOUR, HOUR]
    assert [since for since, _, _ in stretches] == [begin, *(until for _, until, _ in stretches[:-1])]
    assert stretches[1][0] == parse_moment("2024-03-31T01:00:00Z").microseconds
    assert stretches[-1][1] == end


def test_an_offset_is_a_zone_of_its_own() -> None:
    zone = Zone.of(parse_moment("2024-01-01T00:00:00-05:30"))
    assert zone.local(np.zeros(1, np.int64)).tolist() == [-5 * HOUR - 30 * MINUTE]
    assert zone.stretches(0, DAY) == [(0, DAY, -5 * HOUR - 30 * MINUTE)]


@pytest.mark.parametrize("name", ["Europe/Berln", "../etc/passwd", "", "berlin time"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        Zone.named(name)
