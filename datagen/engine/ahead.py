"""Waits that only Python can draw, those of plug-ins: drawn ahead of time, and many at once.

The walk asks for them when it needs one that is not there. One alone takes 26 µs, in blocks of 64 they take 0.3.
"""

import numpy as np

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys
from datagen.engine.plan import FOREIGN, Plan
from datagen.engine.slot import Slots

_COMING = 256  # workers
_MOST_STEPS = 64


class Ahead:
    """Draws the delays and gaps that the core can't draw."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._delays = plan.foreign_delays
        self._interarrival = plan.population.interarrival if plan.tables.gap.family == FOREIGN else None
        self._seed = seed
        self._worker_purpose = plan.purpose("worker")
        self._delay_purpose = draw.purpose_key(seed, plan.purpose("delay"))
        self._gap_purpose = draw.purpose_key(seed, plan.purpose("interarrival"))
        steps = min(max(2**16 // max_workers, 8), _MOST_STEPS)  # few where many workers would fill the memory
        self.shape = (len(self._delays), steps if self._delays else 0)  # of the waits of a worker

    @property
    def is_needed(self) -> bool:
        """Return whether there is anything to draw."""
        return bool(self._delays) or self._interarrival is not None

    def newcomers(self, first: int) -> tuple[Integers, Integers]:
        """Return the gaps after the next workers from a number on, (n,), and their first waits, (n, delays, steps)."""
        keys = draw.worker_keys(self._seed, np.arange(first, first + _COMING), self._worker_purpose)
        gaps = np.zeros(_COMING, np.int64)
        if self._interarrival is not None:
            births = draw.numbered(keys, np.zeros(_COMING, np.int64))
            gaps = _nanoseconds(self._interarrival.real(births, self._gap_purpose))
        return gaps, self._waits(keys, np.zeros(_COMING, np.int64))

    def go_on(self, slots: Slots, used: int) -> None:
        """Draw the next waits of all workers, in the slots that are used, who are through half of theirs."""
        workers = slots.workers[:used]
        done = workers["step"] - slots.waits_from[:used]
        low = np.flatnonzero((workers["state"] >= 0) & (2 * done > self.shape[1]))
        slots.waits_from[low] = workers["step"][low]
        slots.waits[low] = self._waits(workers["key"][low], workers["step"][low])

    def _waits(self, keys: Keys, steps: Integers) -> Integers:
        """Return the waits of workers from a step on, (workers, delays, steps)."""
        count = self.shape[1]
        rows = draw.numbered(np.repeat(keys, count), (steps[:, None] + np.arange(count)).ravel())
        waits = np.empty((len(keys), *self.shape), np.int64)
        for number, delay in enumerate(self._delays):
            waits[:, number] = _nanoseconds(delay.real(rows, self._delay_purpose)).reshape(len(keys), count)
        return waits


def _nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds; below 0 counts as 0, beyond ``NEVER`` as that, and not a number as -1."""
    rounded = np.rint(np.minimum(np.maximum(seconds, 0), NEVER / 1e9) * 1e9)
    return np.where(np.isnan(seconds), -1, rounded).astype(np.int64)
