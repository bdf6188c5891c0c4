"""Delays that only Python can draw, those of plug-ins: drawn ahead of time, and many at once.

The walk asks for them when it needs one that is not there. One alone takes 26 µs, in blocks of 64 they take 0.3.
"""

import numpy as np

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.engine.plan import Plan
from datagen.engine.slot import Slots

_MOST_STEPS = 64
_NEWCOMERS = 4096


class Ahead:
    """Draws the delays that the core can't draw."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._delays = plan.foreign_delays
        self._purpose = draw.purpose_key(seed, plan.purpose("delay"))
        steps = min(max(2**16 // max_workers, 8), _MOST_STEPS)  # few where many workers would fill the memory
        self.shape = (len(self._delays), steps if self._delays else 0)  # of the waits of a worker

    @property
    def newcomers(self) -> int:
        """Return of how many workers to come the first waits are drawn at once."""
        return max(_NEWCOMERS // max(self.shape[0] * self.shape[1], 1), 16)

    def go_on(self, slots: Slots, used: int) -> None:
        """Draw the next waits of all workers, in the slots that are used, who are through half of theirs."""
        workers = slots.workers[:used]
        done = workers["step"] - slots.waits_from[:used]
        low = np.flatnonzero((workers["state"] >= 0) & (2 * done > self.shape[1]))
        slots.waits_from[low] = workers["step"][low]
        slots.waits[low] = self.waits(workers["key"][low], workers["step"][low])

    def waits(self, keys: Keys, steps: Integers) -> Integers:
        """Return the waits of workers from a step on, (workers, delays, steps)."""
        count = self.shape[1]
        rows = draw.numbered(np.repeat(keys, count), (steps[:, None] + np.arange(count)).ravel())
        waits = np.empty((len(keys), *self.shape), np.int64)
        for number, delay in enumerate(self._delays):
            waits[:, number] = delay.waits(rows, self._purpose).reshape(len(keys), count)
        return waits
