"""The dimension ``timestamp``."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, PlainValidator, ValidationError, ValidationInfo, WithJsonSchema, model_validator

from datagen.draw import Integers
from datagen.moment import Moment, parse_moment
from datagen.plugin.dimension import PooledDimension, Rows
from datagen.plugin.distribution import MOMENT_KEYS, Distribution, check_whole
from datagen.plugin.model import Maker, invalid, make_of_group
from datagen.plugin.profile import ZoneName
from datagen.plugin.written_time import FORMAT, format_problems, written
from datagen.problems import Path_
from datagen.records.text import offset_milliseconds

_FIRST = parse_moment("0001-01-01T00:00:00").milliseconds
_DAY = 24 * 3600 * 1000  # ms: more than any offset
_LAST = parse_moment("9999-12-31T23:59:59.999").milliseconds


@dataclass(frozen=True)
class Moments:
    """A distribution of milliseconds since 1970, and the UTC offset that its times were written with, if any."""

    milliseconds: Distribution
    zone: str | None


def _moments(described: Any, info: "ValidationInfo[Maker]") -> Moments:
    """Return the distribution that JSON with times in place of numbers describes."""
    if isinstance(described, Moments):
        return described
    if not isinstance(described, dict):
        return Moments(check_whole(make_of_group("distribution", described, info)), None)
    moments: dict[str, Moment] = {}
    lines: list[tuple[Path_, str]] = []
    for key in MOMENT_KEYS:
        if key in described:
            try:
                moments[key] = parse_moment(described[key])
            except ValueError as error:
                lines.append(((key,), str(error)))
    zones = [moment.zone for moment in moments.values()]
    if None in zones and any(zones):
        lines.append(((), "either all of its times have an offset or none has"))
    for low, high in (("min", "max"), ("least", "most")) if not lines else ():
        if {low, high} <= moments.keys() and moments[low].microseconds > moments[high].microseconds:
            lines.append(((), f'"{low}" ({described[low]}) must not be above "{high}" ({described[high]})'))
    try:
        numbers = described | {key: moment.milliseconds for key, moment in moments.items()}
        made = check_whole(make_of_group("distribution", numbers | _stddev(described), info))
    except ValidationError as error:
        raise invalid("timestamp", lines or [(line["loc"], line["msg"]) for line in error.errors()]) from error
    if lines:
        raise invalid("timestamp", lines)
    if not made.draws_times:
        text = f"{made.kind} draws times from 1970 on; use uniform with min and max, triangular, or normal with a mean"
        raise invalid("timestamp", [(("type",), text)])
    return Moments(made, next(iter(zones), None))


def _stddev(described: dict[str, Any]) -> dict[str, Any]:
    """Return the standard deviation in milliseconds, under its key, if there is one."""
    stddev = described.get("stddev")
    is_number = isinstance(stddev, int | float) and not isinstance(stddev, bool)
    return {"stddev": stddev * 1000} if is_number else {}  # type: ignore[operator]


class Timestamp(PooledDimension):
    """A time, as ISO 8601 with milliseconds, or in another `format` as those of [now](#now).

    In its distribution `value`, `min`, `max`, `mean`, `mode`, `least` and `most` are ISO 8601 times and `stddev` is in
    seconds. Values have the offset of those times, or none when they have none; then they are of a wall clock, which a
    format shows as it is.

    Example: {"type": "timestamp", "name": "born", "distribution": {"type": "uniform", "min": "1950-01-01", "max": "2005-12-31"}}
    """

    kind: ClassVar[str] = "timestamp"
    distribution: Annotated[Moments, PlainValidator(_moments), WithJsonSchema({"group": "time_distribution"})] = Field(
        description="what is drawn, with times in place of numbers"
    )
    format: str | None = Field(None, min_length=1, description=FORMAT)
    timezone: ZoneName | None = Field(
        None, description="whose clock a format reads; without it the offset of the times"
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        lines = list(format_problems(self.format, self.timezone))
        if self.timezone is not None and self.distribution.zone is None:
            lines.append((("timezone",), "can only be where the times have an offset: else they are of a wall clock"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def different_values(self) -> int:
        if self.format is not None:  # which may show several times alike
            return 0
        drawn = self.distribution.milliseconds
        least, most = drawn.bounds()
        is_clipped = least < _FIRST + _DAY or most > _LAST - _DAY
        return 0 if is_clipped else drawn.whole_numbers()

    def range_size(self) -> int:
        return min(self.different_values(), self.distribution.milliseconds.places())

    def of_range(self, places: Integers) -> pa.Array:
        return self._times(self.distribution.milliseconds.whole_at(places))

    def make(self, rows: Rows) -> pa.Array:
        zone = self.distribution.zone
        offset = offset_milliseconds(zone) if zone else 0
        bounds = _FIRST - offset, _LAST - offset
        return self._times(self.distribution.milliseconds.whole(rows.keys, rows.key(), *bounds))

    def _times(self, milliseconds: Integers) -> pa.Array:
        times = pa.array(milliseconds).cast(pa.timestamp("ms", self.distribution.zone))
        return written(times, self.format, self.timezone or self.distribution.zone or "UTC")
