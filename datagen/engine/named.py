"""Where a worker is at its steps, by name, the state and the population, and the rows that it holds then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers
from datagen.language.population import Population
from datagen.plugin.life import POPULATION, STATE


@dataclass(frozen=True)
class Named:
    """The names of what the numbers (n,) say; Arrow takes it as a dictionary array."""

    numbers: npt.NDArray[np.int32]
    names: pa.Array

    def __getitem__(self, rows: Integers | slice) -> "Named":
        """Return some of them."""
        return Named(self.numbers[rows], self.names)

    def __arrow_array__(self, type: Any = None) -> pa.Array:  # as Arrow calls it
        """Return them as Arrow has them."""
        return pa.DictionaryArray.from_arrays(pa.array(self.numbers), self.names)

    @classmethod
    def of_nothing(cls) -> "Named":
        """Return no names."""
        return cls(np.zeros(0, np.int32), pa.array([], pa.string()))


@dataclass(frozen=True)
class Held:
    """The rows that workers hold, by their places (n,), from 1 on; 0: none. Arrow takes it as a dictionary array."""

    places: Integers
    rows: pa.Array

    def __getitem__(self, rows: Integers | slice) -> "Held":
        """Return some of them."""
        return Held(self.places[rows], self.rows)

    def __arrow_array__(self, type: Any = None) -> pa.Array:  # as Arrow calls it
        """Return them as Arrow has them."""
        return pa.DictionaryArray.from_arrays(pa.array(self.places - 1, mask=self.places == 0), self.rows)


def told(population: Population, states: Sequence[str | None]) -> dict[str, pa.Array]:
    """Return the names that states (n,) tell, by what these are called in expressions; null where there is no state."""
    crowds = population.crowds
    found = {
        STATE: [name and population.own_name(name) for name in states],
        POPULATION: [name and crowds[population.crowd_of(name)] for name in states],
    }
    return {name: pa.array(values, pa.string()) for name, values in found.items()}


def told_in(population: Population, name: str, state: int) -> str | None:
    """Return what the name of a state, or of its population, is to a worker in it; None for another name."""
    called = population.states[state].name
    if name == STATE:
        return population.own_name(called)
    return population.crowds[population.crowd_of(called)] if name == POPULATION and population.populations else None
