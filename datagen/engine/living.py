"""The living: where everyone is between two windows. Each has a slot, which the next newcomer gets when it stops.

What happens moves those who act; the others are only looked over for the time of their next step.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Integers

States = npt.NDArray[np.int32]
Places = npt.NDArray[np.int32]


@dataclass
class Lanes:
    """Workers in order of their number, each with the step that it takes next; n of them."""

    worker: Integers  # (n,)
    step: Integers  # (n,) number of the next step
    state: States  # (n,) state entered then, or stop
    time: Integers  # (n,) when, ns since the start
    stored: list[Places]  # per variable group (n,): where the store has the values set last

    def __len__(self) -> int:
        return len(self.worker)


class Population:
    """The slots of the living; an empty one has nothing stored and never acts."""

    def __init__(self, groups: int) -> None:
        self._slots = newborn(0, np.zeros(0, np.int64), groups)
        self._empty = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._slots) - len(self._empty)

    @property
    def next_time(self) -> int:
        """Give when the first of all acts, ns since the start."""
        return int(self._slots.time.min(initial=NEVER))

    @property
    def stored(self) -> list[Places]:
        """Give, per variable group, where the store has what somebody may still read."""
        return self._slots.stored

    def state(self) -> dict[str, Any]:
        """Give the slots of the living, for ``restore``."""
        used = np.setdiff1d(np.arange(len(self._slots)), self._empty, assume_unique=True)
        slots = self._slots
        return {
            "worker": slots.worker[used],
            "step": slots.step[used],
            "state": slots.state[used],
            "time": slots.time[used],
            "stored": [places[used] for places in slots.stored],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Give slots to the living of ``state``."""
        self._slots = Lanes(state["worker"], state["step"], state["state"], state["time"], state["stored"])
        self._empty = np.zeros(0, np.int64)

    def acting(self, end: int, newcomers: Lanes) -> tuple[Integers, Lanes]:
        """Give the slots of those who act before a time, and their lanes followed by those of newcomers."""
        slots = np.flatnonzero(self._slots.time < end)
        slots = slots[np.argsort(self._slots.worker[slots])]
        old = self._slots
        return slots, Lanes(
            np.concatenate([old.worker[slots], newcomers.worker]),
            np.concatenate([old.step[slots], newcomers.step]),
            np.concatenate([old.state[slots], newcomers.state]),
            np.concatenate([old.time[slots], newcomers.time]),
            [np.concatenate([places[slots], new]) for places, new in zip(old.stored, newcomers.stored, strict=True)],
        )

    def settle(self, slots: Integers, lanes: Lanes, stays: npt.NDArray[np.bool_]) -> None:
        """Take over the lanes of those who stay alive: first of those who had slots, then of newcomers."""
        leaves = slots[~stays[: len(slots)]]
        self._slots.time[leaves] = NEVER
        for places in self._slots.stored:
            places[leaves] = 0
        self._empty = np.concatenate([self._empty, leaves])
        joins = len(slots) + np.flatnonzero(stays[len(slots) :])
        if len(joins) > len(self._empty):
            self._grow(len(joins) - len(self._empty))
        rest = len(self._empty) - len(joins)
        into = np.concatenate([slots[stays[: len(slots)]], self._empty[rest:]])
        of = np.concatenate([np.flatnonzero(stays[: len(slots)]), joins])
        self._empty = self._empty[:rest]
        self._slots.worker[into] = lanes.worker[of]
        self._slots.step[into] = lanes.step[of]
        self._slots.state[into] = lanes.state[of]
        self._slots.time[into] = lanes.time[of]
        for places, new in zip(self._slots.stored, lanes.stored, strict=True):
            places[into] = new[of]

    def _grow(self, needed: int) -> None:
        old = self._slots
        more = needed + len(old) // 8

        def grown(array: npt.NDArray[Any], value: int) -> npt.NDArray[Any]:
            return np.concatenate([array, np.full(more, value, array.dtype)])

        self._empty = np.concatenate([np.arange(len(old), len(old) + more), self._empty])
        old.worker, old.step, old.state = grown(old.worker, 0), grown(old.step, 0), grown(old.state, 0)
        old.time = grown(old.time, NEVER)
        old.stored[:] = [grown(places, 0) for places in old.stored]


def newborn(first: int, births: Integers, groups: int) -> Lanes:
    """Give the lanes of workers who are about to enter their first state; numbered from ``first`` on."""
    count = len(births)
    return Lanes(
        np.arange(first, first + count),
        np.zeros(count, np.int64),
        np.zeros(count, np.int32),
        births,
        [np.zeros(count, np.int32) for _ in range(groups)],
    )
