"""The numbers of workers: in their population, and which of several populations that is.

A number has the population's in its high bits, so that numbers are in the order of (population, number in it).
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers

BITS = 44  # of the number in the population, as the core has it
MOST_POPULATIONS = 1 << 16


def own_numbers(workers: Integers) -> Integers:
    """Return the numbers of workers (n,) in their populations."""
    return workers & ((1 << BITS) - 1)


def populations_of(workers: Integers) -> Integers:
    """Return the numbers of the populations of workers (n,); -1 for what is no worker's."""
    return np.maximum(workers >> BITS, -1)


def worker_texts(workers: Integers, populations: Sequence[str]) -> pa.Array:
    """Return what tells workers (n,) from each other, as texts: `<number>`, or `<population>-<number>` of several."""
    numbers = pa.array(own_numbers(workers)).cast(pa.string())
    if not populations:
        return numbers
    names = pa.array(populations, pa.string()).take(pa.array(populations_of(workers)))
    return pc.binary_join_element_wise(names, numbers, "-")
