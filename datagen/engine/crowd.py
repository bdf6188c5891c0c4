"""The crowds of a run: the workers of each population, with their limits, as the compiled walk counts them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.language.population import Population
from datagen.records.worker import BITS

# As the struct in datagen/native/sources.pxd.
CROWD = np.dtype([(name, "i8") for name in ("most", "alive", "outside", "children", "opened", "number")], align=True)

Limits = int | Mapping[str, int]  # of all populations, or of each by its name


def limits_of(population: Population, limits: Limits) -> list[int]:
    """Return the limit of workers of each population, in order of their names."""
    given = [limits if isinstance(limits, int) else limits[name] for name in population.crowds]
    return [min(limit, NEVER) for limit in given]


def crowds_of(limits: Sequence[int]) -> npt.NDArray[Any]:
    """Return the crowds at first, (populations,) of CROWD."""
    table = np.zeros(len(limits), CROWD)
    table["most"], table["number"] = limits, first_numbers(len(limits))
    return table


def first_numbers(populations: int) -> Integers:
    """Return the number of the first worker of each population, (populations,)."""
    return np.arange(populations, dtype=np.int64) << BITS
