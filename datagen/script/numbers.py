"""Randomness for code that is called row by row: numbers keyed by the seed, the field, the row and the call."""

import numpy as np

from datagen import draw
from datagen.draw import Keys

_UNIT = 2.0**-53
_BLOCK = 4096  # rows
_NOWHERE = -1


class Numbers:
    """The numbers of some rows: call number k of a row gets its number k, whatever other rows do.

    They are drawn for a block of rows at once, as soon as one asks: the first, then one more, two more, four more…
    """

    def __init__(self, keys: Keys, purpose: np.uint64) -> None:
        """Take the row keys (n,) and the key of what the numbers are for."""
        self._keys, self._purpose = keys, purpose
        self._first = 0  # row of the block
        self._drawn: list[list[list[int]]] = []  # of the block, by round of calls, row, call
        self._row = _NOWHERE  # in the block
        self.calls = 0  # of the row so far

    def begin(self, row: int, calls: int = 0) -> None:
        """Begin with the calls of a row, or go on with them; rows come about in order."""
        first = row // _BLOCK * _BLOCK
        if first != self._first:
            self._first = first
            self._drawn.clear()
        self._row, self.calls = row - self._first, calls

    def bits(self) -> int:
        """Return 64 random bits, for the next call. Raises ValueError where there is no row."""
        if self._row == _NOWHERE:
            raise ValueError("there is no record yet: what stands outside of macros in an imported file is read before")
        call = self.calls
        self.calls += 1
        round_ = call.bit_length()
        size = (1 << round_) >> 1
        while round_ >= len(self._drawn):
            self._drawn.append(self._round(len(self._drawn)))
        return self._drawn[round_][self._row][call - size]

    def _round(self, number: int) -> list[list[int]]:
        """Return the numbers of a round of calls, for each row of the block."""
        purpose = draw.numbered(self._purpose, np.array([number]))[0]
        block = self._keys[self._first : self._first + _BLOCK]
        return draw.words(block, purpose, max((1 << number) >> 1, 1)).tolist()

    def many(self, count: int) -> list[int]:
        """Return so many times 64 bits, for one call."""
        return draw.words(np.array([self.bits()], np.uint64), self._purpose, count)[0].tolist() if count > 0 else []

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        return (self.bits() >> 11) * _UNIT

    def below(self, size: int) -> int:
        """Return a whole number from 0 on, below a size."""
        return self.bits() * size >> 64
