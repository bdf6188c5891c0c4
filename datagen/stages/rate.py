"""The stage ``rate``."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.moment import Moment
from datagen.plugin.stage import Scope
from datagen.records.batch import Batch
from datagen.records.types import JSON_TEXT
from datagen.stages.periodic import Coded, PeriodicStage, Tally, json_counts


class Rate(PeriodicStage):
    """Reports how many records passed in each interval: in a line on standard error, or in a record.

    The record has `time` (the end of the interval), `records`, `records_per_second` (over the whole interval),
    `emitters` (an object: how many records of each emitter) and `interval`.

    Example: {"type": "rate", "interval": 1}
    Example: {"type": "rate", "interval": 1, "record": true, "only": true}
    """

    kind: ClassVar[str] = "rate"
    columns: ClassVar[dict[str, pa.DataType]] = {
        "records": pa.int64(),
        "records_per_second": pa.float64(),
        "emitters": JSON_TEXT,
    }
    record: bool = Field(False, description="make a record of it instead of a line on standard error")

    @model_validator(mode="after")
    def _makes_records(self) -> Self:
        if not self.record and (self.only or self.target is not None):
            raise ValueError('"only" and "target" are for records: they need "record": true')
        return self

    @property
    def holds(self) -> bool:
        return self.record

    @property
    def watches(self) -> bool:
        return not self.record or super().watches

    def coded(self, batch: Batch) -> Iterator[tuple[str, Coded]]:
        codes = np.zeros(len(batch), np.int64)
        for number, part in enumerate(batch.parts):
            codes[part.rows] = number
        yield "", (codes, [part.emitter for part in batch.parts])

    def rows(self, tallies: dict[str, Tally], end: Moment, scope: Scope) -> list[dict[str, Any]]:
        records, emitters = tallies[""]
        each_second = records / self.interval
        if self.record:
            return [{"records": records, "records_per_second": each_second, "emitters": json_counts(emitters)}]
        counts = ", ".join(f"{name} {number}" for name, number in sorted(emitters.items()))
        scope.say(f"rate until {end.text}: {each_second:.1f} records/s ({counts})")
        return []
