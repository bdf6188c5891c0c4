"""The dimension ``bool``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.draw import UNIFORM
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Linear
from datagen.plugin.recipe import TRUTH, Recipe


class Bool(Dimension):
    """True or false.

    Example: {"type": "bool", "name": "is_member", "probability": 0.3}
    """

    kind: ClassVar[str] = "bool"
    fixed: ClassVar[bool] = True
    probability: float = Field(0.5, ge=0, le=1, description="share of the values that are true")

    def recipe(self, rows: Rows) -> Recipe:
        return Recipe(TRUTH, rows.key(), linear=Linear(UNIFORM, self.probability, 1.0))

    def make(self, rows: Rows) -> pa.Array:
        index = (rows.unit() < self.probability).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(index), pa.array([False, True]))
