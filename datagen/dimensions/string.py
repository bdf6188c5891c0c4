"""The dimension ``string``."""

from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.native import draws
from datagen.plugin.computed import lengths
from datagen.plugin.description import LengthNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.pooled import PooledDimension

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class String(PooledDimension):
    """Random characters, drawn one by one, each equally likely.

    Example: {"type": "string", "name": "code", "length_distribution": {"type": "constant", "value": 8}, "chars": "0123456789abcdef"}
    """

    kind: ClassVar[str] = "string"
    lengths: ClassVar[tuple[str, ...]] = ("length_distribution",)
    length_distribution: LengthNumberDistribution = Field(description="how many characters")
    chars: str = Field(
        _PRINTABLE, min_length=1, description="the characters to draw from; without it, the 95 printable ASCII ones"
    )

    def different_values(self) -> int:
        shortest = min(max(self.length_distribution.bounds().least, 0), 64)  # more makes no difference to any pool
        all_differ = len(set(self.chars)) == len(self.chars)  # else some texts are rare
        return len(self.chars) ** int(shortest) if shortest and all_differ else 0

    def range_size(self) -> int:
        least, most = self.length_distribution.bounds()
        return self.different_values() if most < np.floor(least) + 1 else 0

    def of_range(self, places: Integers) -> pa.Array:
        length, size = int(self.length_distribution.bounds().least), len(self.chars)
        digits = places[:, None] // size ** np.arange(length)[::-1] % size
        _, ends, data = pa.array(list(self.chars)).take(pa.array(digits.ravel())).buffers()
        ends = np.frombuffer(ends, np.int32)[: digits.size + 1 : length]
        return pa.StringArray.from_buffers(len(places), pa.py_buffer(np.ascontiguousarray(ends)), data)

    def extent(self) -> Extent:
        return self.length_distribution.extent()

    def make(self, rows: Rows) -> pa.Array:
        sizes, there = lengths(self.length_distribution, rows, "length")
        if too_many(sizes):
            return in_halves(self.make, rows)
        ends = draw.column(len(rows) + 1, np.int32)
        widest = int(self._table.max()) >> 32
        data = draw.column(widest * int(sizes.sum()), np.uint8)
        place, purpose = rows.key("place"), rows.key("character")
        size = draws.characters(rows.keys, place, purpose, sizes, self._table, ends, data)
        made = pa.StringArray.from_buffers(len(rows), pa.py_buffer(ends), pa.py_buffer(data[:size]))
        return made if there is None else pc.if_else(pa.array(there), made, None)

    @cached_property
    def _table(self) -> Keys:
        """Return the bytes of each character in UTF-8 as one number, the first byte lowest, and from bit 32 on their
        count.
        """
        texts = [char.encode() for char in self.chars]
        return np.array([int.from_bytes(text, "little") | len(text) << 32 for text in texts], np.uint64)
