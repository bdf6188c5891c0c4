"""Values that take much memory while they are drawn are made in halves, so that the longest one bounds it."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.dimension import Rows

_MOST_ITEMS = 4_000_000  # of lists, characters of strings; each takes some 40 bytes while it is drawn


def too_many(lengths: Integers) -> bool:
    """Return whether lists or strings of these lengths take too much memory to be made at once."""
    return len(lengths) > 1 and float(lengths.sum(dtype=np.float64)) > _MOST_ITEMS


def in_halves(make: Callable[[Rows], pa.Array], rows: Rows) -> pa.Array:
    """Return the values of rows, half of them made at a time, so that the longest value bounds the memory."""
    half = len(rows) // 2
    return pa.concat_arrays([make(rows.at(np.arange(half))), make(rows.at(np.arange(half, len(rows))))])
