"""Keys of field generators that write times: in a format, by the clock of a zone."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import Path_
from datagen.records.expression.moment import formatted
from datagen.records.text import as_milliseconds

_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1000, "epoch_us": 1}  # µs in one
_ISO = "%Y-%m-%dT%H:%M:%S"
FORMAT = "how it is written; without it, it is a time"


def format_problems(format_: str | None, timezone: str | None) -> Iterator[tuple[Path_, str]]:
    """Yield what is wrong with the keys ``format`` and ``timezone``."""
    known = ("iso", "iso_us", "epoch_ns", *_UNITS)
    if format_ is not None and format_ not in known and "%" not in format_:
        yield ("format",), f"must be one of {', '.join(known)}, or strftime codes such as %Y-%m-%d"
    if timezone is not None and (format_ is None or format_.startswith("epoch")):
        yield ("timezone",), "can only be with a format that shows a clock: iso, iso_us or strftime codes"


def written(times: pa.Array, format_: str | None, zone: str) -> pa.Array:
    """Return times, of microseconds or milliseconds, in a format: as times, whole numbers or texts."""
    if format_ is None:
        return as_milliseconds(times)
    times = times.cast(pa.timestamp("us", times.type.tz))
    microseconds = times.cast(pa.int64())
    match format_:
        case "epoch_ns":
            return pc.multiply(microseconds, 1000)
        case "epoch_s" | "epoch_ms" | "epoch_us":
            return _floored(microseconds, _UNITS[format_])
        case "iso" | "iso_us":
            return _iso(times, zone, 6 if format_ == "iso_us" else 3)
    return formatted(times, format_, zone)


def _iso(times: pa.Array, zone: str, digits: int) -> pa.Array:
    part = pc.subtract(times.cast(pa.int64()), pc.multiply(_floored(times.cast(pa.int64()), 1_000_000), 1_000_000))
    fraction = pc.utf8_lpad(_floored(part, 10 ** (6 - digits)).cast(pa.string()), digits, "0")
    parts = [formatted(times, f"{_ISO}.", zone), fraction]
    if times.type.tz is not None:
        offset = formatted(times, "%z", zone)
        spelled = pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(offset, 0, 3), pc.utf8_slice_codeunits(offset, 3), ":"
        )
        parts.append(pc.if_else(pc.equal(offset, "+0000"), "Z", spelled))
    return pc.binary_join_element_wise(*parts, "")


def _floored(values: pa.Array, unit: int) -> pa.Array:
    """Return how many whole units there are in whole numbers; below 0 it is rounded down, too."""
    if not len(values):
        return values
    there = values.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(values.fill_null(0).to_numpy() // unit, mask=~there)
