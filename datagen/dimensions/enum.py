"""The dimension ``enum``."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Extent, WholeDistribution, odd_index, pick
from datagen.problems import Path_
from datagen.records.conversion import array_of

_WEIGHTS = {"probability", "weight", "p", "share"}


class Enum(Dimension):
    """One of a list of values, which may be any JSON.

    `cardinality_distribution` chooses the index; without it every value is equally likely.

    Example: {"type": "enum", "name": "method", "values": ["GET", "POST"]}
    """

    kind: ClassVar[str] = "enum"
    fixed: ClassVar[bool] = True
    values: list[Any] = Field(min_length=1, description="the values")
    cardinality_distribution: WholeDistribution | None = Field(None, description="index into the values")

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_index(self.cardinality_distribution, len(self.values))
        if odd:
            yield ("cardinality_distribution",), odd
        if all(isinstance(value, dict) and _WEIGHTS & value.keys() and len(value) == 2 for value in self.values):
            text = "look like weights, but are values like any other; repeat a value to draw it more often"
            yield ("values",), f"{text}, or choose with cardinality_distribution"

    @cached_property
    def _array(self) -> pa.Array:
        return array_of(self.values)

    def extent(self) -> Extent:
        lengths = [len(value) if isinstance(value, str) else 1 for value in self.values]
        return Extent(sum(lengths) / len(lengths), max(lengths))

    def make(self, rows: Rows) -> pa.Array:
        size = len(self.values)
        if size == 1:
            index = np.zeros(len(rows), np.int32)
        else:
            index = pick(self.cardinality_distribution, rows.keys, rows.key("pick"), size)
        return pa.DictionaryArray.from_arrays(pa.array(index), self._array)
