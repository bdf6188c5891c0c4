"""The dimension ``float``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.native import draws
from datagen.plugin.dimension import PooledDimension, Rows
from datagen.plugin.distribution import AnyDistribution


class Float(PooledDimension):
    """A number, with full precision or rounded.

    Example: {"type": "float", "name": "celsius", "distribution": {"type": "normal", "mean": 20, "stddev": 2}, "precision": 1}
    """

    kind: ClassVar[str] = "float"
    distribution: AnyDistribution = Field(description="what is drawn")
    precision: int | None = Field(None, ge=0, le=15, description="digits after the point; without it, full precision")

    def rarely_repeats(self) -> bool:
        return not self.cardinality and self.precision is None

    def make(self, rows: Rows) -> pa.Array:
        values = self.distribution.real(rows.keys, rows.key())
        if self.precision is not None:
            draws.round_off(values, 10.0**self.precision)
        return pa.array(values)
