"""The dimension ``port``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension

_COUNT = 65_535


class Port(PooledDimension):
    """A port of TCP or UDP: a whole number from 1 to 65535, each equally likely.

    Example: {"type": "port", "name": "source_port"}
    """

    kind: ClassVar[str] = "port"

    def different_values(self) -> int:
        return _COUNT

    def range_size(self) -> int:
        return _COUNT

    def of_range(self, places: Integers) -> pa.Array:
        return pa.array(places + np.int64(1))

    def make(self, rows: Rows) -> pa.Array:
        return pa.array(draw.evenly(rows.keys, rows.key(), 1, _COUNT))
