"""The states of a population as a Markov chain: what a worker is expected to do, from birth to stop.

A state's visits are those of an absorbing chain (J. Kemeny, J. Snell, Finite Markov chains, 1960, theorem 3.2.4). What
workers who never stop do is the limit of what a worker does while time is discounted less and less.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
import numpy.typing as npt

from datagen.draw import Floats, Integers
from datagen.engine.waiting import Waiting
from datagen.graph import reached
from datagen.language.population import Population

_MOST_SOLVED = 1000  # states; solving for more takes longer than a second: they are walked through instead,
_MOST_WORK = 3 * 10**7  # as far as that takes about as long,
_LEFT = 1e-9  # until so few are left
_DISCOUNT = 1e-8  # of a mean stay,
_COARSE = 1e-4  # and where the difference of two must keep its digits


@dataclass(frozen=True)
class Chain:
    """What is expected of workers who are born in a state."""

    population: Population
    begin: int  # number of that state
    waiting: Waiting  # what comes before each state, and who gives it up

    @cached_property
    def always_stops(self) -> bool:
        """Return whether a worker can get to the stop from every state that it can get to."""
        source, target, share = self._ways
        states = len(self.population.states)
        leaving = np.flatnonzero(np.bincount(source, share, states) < 1 - 1e-9)
        stops = _reached(leaving.tolist(), target, source, states)
        return bool(stops[self.entered].all())

    @cached_property
    def visits(self) -> Floats | None:
        """Return how many steps a worker makes into each state, (states,); None when it may never stop, or unknown.

        That is how often it is there, or has an item there; who gives up waiting is not in it.
        """
        entries = self._entries
        return None if entries is None else entries * self._steps

    @cached_property
    def delays(self) -> Floats:
        """Return the mean seconds of a step into each state, (states,): the delay, and all that is waited for one."""
        return self._stays / self._steps

    @cached_property
    def _entries(self) -> Floats | None:
        return self._solve(self._first) if self.always_stops else None

    @cached_property
    def _stays(self) -> Floats:
        """Return the mean seconds from entering a state to leaving it, (states,)."""
        delays = [state.mean_delay for state in self.population.states]
        return self.waiting.seconds + self._steps * np.array(delays)

    @cached_property
    def _kept(self) -> Floats:
        return np.maximum(self.waiting.served, _LEFT)

    @cached_property
    def _steps(self) -> Floats:
        """Return how many steps each makes who enters a state, (states,): one, or one for each item, or none."""
        return np.maximum(self._kept * self.waiting.items, _LEFT)

    @cached_property
    def life(self) -> float | None:
        """Return the mean seconds from a worker's birth to its stop, infinite when it may never stop; None: unknown."""
        if not self.always_stops:
            return inf
        return None if self.visits is None else float(self.visits @ self.delays)

    @cached_property
    def ages(self) -> Floats:
        """Return how old workers are on average when they enter each state, (states,); they have to stop some time."""
        entries = self._entries
        assert entries is not None, "workers who may never stop, or too many states"
        source, target, share = self._ways
        stayed = np.bincount(target, share * (entries * self._stays)[source], len(entries)).astype(np.float64)
        sums = self._solve(stayed)
        if sums is None:
            return stayed * 0
        return np.divide(sums, entries, out=np.zeros(len(entries)), where=entries > 0) + self.waiting.seconds

    @cached_property
    def beat(self) -> Floats | None:
        """Return how often a second each state is entered by a worker who is old, (states,).

        Its product with the delays is the share of workers who never stop. None: unknown.
        """
        if not self.delays.any() or len(self.delays) > _MOST_SOLVED:
            return None
        rate, visits = self._discounted(_DISCOUNT)
        return None if visits is None else visits * rate

    @cached_property
    def head_start(self) -> Floats:
        """Return how many more entries a worker who never stops has made than his beat would have, (states,).

        It is what is left of them when the discount is taken off; ``beat`` must be known.
        """
        (_, once), (_, twice) = self._discounted(_COARSE), self._discounted(2 * _COARSE)
        return np.zeros(0) if once is None or twice is None else 2 * twice - once

    def _discounted(self, discount: float) -> tuple[float, Floats | None]:
        """Return a discount a second, and the visits (states,) where time is discounted like that."""
        rate = discount / self._stays[self._stays > 0].mean()
        entries = self._solve(self._first, 1 / (1 + rate * self._stays))
        return rate, None if entries is None else entries * self._steps

    @property
    def _first(self) -> Floats:
        entries = np.zeros(len(self.population.states))
        entries[self.begin] = 1
        return entries

    def _solve(self, entries: Floats, kept: Floats | None = None) -> Floats | None:
        """Return the visits (states,) that follow from entries (states,), each with what is kept of it on leaving.

        None where there are too many states for it.
        """
        source, target, share = self._ways
        share = np.where(self.entered[source], share if kept is None else share * kept[source], 0.0)
        states = len(entries)
        if states <= _MOST_SOLVED:
            matrix = np.eye(states)
            np.subtract.at(matrix, (target, source), share)
            return np.asarray(np.linalg.solve(matrix, entries), np.float64)
        total, now = entries.copy(), entries
        for _ in range(_MOST_WORK // (states + len(source))):
            now = np.bincount(target, share * now[source], states).astype(np.float64)
            total += now
            if now.sum() < _LEFT:
                return total
        return None

    @cached_property
    def entered(self) -> npt.NDArray[np.bool_]:
        """Return which states a worker can get to, (states,)."""
        source, target, _ = self._ways
        return _reached([self.begin], source, target, len(self.population.states))

    @cached_property
    def _ways(self) -> tuple[Integers, Integers, Floats]:
        """Return from which state one can go to which, other than the stop, and with which probability; (ways,).

        Of a line that grows there are some who never go on, and are left out: the sums are below 1.
        """
        served, late = self.waiting.served, self.waiting.late
        number = {state.name: index for index, state in enumerate(self.population.states)}
        sums = [sum(way.share for way in state.ways) for state in self.population.states]
        ways = [
            (index, number[way.next], served[index] * way.share / sums[index])
            for index, state in enumerate(self.population.states)
            for way in state.ways
            if way.next in number
        ]
        ways += [
            (index, number[state.timeout.next], late[index])
            for index, state in enumerate(self.population.states)
            if state.timeout is not None and state.timeout.next in number
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
