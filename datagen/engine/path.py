"""Paths: the steps of many workers through the states, until they stop or a time is reached.

A path depends on its worker alone, so all are walked side by side, a block of steps at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Integers, Keys
from datagen.engine.arrival import nanoseconds, running_sum
from datagen.engine.living import States, Workers
from datagen.engine.plan import Plan
from datagen.problems import RunFailed

_MOST_ELEMENTS = 262144
_LONGEST = NEVER / 1e9  # seconds
_TOO_MANY = 32 * _MOST_ELEMENTS


@dataclass
class Paths:
    """Steps of workers, each worker's up to its stop or to its first step at or after a time; n rows, in no order.

    Their numbers count in order of owner and rank.
    """

    owner: Integers  # (n,) which of the workers
    rank: Integers  # (n,) 0, 1, … for each owner
    state: States  # (n,)
    time: Integers  # (n,)
    key: Keys  # (n,) row keys
    counts: Integers  # (workers,) steps of each worker
    starts: Integers  # (workers,) number of each worker's first step
    number: Integers  # (n,)
    row_of: Integers  # (n,) the row of each number


class PathFinder:
    """Computes paths."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._transitions = plan.transitions
        self._delays, self._delay_of, self._factor_of = plan.delays, plan.delay_of, plan.factor_of
        self._stop = plan.transitions.stop
        self._delay_purpose = draw.purpose_key(seed, plan.purpose("delay"))
        self._transition_purpose = draw.purpose_key(seed, plan.purpose("transition"))
        self.pace = 4.0  # guess: steps of a worker in a window

    def walk(self, workers: Workers, end: int) -> tuple[Paths, int]:
        """Walk workers on to a time; return their paths and the time that these reach.

        That is an earlier one, but after the first step, when there would be too many steps up to ``end``. Raises
        RunFailed when very many steps are at one and the same time.
        """
        owner = np.flatnonzero((workers.time < end) & (workers.state < self._stop))
        key, step, state, time = workers.key[owner], workers.step[owner], workers.state[owner], workers.time[owner]
        first = int(time.min(initial=end))
        rank = np.zeros(len(owner), np.int64)
        pieces = []
        elements = 0
        pace = self.pace
        while len(owner):
            length = int(max(1, min(pace, _MOST_ELEMENTS // len(owner))))
            pace *= 1.5  # for the few who go on
            states, times, keys = self._block(key, step, state, time, length)
            there = np.ones(states.shape, bool)
            np.logical_and(states[:-1] < self._stop, times[:-1] < end, out=there[1:])
            goes_on = there[-1] & (states[-1] < self._stop) & (times[-1] < end)
            there[-1] &= ~goes_on
            taken = np.flatnonzero(there)
            ranks = (rank + np.arange(length + 1)[:, None]).ravel()
            of = np.tile(owner, length + 1)
            pieces.append((of[taken], ranks[taken], states.ravel()[taken], times.ravel()[taken], keys.ravel()[taken]))
            on = np.flatnonzero(goes_on)
            owner, key, rank, step = owner[on], key[on], rank[on] + length, step[on] + length
            state, time = states[-1, on], times[-1, on]
            elements += states.size
            if elements > _TOO_MANY and len(time) and time.min() == first:
                raise RunFailed(f"walking on: {elements} steps at one and the same time; the clock does not move on")
            if elements > 4 * _MOST_ELEMENTS and len(time) and time.min() > first:
                end = int(time.min())
                pieces.append((owner, rank, state, time, draw.numbered(key, step)))
                break
        return _numbered(pieces, len(workers)), end

    def _block(
        self, key: Keys, step: Integers, state: States, time: Integers, length: int
    ) -> tuple[States, Integers, Keys]:
        """Walk ``length`` steps on; return states, times, row keys of steps 0..length, each (length + 1, workers)."""
        keys = draw.numbered(key, step + np.arange(length + 1)[:, None])
        rows = self._transitions.rows(draw.bits(keys[:-1], self._transition_purpose))
        states = self._transitions.follow(rows, state)
        times = np.empty(keys.shape, np.int64)
        times[0] = time
        times[1:] = time + running_sum(self._waits(keys[:-1], states[:-1]))
        return states, times, keys

    def _waits(self, keys: Keys, states: States) -> Integers:
        waits = np.zeros(states.size)
        flat_states, flat_keys = states.ravel(), keys.ravel()
        delay_of = self._delay_of[flat_states]
        for number in np.flatnonzero(np.bincount(delay_of + 1)[1:]):
            chosen = slice(None) if len(self._delays) == 1 else np.flatnonzero(delay_of == number)
            random = draw.bits(flat_keys[chosen], self._delay_purpose)
            drawn = np.clip(self._delays[number].real(random), -_LONGEST, _LONGEST)  # 0 times infinity is not a number
            waits[chosen] = self._factor_of[flat_states[chosen]] * drawn
        return nanoseconds(waits).reshape(states.shape)


def _numbered(pieces: Sequence[tuple[npt.NDArray[Any], ...]], workers: int) -> Paths:
    nothing = np.zeros(0, np.int64)
    empty = (nothing, nothing, nothing.astype(np.int32), nothing, nothing.astype(np.uint64))
    owner, rank, state, time, key = (np.concatenate(parts) for parts in zip(empty, *pieces, strict=True))
    counts = np.bincount(owner, minlength=workers)
    starts = np.cumsum(counts) - counts
    number = starts[owner] + rank
    row_of = np.empty_like(number)
    row_of[number] = np.arange(len(number))
    return Paths(owner, rank, state, time, key, counts, starts, number, row_of)
