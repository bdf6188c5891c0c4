"""The dimension ``enum``."""

import json
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.batch import JSON_TEXT
from datagen.columns import Rows
from datagen.plugin import AnyDistribution, Dimension


class Enum(Dimension):
    """One of a list of values, which may be any JSON.

    `cardinality_distribution` chooses the index; without it every value is equally likely.

    Example: {"type": "enum", "name": "method", "values": ["GET", "POST"]}
    """

    kind: ClassVar[str] = "enum"
    values: list[Any] = Field(min_length=1, description="the values")
    cardinality_distribution: AnyDistribution | None = Field(None, description="index into the values")

    def make(self, rows: Rows) -> pa.Array:
        random = rows.bits("pick")
        picker = self.cardinality_distribution
        index = picker.index(random, len(self.values)) if picker else draw.below(random, len(self.values))
        return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), _array(self.values))


def _array(values: list[Any]) -> pa.Array:
    """Make the simplest array that keeps the JSON type of each value."""
    for kind, arrow in ((str, pa.string()), (bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if all(value is None or type(value) is kind for value in values):
            try:
                return pa.array(values, arrow)
            except OverflowError:
                break
    return pa.array(
        [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values],
        pa.string(),
    ).cast(JSON_TEXT)
