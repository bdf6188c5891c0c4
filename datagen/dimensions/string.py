"""The dimension ``string``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import PooledDimension, Rows, in_halves, too_many
from datagen.plugin.distribution import Extent, LengthDistribution

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class String(PooledDimension):
    """Random characters, drawn one by one, each equally likely.

    Example: {"type": "string", "name": "code", "length_distribution": {"type": "constant", "value": 8}, "chars": "0123456789abcdef"}
    """

    kind: ClassVar[str] = "string"
    length_distribution: LengthDistribution = Field(description="how many characters")
    chars: str = Field(
        _PRINTABLE, min_length=1, description="the characters to draw from; without it, the 95 printable ASCII ones"
    )

    def different_values(self) -> int:
        shortest = min(max(self.length_distribution.lowest(), 0), 64)  # more makes no difference to any pool
        all_differ = len(set(self.chars)) == len(self.chars)  # else some texts are rare
        return len(self.chars) ** int(shortest) if shortest and all_differ else 0

    def range_size(self) -> int:
        lengths = self.length_distribution
        return self.different_values() if lengths.highest() < lengths.lowest() + 1 else 0

    def of_range(self, places: Integers) -> pa.Array:
        length, size = int(self.length_distribution.lowest()), len(self.chars)
        digits = places[:, None] // size ** np.arange(length)[::-1] % size
        return self._joined(np.arange(len(places) + 1) * length, digits.ravel())

    def extent(self) -> Extent:
        return self.length_distribution.extent()

    def make(self, rows: Rows) -> pa.Array:
        lengths = self.length_distribution.length(rows.bits("length"))
        if too_many(lengths):
            return in_halves(self.make, rows)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        drawn = draw.below(rows.items(lengths).bits("character"), len(self.chars))
        return self._joined(offsets, drawn.view(np.int64))

    def _joined(self, offsets: Integers, drawn: Integers) -> pa.Array:
        """Return the strings that characters, given by their numbers, make between offsets (strings + 1,)."""
        if self.chars.isascii():
            data = pa.py_buffer(np.frombuffer(self.chars.encode(), np.uint8)[drawn])
            return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), data)
        characters = pa.array(list(self.chars)).take(pa.array(drawn))
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), characters), "")
