"""Wall clocks: against ``zoneinfo``, one time after the other, around changes of clocks."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import tzdata

from datagen.moment import parse_moment
from datagen.zone import DAY, HOUR, MINUTE, Zone, version_of

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
CHANGES = ["2024-03-10", "2024-03-31", "2024-04-07", "2024-10-06", "2024-10-27", "2024-11-03"]
EPOCH = datetime(1970, 1, 1)


def micros(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1)


@pytest.fixture
def system(tmp_path) -> Iterator[Path]:
    """A system with zones of its own, an old Berlin."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(files("tzdata").joinpath("zoneinfo/Europe/Paris").read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    yield tmp_path
    zoneinfo.reset_tzpath(before)


def test_the_version_of_a_zone_is_that_of_where_zoneinfo_takes_it_from(system: Path) -> None:
    assert version_of("Asia/Tokyo") == f"tzdata {tzdata.IANA_VERSION}"
    of_file = version_of("Europe/Berlin")
    assert of_file.startswith(f"time zones of {system}, Europe/Berlin ")
    (system / "Europe" / "Berlin").write_bytes(b"another one")
    assert version_of("Europe/Berlin") != of_file
    (system / "tzdata.zi").write_text("# version 1997a\nR A\n")
    assert version_of("Europe/Berlin") == "tzdata 1997a"


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
