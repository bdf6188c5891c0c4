"""The dimension ``mac``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import hexadecimal, octets

_LOCAL = 0x02 << 56  # of the first octet: given by no maker of devices
_FREE = 2**64 - 1 - (0x03 << 56)  # without it, and without the bit of groups of devices


class Mac(PooledDimension):
    """A MAC address, of one device, and one of those that no maker of devices owns (locally administered).

    Example: {"type": "mac", "name": "device"}
    """

    kind: ClassVar[str] = "mac"

    def different_values(self) -> int:
        return 2**46

    def make(self, rows: Rows) -> pa.Array:
        words = rows.words(1) & np.uint64(_FREE) | np.uint64(_LOCAL)
        return hexadecimal(octets(words, 6), (1, 2, 3, 4, 5), ":")
