"""The dimension ``timestamp``."""

from typing import Annotated, ClassVar, Self

import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.dimensions.moments import ComputedMoments, Moments, moments
from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.model import invalid
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.profile import ZoneName
from datagen.plugin.written_time import FORMAT, format_problems, written


class Timestamp(PooledDimension):
    """A time, as ISO 8601 with milliseconds, or in another `format` as those of [now](#now).

    In its distribution `value`, `min`, `max`, `mean`, `mode`, `least` and `most` are ISO 8601 times, or expressions that
    are times, and `stddev` is in seconds. Values have the offset of those times, or none when they have none; then they
    are of a wall clock, which a format shows as it is.

    Example: {"type": "timestamp", "name": "born", "distribution": {"type": "uniform", "min": "1950-01-01", "max": "2005-12-31"}}
    """

    kind: ClassVar[str] = "timestamp"
    distribution: Annotated[
        Moments | ComputedMoments, PlainValidator(moments), WithJsonSchema({"group": "time_distribution"})
    ] = Field(description="what is drawn, with times in place of numbers")
    format: str | None = Field(None, min_length=1, description=FORMAT)
    timezone: ZoneName | None = Field(
        None, description="whose clock a format reads; without it the offset of the times"
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        lines = list(format_problems(self.format, self.timezone))
        if self.timezone is not None and isinstance(self.distribution, Moments) and self.distribution.zone is None:
            lines.append((("timezone",), "can only be where the times have an offset: else they are of a wall clock"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def different_values(self) -> int:
        return 0 if self.format is not None else self.distribution.size  # a format may show several times alike

    def range_size(self) -> int:
        return min(self.different_values(), self.distribution.places())

    def of_range(self, places: Integers) -> pa.Array:
        assert isinstance(self.distribution, Moments), "a range that is not known"
        return self._written(self.distribution.at(places))

    def make(self, rows: Rows) -> pa.Array:
        return self._written(self.distribution.times(rows))

    def _written(self, times: pa.Array) -> pa.Array:
        return written(times, self.format, self.timezone or times.type.tz or "UTC")
