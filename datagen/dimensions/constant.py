"""The dimension ``constant``."""

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.recipe import EVENLY, Recipe
from datagen.records.conversion import from_json


class Constant(Dimension):
    """The same value in every record, which may be any JSON.

    Example: {"type": "constant", "name": "version", "value": 3}
    """

    kind: ClassVar[str] = "constant"
    fixed: ClassVar[bool] = True
    value: Any = Field(description="the value")

    def draws(self) -> bool:
        return False

    @cached_property
    def _array(self) -> pa.Array:
        return from_json([self.value])

    def extent(self) -> Extent:
        size = len(self.value) if isinstance(self.value, str) else 1
        return Extent(size, size)

    def recipe(self, rows: Rows) -> Recipe:
        return Recipe(EVENLY, rows.key())

    def make(self, rows: Rows) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), np.int32)), self._array)
