"""The dimension ``float``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.native import draws
from datagen.plugin.computed import real
from datagen.plugin.description import NumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.recipe import Recipe, of_real


class Float(PooledDimension):
    """A number, with full precision or rounded.

    Example: {"type": "float", "name": "celsius", "distribution": {"type": "normal", "mean": 20, "stddev": 2}, "precision": 1}
    """

    kind: ClassVar[str] = "float"
    distribution: NumberDistribution = Field(description="what is drawn; its numbers may be expressions in quotes")
    precision: int | None = Field(None, ge=0, le=15, description="digits after the point; without it, full precision")

    def rarely_repeats(self) -> bool:
        return not self.cardinality and self.precision is None

    def recipe(self, rows: Rows) -> Recipe | None:
        return of_real(self.distribution, rows.key(), self.precision)

    def make(self, rows: Rows) -> pa.Array:
        values, there = real(self.distribution, rows)
        if self.precision is not None:
            draws.round_off(values, 10.0**self.precision)
        return pa.array(values, mask=None if there is None else ~there)
