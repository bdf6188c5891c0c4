"""The dimension ``float``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import PooledDimension, Rows
from datagen.plugin.distribution import AnyDistribution

_EXACT = 2.0**53  # from here on a float has no digits after the point


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
        values = self.distribution.real(rows.bits())
        if self.precision is not None:
            scale = 10.0**self.precision
            small = np.abs(values) < _EXACT / scale
            values = np.where(small, np.rint(np.where(small, values, 0) * scale) / scale, values)
        return pa.array(values + 0.0)  # -0.0 becomes 0.0
