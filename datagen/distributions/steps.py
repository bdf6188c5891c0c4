"""Whole numbers one after the other, by how much likelier each is than its neighbour."""

from collections.abc import Callable
from math import floor, sqrt
from typing import NamedTuple

import numpy as np

from datagen.draw import Floats

_WIDTHS = 10  # standard deviations; with the numbers below, what is left out comes once in 2**60 draws
_MORE = 50


class Steps(NamedTuple):
    """Whole numbers from a first one on, and the share of draws up to each, (n,)."""

    first: float
    bounds: Floats

    def at(self, u: Floats) -> Floats:
        """Turn numbers in [0, 1), (n,), into draws."""
        return np.searchsorted(self.bounds, u, side="right").astype(np.float64) + self.first


def bounds(weights: Floats) -> Floats:
    """Return the share of each number and all before it, (n,), the last 1: one added to the other, in their order."""
    sums = np.cumsum(weights)
    return sums / sums[-1]


def around(mode: int, variance: float, last: float, ratio: Callable[[Floats], Floats]) -> Steps:
    """Return the numbers from 0 to ``last`` around the likeliest, as far as they are ever drawn.

    ``ratio`` tells how much likelier whole numbers (n,) are than the ones before them. Both tails fall faster than
    those of Poisson's distribution, by S. Bernstein's inequality below 2**-60 where the table ends.
    """
    width = floor(_WIDTHS * sqrt(variance)) + _MORE
    low, high = max(mode - width, 0), min(mode + width, last)
    above = np.cumprod(ratio(np.arange(mode + 1, high + 1, dtype=np.float64)))
    below = np.cumprod(1 / ratio(np.arange(mode, low, -1, dtype=np.float64)))
    return Steps(low, bounds(np.concatenate([below[::-1], [1.0], above])))
