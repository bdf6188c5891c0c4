"""The dimension ``ipaddress``."""

from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.computed import whole
from datagen.plugin.description import WholeNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import dotted


class Ipaddress(PooledDimension):
    """An IPv4 address: the low 32 bits of a whole number as a dotted quad.

    10.0.0.0 is 167772160, so this draws from 10.0.0.0/24:

    Example: {"type": "ipaddress", "name": "client", "distribution": {"type": "uniform", "min": 167772160, "max": 167772415}}
    """

    kind: ClassVar[str] = "ipaddress"
    distribution: WholeNumberDistribution = Field(description="what is drawn")

    def different_values(self) -> int:
        return min(self.distribution.whole_numbers(), 2**32)

    def range_size(self) -> int:
        count = self.distribution.places()
        return count if count <= 2**32 else 0

    def of_range(self, places: Integers) -> pa.Array:
        assert isinstance(self.distribution, Distribution), "a range that is not known"
        return dotted(self.distribution.whole_at(places))

    def make(self, rows: Rows) -> pa.Array:
        numbers, there = whole(self.distribution, rows)
        return dotted(numbers) if there is None else pc.if_else(pa.array(there), dotted(numbers), None)
