"""The dimension ``decimal``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.columnar import to_whole
from datagen.plugin.computed import real
from datagen.plugin.description import NumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.records.decimal import DIGITS, MOST, decimals


class Decimal(PooledDimension):
    """An exact decimal number, such as an amount of money: always printed with all its digits, `12.50`.

    Columns hold it as Arrow's `decimal128`, databases as `numeric`; an [expression](expressions.md#exact-decimals)
    calculates with it exactly. What is drawn is rounded, halves to even. There are 18 digits, those after the point
    among them: a draw beyond that is the largest such number.

    Example: {"type": "decimal", "name": "price", "distribution": {"type": "lognormal", "median": 20, "sigma": 1}, "scale": 2}
    """

    kind: ClassVar[str] = "decimal"
    distribution: NumberDistribution = Field(description="what is drawn; its numbers may be expressions in quotes")
    scale: int = Field(2, ge=0, le=DIGITS, description="digits after the point")

    def make(self, rows: Rows) -> pa.Array:
        drawn, there = real(self.distribution, rows)
        return decimals(to_whole(drawn * 10.0**self.scale, -MOST, MOST, down=False), self.scale, there)
