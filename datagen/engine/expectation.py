"""What is to be expected of a population in the long run: how long a worker lives, and so how many are alive.

Stands beside the walk: a state's visits are those of an absorbing Markov chain (J. Kemeny, J. Snell, Finite Markov
chains, 1960, theorem 3.2.4), and the number alive is their rate times their life (J. Little, 1961).
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from datagen.draw import Floats, Integers
from datagen.graph import reached
from datagen.language.population import Population
from datagen.plugin.distribution import Distribution, quantiles

_MOST_SOLVED = 1000  # states; solving for more takes longer than a second


@dataclass(frozen=True)
class Expectation:
    """What is to be expected of a population without a limit of workers."""

    population: Population

    @cached_property
    def always_stops(self) -> bool:
        """Return whether a worker can get to the stop from every state that it can get to."""
        source, target, share = self._ways
        states = len(self.population.states)
        leaving = np.flatnonzero(np.bincount(source, share, states) < 1 - 1e-9)
        stops = _reached(leaving.tolist(), target, source, states)
        return bool(stops[self._entered].all())

    @cached_property
    def visits(self) -> Floats | None:
        """Return how often a worker enters each state, (states,); None when it may never stop, or that is unknown."""
        states = len(self.population.states)
        if states > _MOST_SOLVED or not self.always_stops:
            return None
        source, target, share = self._ways
        matrix = np.eye(states)
        np.subtract.at(matrix, (target, source), np.where(self._entered[source], share, 0))
        return np.linalg.solve(matrix, np.eye(states)[0]).astype(np.float64)

    @cached_property
    def life(self) -> float | None:
        """Return the mean seconds from a worker's birth to its stop, infinite when it may never stop; None: unknown."""
        if not self.always_stops:
            return inf
        if self.visits is None:
            return None
        waits = [0.0 if state.delay is None else _mean_wait(state.delay) for state in self.population.states]
        return float(self.visits @ np.array(waits))

    @cached_property
    def alive(self) -> float | None:
        """Return the mean number of workers alive, infinite when it grows for ever; None: unknown."""
        if self.population.interarrival is None:
            return None
        gap = _mean_wait(self.population.interarrival)
        if self.life is None or (gap == 0 and self.life == 0):
            return None
        return self.life / gap if gap else inf

    @property
    def sufficient_limit(self) -> float | None:
        """Return a limit that holds back next to no spawn; infinite or None as ``alive``.

        Where spawns are independent the number alive has a Poisson distribution; four standard deviations are added.
        """
        return None if self.alive is None else self.alive + 4 * sqrt(self.alive) + 1

    @cached_property
    def _entered(self) -> npt.NDArray[np.bool_]:
        """Return which states a worker can get to, (states,)."""
        source, target, _ = self._ways
        return _reached([0], source, target, len(self.population.states))

    @cached_property
    def _ways(self) -> tuple[Integers, Integers, Floats]:
        """Return from which state one can go to which, other than the stop, and with which probability; (ways,)."""
        number = {state.name: index for index, state in enumerate(self.population.states)}
        sums = [sum(way.probability for way in state.transitions) for state in self.population.states]
        ways = [
            (index, number[way.next], way.probability / sums[index])
            for index, state in enumerate(self.population.states)
            for way in state.transitions
            if way.next in number
        ]
        source, target, share = zip(*ways, strict=True) if ways else ((), (), ())
        return np.array(source, np.int64), np.array(target, np.int64), np.array(share, np.float64)


def _reached(first: list[int], begin: Integers, end: Integers, states: int) -> npt.NDArray[np.bool_]:
    """Return which states one can get to from the first ones, (states,), along ways (n,) from ``begin`` to ``end``."""
    ways: dict[int, list[int]] = {state: [] for state in range(states)}
    for here, there in zip(begin.tolist(), end.tolist(), strict=True):
        ways[here].append(there)
    marks = np.zeros(states, bool)
    marks[list(reached(ways, *first))] = True
    return marks


def _mean_wait(distribution: Distribution) -> float:
    """Return the mean of the draws as a delay or gap, in seconds; what is below 0 counts as 0."""
    return float(np.maximum(np.nan_to_num(quantiles(distribution)), 0).mean())
