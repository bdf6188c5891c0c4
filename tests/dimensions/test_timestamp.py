"""How a ``timestamp`` is written: in formats, by the clocks of zones."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import records_of, uniform, world

ZONED = uniform("2024-01-01T00:00:00+02:00", "2024-12-31T00:00:00+02:00")
WALL = uniform("1960-01-01", "2024-12-31")


def stamp(name: str, distribution: dict, **keys: object) -> dict:
    return {"name": name, "type": "timestamp", "distribution": distribution, **keys}


def alike(distribution: dict, **formats: dict) -> list[dict]:
    """Records with one and the same time in several formats: the draws of a field follow from its name."""
    found: dict[str, list] = {}
    for name, keys in {"plain": {}, **formats}.items():
        found[name] = [record["v"] for record in records_of(world(stamp("v", distribution, **keys)), 300)]
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def test_a_time_with_an_offset_is_written_by_its_own_clock_or_that_of_a_zone() -> None:
    berlin = {"format": "iso", "timezone": "Europe/Berlin"}
    formats = {"day": {"format": "%d.%m.%Y %H:%M"}, "berlin": berlin, "ms": {"format": "epoch_ms"}}
    for record in alike(ZONED, **formats):
        time = datetime.fromisoformat(record["plain"])
        assert record["day"] == time.strftime("%d.%m.%Y %H:%M")
        assert record["berlin"] == time.astimezone(ZoneInfo("Europe/Berlin")).isoformat(timespec="milliseconds")
        assert record["ms"] == round(time.timestamp() * 1000)


def test_a_time_of_a_wall_clock_is_written_as_it_is() -> None:
    for record in alike(WALL, day={"format": "%Y-%m-%d"}, us={"format": "iso_us"}, s={"format": "epoch_s"}):
        time = datetime.fromisoformat(record["plain"])
        assert record["day"] == record["plain"][:10]
        assert record["us"] == f"{record['plain']}000"
        assert record["s"] == time.replace(tzinfo=UTC).timestamp() // 1


@pytest.mark.parametrize(
    ("distribution", "keys", "problem"),
    [
        (WALL, {"format": "iso", "timezone": "UTC"}, "timezone: can only be where the times have an offset"),
        (ZONED, {"timezone": "UTC"}, "timezone: can only be with a format that shows a clock"),
        (ZONED, {"format": "epoch_ms", "timezone": "UTC"}, "timezone: can only be with a format that shows a clock"),
        (ZONED, {"format": "ISO"}, "format: must be one of iso, iso_us, epoch_ns"),
    ],
)
def test_what_can_not_be_written_is_told(distribution: dict, keys: dict, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        datagen.load(world(stamp("v", distribution, **keys)))
