"""How long workers stay in states, and how long they wait at most: drawn here, or ahead of time by what only Python
can draw.
"""

import cython
from cython.cimports.datagen.native.waits import wait

from datagen.native.fitting import check, check_first

NONE = cython.declare(cython.longlong, -2)
FOREIGN = cython.declare(cython.int, -1)  # the family of what is drawn in Python, ahead of time


@cython.final  # so that its methods are called directly
@cython.cclass
class Stays:
    """The delays of states, and the patience of who waits there."""

    def __init__(self, tables: object, keys: object) -> None:
        """Take the tables of a plan, and the keys of the draws of delays, of limits of waiting, and before births.

        Raises ValueError when tables have different lengths.
        """
        for table in (tables.offset, tables.scale, tables.foreign, tables.patience, tables.patience_offset):
            check(len(table), len(tables.family))
        for table in (tables.patience_scale, tables.patience_foreign):
            check(len(table), len(tables.family))
        self.family, self.offset, self.scale, self.foreign = tables.family, tables.offset, tables.scale, tables.foreign
        self.patience, self.patience_foreign = tables.patience, tables.patience_foreign
        self.patience_offset, self.patience_scale = tables.patience_offset, tables.patience_scale
        for table in (tables.unborn_offset, tables.unborn_scale, tables.unborn_foreign):
            check(len(table), len(tables.unborn))
        self.unborn, self.unborn_foreign = tables.unborn, tables.unborn_foreign
        self.unborn_offset, self.unborn_scale = tables.unborn_offset, tables.unborn_scale
        self.delay_purpose, self.timeout_purpose, self.spawn_purpose = keys

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when they don't fit, as all methods do."""
        check(slots.waits.shape[1], max(*self.foreign, *self.patience_foreign, *self.unborn_foreign) + 1)
        self.waits, self.waits_from = slots.waits, slots.waits_from

    def expect(self, first_waits: object, times: object) -> None:
        """Take the first waits of the workers that the sources know the times of; ``house`` comes before."""
        check_first(first_waits, times, self.waits)
        self.first_waits = first_waits

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(self, slot: cython.int, place: cython.int, entry: cython.longlong) -> cython.void:
        """Know the first waits of a newborn of a source."""
        delay: cython.Py_ssize_t
        ahead: cython.Py_ssize_t
        if self.waits.shape[2] == 0:
            return
        self.waits_from[slot] = 0
        for delay in range(self.waits.shape[1]):
            for ahead in range(self.waits.shape[2]):
                self.waits[slot, delay, ahead] = self.first_waits[place, entry, delay, ahead]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def conceive(self, slot: cython.int) -> cython.void:
        """Know no waits of a child, so that they are asked for."""
        self.waits_from[slot] = -self.waits.shape[2]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def until_birth(self, slot: cython.int, spawn: cython.int, key: cython.ulonglong) -> cython.longlong:
        """Return how long after its parent's record a child is born, in ns; NONE: that is to be asked for."""
        if self.unborn[spawn] != FOREIGN:
            return wait(
                self.unborn[spawn], self.unborn_offset[spawn], self.unborn_scale[spawn], key ^ self.spawn_purpose
            )
        if self.waits_from[slot] < 0:
            return NONE
        return self.waits[slot, self.unborn_foreign[spawn], 0]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_used_up(self, slot: cython.int, state: cython.int, step: cython.longlong, draws: cython.bint) -> cython.bint:
        """Return whether a step needs what is drawn ahead, there or for its variables, and there is none left."""
        is_ahead: cython.bint = draws or self.foreign[state] >= 0 or self.patience[state] == FOREIGN
        return is_ahead and step - self.waits_from[slot] >= self.waits.shape[2]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ahead(self, slot: cython.int, state: cython.int, step: cython.longlong) -> cython.longlong:
        """Return the delay that is drawn ahead of a step into a state, in ns; -1: that is not a number."""
        return self.waits[slot, self.foreign[state], step - self.waits_from[slot]]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def place(self, slot: cython.int, step: cython.longlong) -> cython.longlong:
        """Return which of the steps that are drawn ahead a step is."""
        return step - self.waits_from[slot]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def limit(
        self, slot: cython.int, state: cython.int, step: cython.longlong, key: cython.ulonglong
    ) -> cython.longlong:
        """Return how long a worker waits at most in a state that it enters, in ns; below 0: that is not a number."""
        if self.patience[state] == FOREIGN:
            return self.waits[slot, self.patience_foreign[state], step - self.waits_from[slot]]
        return wait(
            self.patience[state], self.patience_offset[state], self.patience_scale[state], key ^ self.timeout_purpose
        )
