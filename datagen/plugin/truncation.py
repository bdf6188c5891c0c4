"""Truncation: which numbers in [0, 1) are kept when no draw may lie outside of two bounds.

Draws are made of multiples of 2**-53. Those whose draws lie inside of the bounds are found by halving, so they are
exactly these, for every distribution whose draws rise with the number, in one stretch or several. Nothing else of it
has to be known.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datagen.draw import Floats, Integers

BITS = 53
LARGEST = 1 - 2.0**-BITS  # of the numbers that draws are made of
_FEWEST = 2**21  # numbers that are kept; one draw in four billion. With fewer, draws would repeat


@dataclass(frozen=True)
class Kept:
    """The numbers that are kept, in each of the stretches within which draws rise."""

    begins: Integers  # (stretches,) the first, as multiples of 2**-53
    ends: Integers  # (stretches,) how many are kept up to the end of each

    def spread(self, u: Floats) -> Floats:
        """Return numbers that are kept (n,) for numbers in [0, 1), each as likely as any other."""
        count = self.ends[-1]
        place = np.minimum(np.floor(u * count), count - 1)
        stretch = np.searchsorted(self.ends, place, side="right")
        before = np.append(0, self.ends)[stretch]
        return (self.begins[stretch] + (place - before)) * 2.0**-BITS


def kept(
    sample: Callable[[Floats], Floats],
    stretch: Callable[[Floats], Integers],
    stretches: int,
    least: float,
    most: float,
) -> Kept | None:
    """Return which numbers are kept, of so many stretches; None when they are too few to draw from."""
    numbers = np.arange(stretches)

    def first(bound: float, *, beyond: bool) -> Integers:
        """Return the first number of each stretch whose draw has reached, or is beyond, a bound; or that is behind."""
        low, high = np.zeros(stretches, np.int64), np.full(stretches, 2**BITS)
        while (low < high).any():
            middle = (low + high) // 2
            u = np.minimum(middle * 2.0**-BITS, LARGEST)
            drawn, within = sample(u), stretch(u)
            reached = (within > numbers) | ((within == numbers) & ((drawn > bound) | ((drawn == bound) & (not beyond))))
            high, low = np.where(reached, middle, high), np.where(reached | (low == high), low, middle + 1)
        return low

    begins, ends = first(least, beyond=False), first(most, beyond=True)
    counts = np.cumsum(ends - begins)
    return Kept(begins, counts) if counts[-1] >= _FEWEST else None
