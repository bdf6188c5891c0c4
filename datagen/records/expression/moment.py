"""The functions of times: what the wall clock of a zone shows. A time without an offset is one of a wall clock."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.records.expression.facets import NUMBER, TEXT, TIME, as_numpy, in_years
from datagen.records.expression.function import Argument, Function
from datagen.records.strftime import formatted_time
from datagen.zone import DAY, HOUR, MINUTE, SECOND, Zone

_THURSDAY = 3  # days from Monday to the first of January, 1970


def no_zone(value: Any) -> str | None:
    """Return why a text is no zone; None when it is one."""
    try:
        zone_of(value)
    except ValueError as error:
        return str(error)
    return None


def zone_of(name: str) -> Zone:
    """Return a zone by its IANA name or an offset. Raises ValueError when there is none of that name."""
    is_offset = len(name) == 6 and name[0] in "+-" and name[3] == ":" and (name[1:3] + name[4:]).isdecimal()
    return Zone(name) if is_offset or name == "UTC" else Zone.named(name)


_TAKES = (
    Argument("time", (TIME,)),
    Argument("zone", (TEXT,), constant=True, optional=True, refuse=no_zone),
)


def _wall(times: pa.Array, zone: str) -> tuple[Integers, npt.NDArray[np.bool_], Integers]:
    """Return what a wall clock shows, in µs since its 1970, whether there is a time, and how far it is ahead of UTC."""
    at, there = as_numpy(times.cast(pa.int64()))
    if times.type.tz is None:
        return at, there, np.zeros(len(at), np.int64)
    there = there & in_years(at)
    at = np.where(there, at, 0)
    wall = zone_of(zone).local(at)
    return wall, there, wall - at


def formatted(times: pa.Array, codes: str, zone: str) -> pa.Array:
    """Write times with strftime codes, those of each offset at once."""
    wall, there, ahead = _wall(times, zone)
    if times.type.tz is None:
        return pc.if_else(pa.array(there), formatted_time(_milliseconds(wall, None), codes), None)
    made, order = [], []
    for offset in np.unique(ahead).tolist():
        rows = np.flatnonzero(ahead == offset)
        made.append(formatted_time(_milliseconds(wall[rows] - offset, _offset_text(offset)), codes))
        order.append(rows)
    if not made:
        return pa.array([], pa.string())
    texts = pa.concat_arrays(made).take(pa.array(np.argsort(np.concatenate(order), kind="stable")))
    return pc.if_else(pa.array(there), texts, None)


def _milliseconds(microseconds: Integers, zone: str | None) -> pa.Array:
    return pa.array(microseconds // 1000).cast(pa.timestamp("ms", zone))


def _offset_text(offset: int) -> str:
    minutes = abs(offset) // MINUTE
    return "UTC" if offset == 0 else f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _shown(read: Callable[[Integers], Integers]) -> Callable[[pa.Array, str], pa.Array]:
    """Return a function of times that reads something off a wall clock."""

    def calculate(times: pa.Array, zone: str) -> pa.Array:
        wall, there, _ = _wall(times, zone)
        return pa.array(read(wall), mask=~there)

    return calculate


def _dates(wall: Integers, unit: str) -> Integers:
    return wall.astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)


def _day(wall: Integers) -> Integers:
    months = wall.astype("datetime64[us]").astype("datetime64[M]")
    return wall // DAY - months.astype("datetime64[D]").astype(np.int64) + 1


def _function(name: str, read: Callable[[Integers], Integers], text: str, shown: int) -> Function:
    return Function(name, _TAKES, NUMBER, _shown(read), text, f"{name}(time)", shown, in_zone=True)


MOMENTS = (
    Function(
        "date",
        _TAKES,
        TEXT,
        lambda times, zone: formatted(times, "%Y-%m-%d", zone),
        "The day as a text.",
        "date(time)",
        "2024-03-01",
        in_zone=True,
    ),
    _function("day", _day, "The day of the month.", 1),
    Function(
        "hour",
        _TAKES,
        NUMBER,
        _shown(lambda wall: wall // HOUR % 24),
        "The hour of the day, in the zone of the spec or another.",
        "hour(time, 'Asia/Tokyo')",
        23,
        in_zone=True,
    ),
    _function("minute", lambda wall: wall // MINUTE % 60, "The minute of the hour.", 5),
    _function("month", lambda wall: _dates(wall, "M") % 12 + 1, "The month, 1 to 12.", 3),
    _function("second", lambda wall: wall // SECOND % 60, "The second of the minute, a whole number.", 9),
    _function("weekday", lambda wall: (wall // DAY + _THURSDAY) % 7 + 1, "1 for Monday to 7 for Sunday.", 5),
    _function("year", lambda wall: _dates(wall, "Y") + 1970, "The year.", 2024),
)
