"""The stage ``statistics``."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.draw import Integers
from datagen.moment import Moment
from datagen.plugin.stage import Scope
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.inside import find
from datagen.records.pattern import is_known
from datagen.records.text import plain_text
from datagen.records.types import JSON_TEXT, plain, present
from datagen.stages.periodic import Coded, PeriodicStage, Tally, json_counts


class Statistics(PeriodicStage):
    """Counts the values of some dimensions, and adds a record for each of them at the end of every interval.

    The record has `time` (the end of the interval), `field_name`, `field_counts` (an object: each value as text, and
    how often it occurred, the most frequent first), `total_count` and `interval`. The total is the number of records
    whose emitter has the dimension; where it is null or missing, the record is in none of the other counts. All values
    of an interval are kept in memory until it ends.

    Example: {"type": "statistics", "fields": ["time"], "interval": 60}
    Example: {"type": "statistics", "fields": ["time"], "target": {"type": "file", "path": "counts.json"}}
    """

    kind: ClassVar[str] = "statistics"
    columns: ClassVar[dict[str, pa.DataType]] = {
        "field_name": pa.string(),
        "field_counts": JSON_TEXT,
        "total_count": pa.int64(),
    }
    fields: list[str] = Field(min_length=1, description="the dimensions to count, `a.b` for a key inside one")

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        return [
            f'"fields": no emitter has {show(name)}{did_you_mean(name, layout.names())}'
            for name in self.fields
            if not is_known(layout, name)
        ]

    def coded(self, batch: Batch) -> Iterator[tuple[str, Coded]]:
        for name in dict.fromkeys(self.fields):
            codes = np.full(len(batch), -2)
            values: list[str] = []
            for part in batch.parts:
                array = find(part.columns, name)
                if array is not None:
                    own, texts = _coded(array)
                    codes[part.rows] = np.where(own < 0, -1, own + len(values))
                    values += texts
            yield name, (codes, values)

    def rows(self, tallies: dict[str, Tally], end: Moment, scope: Scope) -> list[dict[str, Any]]:
        return [
            {"field_name": name, "field_counts": json_counts(found), "total_count": total}
            for name, (total, found) in tallies.items()
        ]


def _coded(array: pa.Array) -> tuple[Integers, list[str]]:
    """Return the number of each value in a list of texts, -1 for null, and the list."""
    if not pa.types.is_dictionary(array.type) or len(array.dictionary) > len(array):
        array = present(plain(array))
        array = (_texts(array) if pa.types.is_nested(array.type) else array).dictionary_encode()
    texts = _texts(present(plain(array.dictionary))).dictionary_encode()  # several entries may have one text
    number = np.append(texts.indices.fill_null(-1).to_numpy(), -1)
    return number[array.indices.fill_null(len(texts)).to_numpy()].astype(np.int64), texts.dictionary.to_pylist()


def _texts(array: pa.Array) -> pa.Array:
    return pc.if_else(array.is_valid(), plain_text(array), None)
