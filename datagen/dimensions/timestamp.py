"""The dimension ``timestamp``."""

from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator

from datagen.moment import Moment, parse_moment
from datagen.plugin.dimension import PooledDimension, Rows
from datagen.plugin.distribution import WholeDistribution
from datagen.plugin.model import invalid
from datagen.records.text import offset_milliseconds

_FIRST = parse_moment("0001-01-01T00:00:00").milliseconds
_LAST = parse_moment("9999-12-31T23:59:59.999").milliseconds
MOMENT_KEYS = ("value", "min", "max", "mean")


class Timestamp(PooledDimension):
    """A moment, as ISO 8601 with milliseconds.

    In its distribution `value`, `min`, `max` and `mean` are ISO 8601 times and `stddev` is in seconds. Values have the
    offset of those times, or none when they have none.

    Example: {"type": "timestamp", "name": "born", "distribution": {"type": "uniform", "min": "1950-01-01", "max": "2005-12-31"}}
    """

    kind: ClassVar[str] = "timestamp"
    distribution: WholeDistribution = Field(
        description="what is drawn, with times for numbers", json_schema_extra={"group": "time_distribution"}
    )
    _zone: str | None = PrivateAttr(None)

    def make(self, rows: Rows) -> pa.Array:
        offset = offset_milliseconds(self._zone) if self._zone else 0
        milliseconds = np.clip(self.distribution.whole(rows.bits()), _FIRST - offset, _LAST - offset)
        return pa.array(milliseconds).cast(pa.timestamp("ms", self._zone))

    @model_validator(mode="wrap")
    @classmethod
    def _read_moments(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        described = data.get("distribution") if isinstance(data, dict) else None
        if not isinstance(described, dict):
            return handler(data)
        moments: dict[str, Moment] = {}
        lines: list[tuple[tuple[str | int, ...], str]] = []
        for key in MOMENT_KEYS:
            if key in described:
                try:
                    moments[key] = parse_moment(described[key])
                except ValueError as error:
                    lines.append((("distribution", key), str(error)))
        zones = {moment.zone for moment in moments.values()}
        if len(zones) > 1 and None in zones:
            lines.append((("distribution",), "either all of its times have an offset or none has"))
        if not lines and {"min", "max"} <= moments.keys() and moments["min"].microseconds > moments["max"].microseconds:
            message = f'"min" ({described["min"]}) must not be above "max" ({described["max"]})'
            lines.append((("distribution",), message))
        numbers = described | {key: moment.milliseconds for key, moment in moments.items()}
        stddev = described.get("stddev")
        if isinstance(stddev, int | float) and not isinstance(stddev, bool):
            numbers["stddev"] = stddev * 1000
        try:
            made = handler(data | {"distribution": numbers})
        except ValidationError as error:
            own = [(line["loc"], line["msg"]) for line in error.errors()]
            raise invalid(
                "timestamp", lines + [line for line in own if not lines or line[0][:1] != ("distribution",)]
            ) from error
        if lines:
            raise invalid("timestamp", lines)
        made._zone = next((moment.zone for moment in moments.values()), None)
        return made
