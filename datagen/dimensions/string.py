"""The dimension ``string``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import PooledDimension, Rows, in_halves, too_many
from datagen.plugin.distribution import Extent, LengthDistribution, odd_span
from datagen.problems import Path_

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
        return _strings(np.full(len(places), length), self._codes[digits.ravel()])

    def extent(self) -> Extent:
        return self.length_distribution.extent()

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_span(self.length_distribution)
        if odd:
            yield ("length_distribution",), odd

    def make(self, rows: Rows) -> pa.Array:
        lengths = self.length_distribution.length(rows.bits("length"))
        if too_many(lengths):
            return in_halves(self.make, rows)
        drawn = np.empty(lengths.sum(), self._codes.dtype)
        done = 0
        for bits in rows.item_bits(lengths, "character"):
            drawn[done : done + len(bits)] = self._codes[draw.below(bits, len(self.chars)).view(np.int64)]
            done += len(bits)
        return _strings(lengths, drawn)

    @cached_property
    def _codes(self) -> npt.NDArray[np.integer]:
        """Return the code points of the characters."""
        return np.array(list(map(ord, self.chars)), np.uint8 if self.chars.isascii() else np.uint32)


def _strings(lengths: Integers, codes: npt.NDArray[np.integer]) -> pa.Array:
    """Return the strings that code points make, of so many each."""
    ends = np.cumsum(lengths)
    if codes.dtype == np.uint8:
        data = pa.py_buffer(codes)
    else:
        data = pa.py_buffer(codes.tobytes().decode("utf-32").encode())
        sizes = np.ones(len(codes), np.uint8)  # bytes of UTF-8 (RFC 3629, section 3)
        for bound in (0x7F, 0x7FF, 0xFFFF):
            sizes += codes > bound
        ends = np.concatenate([[0], np.cumsum(sizes)])[ends]
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.StringArray.from_buffers(len(lengths), pa.py_buffer(offsets), data)
