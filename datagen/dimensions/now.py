"""The dimension ``now``."""

from collections.abc import Iterator, Mapping
from math import ceil, floor
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import MaybeDistribution
from datagen.plugin.instant import Duration
from datagen.plugin.model import invalid
from datagen.plugin.profile import ZoneName
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.expression.moment import formatted
from datagen.records.types import plain, plain_type

_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1000, "epoch_us": 1}  # µs in one
_ISO = "%Y-%m-%dT%H:%M:%S"


class Now(Dimension):
    """The time of the record, once more: in another format, in another zone, earlier or later.

    Without a `format` it is a time like `time` itself. A format is `iso`, `iso_us` (with microseconds), `epoch_s`,
    `epoch_ms`, `epoch_us`, `epoch_ns` (whole numbers since 1970), or strftime codes. An `offset` is drawn in seconds;
    with a `step` it is a whole number of steps, and the time is cut down to one, in UTC.

    Example: {"type": "now", "name": "received", "format": "epoch_ms", "offset": {"type": "exponential", "mean": 0.2}}
    Example: {"type": "now", "name": "day", "format": "%d.%m.%Y", "timezone": "Europe/Berlin"}
    """

    kind: ClassVar[str] = "now"
    format: str | None = Field(None, min_length=1, description="how it is written; without it, it is a time")
    timezone: ZoneName | None = Field(None, description="whose clock a format reads; without it that of the spec")
    offset: MaybeDistribution = Field(None, description="seconds that are added")
    step: Duration | None = Field(None, description="what the offset is a multiple of, and the time is cut down to")

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        known = ("iso", "iso_us", "epoch_ns", *_UNITS)
        if self.format is not None and self.format not in known and "%" not in self.format:
            lines.append((("format",), f"must be one of {', '.join(known)}, or strftime codes such as %Y-%m-%d"))
        if self.timezone is not None and (self.format is None or self.format.startswith("epoch")):
            lines.append((("timezone",), "can only be with a format that shows a clock: iso, iso_us or strftime codes"))
        if self.step is not None and self.step < 1000:
            lines.append((("step",), "must be a microsecond or more"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield (), "time"

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        if not all(pa.types.is_timestamp(plain_type(type_)) for type_ in layout.types("time")):
            yield (), 'needs the record\'s time, and "time" is none here'

    def make(self, rows: Rows) -> pa.Array:
        times = plain(rows.known(["time"])["time"])
        if not pa.types.is_timestamp(times.type):
            return pa.nulls(len(rows))
        zone = times.type.tz
        times = times.cast(pa.timestamp("us", zone)).cast(pa.int64())
        moved = pa.array(self._moved(times.fill_null(0).to_numpy(), rows), mask=_nulls(times))
        return self._written(moved.cast(pa.timestamp("us", zone)), rows.world.zone)

    def _moved(self, at: Integers, rows: Rows) -> Integers:
        """Return times (n,), in µs, with what is added to them."""
        if self.step is not None:
            step = self.step // 1000
            return (at // step + self._steps(rows, step / 1e6)) * step
        if self.offset is None:
            return at
        return at + np.rint(self.offset.real(rows.keys, rows.key("offset")) * 1e6).astype(np.int64)

    def _steps(self, rows: Rows, step: float) -> Integers | int:
        """Return how many steps, of so many seconds, are added; of a uniform distribution each is equally likely."""
        if self.offset is None:
            return 0
        least, most = self.offset.bounds()
        if self.offset.evenly() is None:
            return np.rint(self.offset.real(rows.keys, rows.key("offset")) / step).astype(np.int64)
        first, last = ceil(least / step), floor(most / step)
        return draw.evenly(rows.keys, rows.key("offset"), first, max(last - first + 1, 1))

    def _written(self, times: pa.Array, zone: str) -> pa.Array:
        microseconds = times.cast(pa.int64())
        match self.format:
            case None:
                return pc.floor_temporal(times, 1, "millisecond").cast(pa.timestamp("ms", times.type.tz))
            case "epoch_ns":
                return pc.multiply(microseconds, 1000)
            case "epoch_s" | "epoch_ms" | "epoch_us":
                return _floored(microseconds, _UNITS[self.format])
            case "iso" | "iso_us":
                return self._iso(times, self.timezone or zone)
        return formatted(times, self.format, self.timezone or zone)

    def _iso(self, times: pa.Array, zone: str) -> pa.Array:
        digits = 6 if self.format == "iso_us" else 3
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


def _nulls(values: pa.Array) -> draw.Marks:
    return values.is_null().to_numpy(zero_copy_only=False)
