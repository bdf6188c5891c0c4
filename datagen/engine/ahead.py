"""What only Python can draw of what the walk needs: delays of plug-ins, and the variables that conditions read.

It is drawn ahead of time, and much at once. The walk asks for it when it needs one that is not there. One delay alone
takes 26 µs, in blocks of 64 they take 0.3.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Integers, Keys
from datagen.engine.extract import Extract
from datagen.engine.plan import Plan
from datagen.engine.setter import Field
from datagen.engine.slot import Slots
from datagen.engine.tables import foreign_waits
from datagen.native.children import Children
from datagen.plugin.world import World

_MOST_STEPS = 64
_NEWCOMERS = 2**15
_PILOT_STEPS = 32

Drawn = tuple[Integers, npt.NDArray[np.uint8]]  # values, and whether there are any


class Ahead:
    """Draws the delays that the core can't draw, and variables."""

    def __init__(
        self, plan: Plan, seed: int, max_workers: int, fields: Sequence[Field | Extract], world: World
    ) -> None:
        self._delays = [
            (draw.purpose_key(seed, plan.purpose(purpose)), wait)
            for purpose, wait in foreign_waits(plan.population.states)
        ]
        self._fields, self._path, self._world = fields, plan.path, world
        self._states, self._spawns = len(plan.population.states), plan.begins[1]
        self.waits = len(self._delays)
        self.count = self.waits + len(fields)
        # Few where many workers would fill the memory, but in a pilot, which has no limit and no end of workers either.
        steps = _PILOT_STEPS if max_workers == NEVER else min(max(2**16 // max_workers, 8), _MOST_STEPS)
        self.steps = steps if self.count else 0

    @property
    def newcomers(self) -> int:
        """Return of how many workers to come the first ones are drawn at once."""
        return max(_NEWCOMERS // max(self.count * self.steps, 1), 16)

    def go_on(self, slots: Slots, used: int) -> None:
        """Draw the next ones of all workers, in the slots that are used, who are through half of theirs."""
        workers = slots.workers[:used]
        done = workers["step"] - slots.waits_from[:used]
        low = np.flatnonzero((workers["state"] >= 0) & (2 * done > self.steps))
        slots.waits_from[low] = workers["step"][low]
        slots.waits[low], (slots.drawn[low], slots.there[low]) = self.drawn(workers["key"][low], workers["step"][low])

    def give(self, slots: Slots, slot: int, children: Children) -> None:
        """Draw what the next child is given, into the slot that it is to have; some 50 µs."""
        keys = np.array([children.next_key()], np.uint64)
        children.has_gifts = True
        for number, field in enumerate(self._fields):
            if field.setter.owner == self._spawns + children.entry:
                [slots.drawn[slot, number, 0]], [slots.there[slot, number, 0]] = field.values(
                    keys, self._path, self._world
                )

    def drawn(self, keys: Keys, steps: Integers, source: int = -1) -> tuple[Integers, Drawn]:
        """Return waits, and values, of workers from a step on, (workers, delays or fields, steps).

        Of newborns of a ``source`` there are the values that it gives them, too.
        """
        count = self.steps
        rows = draw.numbered(np.repeat(keys, count), (steps[:, None] + np.arange(count)).ravel())
        waits = np.empty((len(keys), len(self._delays), count), np.int64)
        for number, (purpose, wait) in enumerate(self._delays):
            waits[:, number] = wait.waits(rows, purpose).reshape(len(keys), count)
        values = np.zeros((len(keys), len(self._fields), count), np.int64)
        there = np.zeros(values.shape, np.uint8)
        for number, field in enumerate(self._fields):
            owner = field.setter.owner
            if owner < self._states or owner == self._states + source:
                numbers, valid = field.values(rows, self._path, self._world)
                values[:, number] = numbers.reshape(len(keys), count)
                there[:, number] = valid.reshape(len(keys), count)
        return waits, (values, there)
