"""What expressions may read of a birth: who is born, and in which batch. It is kept as variables are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.step import Births
from datagen.plugin.arrival import BATCH, BATCHES, WORKER, Arrival


@dataclass(frozen=True)
class Fact:
    """A variable that is no generator's: a worker has it by being born."""

    name: str

    def is_known_of(self, source: Arrival) -> bool:
        """Return whether the workers of a source have it."""
        return self.name == WORKER or source.in_batches

    def values(self, births: Births, own: Integers) -> pa.Array:
        """Return its values for some of the births, (n,)."""
        if self.name == WORKER:
            return pa.array(births.number[own])
        columns = [pa.array(np.ascontiguousarray(column)) for column in births.batch[own].T]
        return pa.StructArray.from_arrays(columns, BATCHES)


FACTS = {name: Fact(name) for name in (WORKER, BATCH)}


class Batches:
    """The batches of a source whose workers are still to be born, in order."""

    def __init__(self, numbers: Callable[[Integers], Integers]) -> None:
        """Take what returns the numbers of batches (n,) by their instants (n,)."""
        self._number_of = numbers
        self._numbers = np.zeros(0, np.int64)
        self._ends = np.zeros(1, np.int64)  # the first worker of each, and of the next one

    def add(self, instants: Integers) -> None:
        """Add whole batches: the instants at which their workers (n,) come due."""
        times, sizes = np.unique(instants, return_counts=True)
        self._numbers = np.concatenate([self._numbers, self._number_of(times)])
        self._ends = np.concatenate([self._ends, self._ends[-1] + np.cumsum(sizes)])

    def of(self, workers: Integers) -> Integers:
        """Return the number of the batch of each worker (n,), its place in it, and the size of that, (n, 3)."""
        place = np.searchsorted(self._ends, workers, side="right") - 1
        first = self._ends[place]
        return np.stack([self._numbers[place], workers - first, self._ends[place + 1] - first], axis=1)

    def forget(self, worker: int) -> None:
        """Forget the batches before that of a worker."""
        first = int(np.searchsorted(self._ends[1:], worker, side="right"))
        self._numbers, self._ends = self._numbers[first:], self._ends[first:]

    def snapshot(self) -> list[Any]:
        """Return what is known, for ``restore``."""
        return [self._numbers, self._ends]

    def restore(self, snapshot: list[Any]) -> None:
        """Know what was known when a snapshot was taken."""
        self._numbers, self._ends = snapshot
