"""The dimension ``now``."""

from collections.abc import Iterator, Mapping
from functools import partial
from math import ceil, floor
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.columnar import Columnar, Flat
from datagen.plugin.computed import Drawn, DrawsNumbers, Given, integers
from datagen.plugin.description import described, is_sound
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.instant import Duration
from datagen.plugin.model import Maker, invalid
from datagen.plugin.profile import ZoneName
from datagen.plugin.seconds import in_seconds
from datagen.plugin.written_time import FORMAT, format_problems, written
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.types import plain, plain_type


def _offset(value: Any, info: "ValidationInfo[Maker]") -> Given:
    return described(is_sound, in_seconds(value), info)


class Now(DrawsNumbers):
    """The time of the record, once more: in another format, in another zone, earlier or later.

    Without a `format` it is a time like `time` itself. A format is `iso`, `iso_us` (with microseconds), `epoch_s`,
    `epoch_ms`, `epoch_us`, `epoch_ns` (whole numbers since 1970), or strftime codes. An `offset` is drawn in seconds;
    with a `step` it is a whole number of steps, and the time is cut down to one, in UTC.

    Example: {"type": "now", "name": "received", "format": "epoch_ms", "offset": {"type": "exponential", "mean": 0.2}}
    Example: {"type": "now", "name": "day", "format": "%d.%m.%Y", "timezone": "Europe/Berlin"}
    """

    kind: ClassVar[str] = "now"
    format: str | None = Field(None, min_length=1, description=FORMAT)
    timezone: ZoneName | None = Field(None, description="whose clock a format reads; without it that of the spec")
    offset: Annotated[Given | None, PlainValidator(_offset), WithJsonSchema({"group": "number_distribution"})] = Field(
        None, description="seconds that are added"
    )
    step: Duration | None = Field(None, description="what the offset is a multiple of, and the time is cut down to")

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        lines = list(format_problems(self.format, self.timezone))
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
        moved, there = self._moved(times.fill_null(0).to_numpy(), rows)
        absent = _nulls(times) if there is None else _nulls(times) | ~there
        times = pa.array(moved, mask=absent).cast(pa.timestamp("us", zone))
        return written(times, self.format, self.timezone or rows.world.zone)

    def _moved(self, at: Integers, rows: Rows) -> Drawn:
        """Return times (n,), in µs, with what is added to them, and where that is known; None is everywhere."""
        draws = _microseconds if self.step is None else partial(_steps, self.step / 1e9)
        added, there = (0, None) if self.offset is None else integers(self.offset, rows, draws)
        if self.step is None:
            return at + added, there
        step = self.step // 1000
        return (at // step + added) * step, there


def _microseconds(offset: Distribution | Columnar, rows: Rows) -> Integers:
    return np.rint(offset.real(rows.keys, rows.key("offset")) * 1e6).astype(np.int64)


def _steps(step: float, offset: Distribution | Columnar, rows: Rows) -> Integers:
    """Return how many steps, of so many seconds, are added; of a uniform distribution each is equally likely."""
    if isinstance(offset, Flat):
        begin, end = np.ceil(offset.min / step), np.floor(offset.max / step)
        counts = np.maximum(end - begin + 1, 1).astype(np.uint64)
        return begin.astype(np.int64) + draw.below_each(rows.bits("offset"), counts).astype(np.int64)
    if isinstance(offset, Columnar) or offset.evenly() is None:
        return np.rint(offset.real(rows.keys, rows.key("offset")) / step).astype(np.int64)
    least, most = offset.bounds()
    first, last = ceil(least / step), floor(most / step)
    return draw.evenly(rows.keys, rows.key("offset"), first, max(last - first + 1, 1))


def _nulls(values: pa.Array) -> draw.Marks:
    return values.is_null().to_numpy(zero_copy_only=False)
