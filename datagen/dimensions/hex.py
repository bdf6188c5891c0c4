"""The dimension ``hex``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import MOST_ITEMS, Extent
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import hexadecimal, octets


class Hex(PooledDimension):
    """Random hexadecimal digits, such as a trace ID.

    Example: {"type": "hex", "name": "trace_id", "length": 32}
    """

    kind: ClassVar[str] = "hex"
    length: int = Field(ge=1, le=MOST_ITEMS, description="how many digits")

    def different_values(self) -> int:
        return int(16 ** min(self.length, 64))  # more makes no difference to any pool

    def extent(self) -> Extent:
        return Extent(self.length, self.length)

    def make(self, rows: Rows) -> pa.Array:
        if too_many(np.full(len(rows), self.length)):
            return in_halves(self.make, rows)
        words = rows.words(-(-self.length // 16))
        made = hexadecimal(octets(words, -(-self.length // 2)))
        return pc.utf8_slice_codeunits(made, 0, self.length) if self.length % 2 else made
