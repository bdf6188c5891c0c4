"""The dimension ``ipv6``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import colons

_FREE = 2**61 - 1  # bits behind the prefix, of the first word
_GLOBAL = 0x2000 << 48


class Ipv6(PooledDimension):
    """An IPv6 address, of those that can be anywhere in the world (2000::/3), written as RFC 5952 wants it.

    `ip_in` makes those of certain networks.

    Example: {"type": "ipv6", "name": "client"}
    """

    kind: ClassVar[str] = "ipv6"

    def different_values(self) -> int:
        return 2**61

    def make(self, rows: Rows) -> pa.Array:
        words = rows.words(2)
        head = words[:, 0]
        head &= np.uint64(_FREE)
        head |= np.uint64(_GLOBAL)
        return colons(words)
