"""The workers that are alive, and where they are between two windows.

Each has a slot, which goes to a newcomer when the worker stops. A window costs work only for those who act in it; of
the others no more is read than the time of their next step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Integers, Keys

States = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int32]


@dataclass
class Workers:
    """Workers in order of their number, each with the step that it takes next; n of them."""

    worker: Integers  # (n,)
    key: Keys  # (n,) worker keys, from which the row keys of their steps are made
    step: Integers  # (n,) number of the next step
    state: States  # (n,) state entered then, or stop
    time: Integers  # (n,) when, ns since the start
    stored: list[Positions]  # per variable group (n,): positions in its store of the values set last

    def __len__(self) -> int:
        return len(self.worker)

    def take(self, rows: Integers) -> "Workers":
        """Return some of the workers, in any order."""
        return Workers.of(column[rows] for column in self.columns())

    def followed_by(self, others: "Workers") -> "Workers":
        """Return these workers and others behind them."""
        return Workers.of(map(np.concatenate, zip(self.columns(), others.columns(), strict=True)))

    def put(self, rows: Integers, others: "Workers") -> None:
        """Replace the workers in some rows by others."""
        for column, new in zip(self.columns(), others.columns(), strict=True):
            column[rows] = new

    def columns(self) -> list[npt.NDArray[Any]]:
        """Return all columns, each (n,)."""
        return [self.worker, self.key, self.step, self.state, self.time, *self.stored]

    @classmethod
    def of(cls, columns: Iterable[npt.NDArray[Any]]) -> "Workers":
        """Make workers of all their columns."""
        worker, key, step, state, time, *stored = columns
        return cls(worker, key, step, state, time, stored)


class Living:
    """The slots of the workers alive; an empty slot has nothing stored and never acts."""

    def __init__(self, groups: int) -> None:
        self._slots = newborn(0, np.zeros(0, np.int64), np.zeros(0, np.uint64), groups)
        self._empty = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._slots) - len(self._empty)

    @property
    def next_time(self) -> int:
        """Return when the next step of any worker is, in ns since the start; ``NEVER`` when nobody is alive."""
        return int(self._slots.time.min(initial=NEVER))

    @property
    def stored(self) -> list[Positions]:
        """Return, for each variable group, the positions in its store of what workers may still read, (slots,)."""
        return self._slots.stored

    def snapshot(self) -> dict[str, Any]:
        """Return the slots that are taken, for ``restore``."""
        used = np.setdiff1d(np.arange(len(self._slots)), self._empty, assume_unique=True)
        return vars(self._slots.take(used))

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take the workers of a snapshot, each into a slot of its own."""
        self._slots = Workers(**snapshot)
        self._empty = np.zeros(0, np.int64)

    def acting(self, end: int, newcomers: Workers) -> tuple[Integers, Workers]:
        """Return the slots of the workers who act before a time, and these workers followed by newcomers."""
        slots = np.flatnonzero(self._slots.time < end)
        slots = slots[np.argsort(self._slots.worker[slots])]
        return slots, self._slots.take(slots).followed_by(newcomers)

    def settle(self, slots: Integers, workers: Workers, stays: npt.NDArray[np.bool_]) -> None:
        """Put workers back who stay alive and free the slots of the others; in the order that ``acting`` returned.

        ``stays`` (n,) says who stays alive; those beyond its end were never born.
        """
        leaves = slots[~stays[: len(slots)]]
        self._slots.time[leaves] = NEVER
        for positions in self._slots.stored:
            positions[leaves] = 0
        self._empty = np.concatenate([self._empty, leaves])
        joins = len(slots) + np.flatnonzero(stays[len(slots) :])
        if len(joins) > len(self._empty):
            self._grow(len(joins) - len(self._empty))
        rest = len(self._empty) - len(joins)
        into = np.concatenate([slots[stays[: len(slots)]], self._empty[rest:]])
        of = np.concatenate([np.flatnonzero(stays[: len(slots)]), joins])
        self._empty = self._empty[:rest]
        self._slots.put(into, workers.take(of))

    def _grow(self, needed: int) -> None:
        more = needed + len(self._slots) // 8
        self._empty = np.concatenate([np.arange(len(self._slots), len(self._slots) + more), self._empty])
        nobody = newborn(0, np.full(more, NEVER), np.zeros(more, np.uint64), len(self._slots.stored))
        self._slots = self._slots.followed_by(nobody)


def newborn(first: int, births: Integers, keys: Keys, groups: int) -> Workers:
    """Return workers who are about to enter their first state, numbered from ``first`` on."""
    count = len(births)
    return Workers(
        np.arange(first, first + count),
        keys,
        np.zeros(count, np.int64),
        np.zeros(count, np.int32),
        births,
        [np.zeros(count, np.int32) for _ in range(groups)],
    )
