"""The dimension ``bytes``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import MOST_ITEMS, Extent
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import base64, octets


class Bytes(PooledDimension):
    """Random bytes as text, in base64 (RFC 4648).

    Example: {"type": "bytes", "name": "signature", "length": 24}
    """

    kind: ClassVar[str] = "bytes"
    length: int = Field(ge=1, le=MOST_ITEMS, description="how many bytes; the text has 4 characters for 3 of them")

    def different_values(self) -> int:
        return int(256 ** min(self.length, 32))  # more makes no difference to any pool

    def extent(self) -> Extent:
        characters = -(-self.length // 3) * 4
        return Extent(characters, characters)

    def make(self, rows: Rows) -> pa.Array:
        if too_many(np.full(len(rows), self.length)):
            return in_halves(self.make, rows)
        return base64(octets(rows.words(-(-self.length // 8)), self.length))
