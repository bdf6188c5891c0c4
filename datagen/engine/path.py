"""Paths: the steps of many workers through the states, until they stop or a time is reached.

A path depends on the worker alone, so all are walked side by side, a block of steps at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.engine.arrival import nanoseconds, running_sum
from datagen.engine.living import Lanes, States
from datagen.engine.plan import Plan
from datagen.problems import RunFailed

_MOST_ELEMENTS = 262144
_TOO_MANY = 32 * _MOST_ELEMENTS


@dataclass
class Paths:
    """Steps of lanes, each lane's up to its stop or its first step at or after a time; n of them, in no order.

    Their *places* are in order of lane and rank.
    """

    lane: Integers  # (n,)
    rank: Integers  # (n,) 0, 1, … within the lane
    state: States  # (n,)
    time: Integers  # (n,)
    key: Keys  # (n,) row keys
    counts: Integers  # (lanes,) steps of each lane
    starts: Integers  # (lanes,) place of each lane's first step
    place: Integers  # (n,)
    at: Integers  # (n,) which step has a place


class PathFinder:
    """Walks lanes on."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._transitions = plan.transitions
        self._delays = plan.delays
        self._stop = plan.transitions.stop
        self._seed = seed
        self._delay_purpose = draw.purpose_key(seed, "delay")
        self._transition_purpose = draw.purpose_key(seed, "transition")
        self.pace = 4.0  # guess of how many steps a lane takes

    def walk(self, lanes: Lanes, end: int) -> tuple[Paths, int]:
        """Walk on to a time, or to an earlier one, but after the first step, when that is too far; give paths and time.

        Raises RunFailed when very many steps are at one and the same time.
        """
        lane = np.flatnonzero((lanes.time < end) & (lanes.state < self._stop))
        key = draw.worker_keys(self._seed, lanes.worker[lane])
        step, state, time = lanes.step[lane], lanes.state[lane], lanes.time[lane]
        first = int(time.min(initial=end))
        rank = np.zeros(len(lane), np.int64)
        pieces = []
        elements = 0
        pace = self.pace
        while len(lane):
            length = int(max(1, min(pace, _MOST_ELEMENTS // len(lane))))
            pace *= 1.5  # for the few who go on
            states, times, keys = self._block(key, step, state, time, length)
            there = np.ones(states.shape, bool)
            np.logical_and(states[:-1] < self._stop, times[:-1] < end, out=there[1:])
            goes_on = there[-1] & (states[-1] < self._stop) & (times[-1] < end)
            there[-1] &= ~goes_on
            taken = np.flatnonzero(there)
            ranks = (rank + np.arange(length + 1)[:, None]).ravel()
            of = np.tile(lane, length + 1)
            pieces.append((of[taken], ranks[taken], states.ravel()[taken], times.ravel()[taken], keys.ravel()[taken]))
            on = np.flatnonzero(goes_on)
            lane, key, rank, step = lane[on], key[on], rank[on] + length, step[on] + length
            state, time = states[-1, on], times[-1, on]
            elements += states.size
            if elements > _TOO_MANY and len(time) and time.min() == first:
                raise RunFailed(f"walking on: {elements} steps at one and the same time; the clock does not move on")
            if elements > 4 * _MOST_ELEMENTS and len(time) and time.min() > first:
                end = int(time.min())
                pieces.append((lane, rank, state, time, draw.numbered(key, step)))
                break
        return _placed(pieces, len(lanes)), end

    def _block(
        self, key: Keys, step: Integers, state: States, time: Integers, length: int
    ) -> tuple[States, Integers, Keys]:
        """Walk lanes on by a number of steps; give states, times, row keys of steps 0..length, (length + 1, lanes)."""
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
        for distribution, factors in self._delays:
            chosen = slice(None) if len(self._delays) == 1 else np.flatnonzero(factors[flat_states])
            random = draw.bits(flat_keys[chosen], self._delay_purpose)
            waits[chosen] = factors[flat_states[chosen]] * distribution.real(random)
        return nanoseconds(waits).reshape(states.shape)


def _placed(pieces: Sequence[tuple[npt.NDArray[Any], ...]], lanes: int) -> Paths:
    nothing = np.zeros(0, np.int64)
    empty = (nothing, nothing, nothing.astype(np.int32), nothing, nothing.astype(np.uint64))
    lane, rank, state, time, key = (np.concatenate(parts) for parts in zip(empty, *pieces, strict=True))
    counts = np.bincount(lane, minlength=lanes)
    starts = np.cumsum(counts) - counts
    place = starts[lane] + rank
    at = np.empty_like(place)
    at[place] = np.arange(len(place))
    return Paths(lane, rank, state, time, key, counts, starts, place, at)
