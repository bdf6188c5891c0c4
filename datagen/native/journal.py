"""The steps that the walk writes: columns of a window, and the positions of the values that they set of variables.

Owns which values each worker has; knows nothing of the order of events.
"""

import cython
from cython.cimports.datagen.native.agenda import Worker

from datagen.native.fitting import check, check_steps


@cython.final  # so that its methods are called directly
@cython.cclass
class Journal:
    """Writes steps and births, one row after the other."""

    def __init__(self, tables: object) -> None:
        """Take the tables of a plan; raises ValueError when they don't fit together."""
        self.sets, self.former, self.stop = tables.sets, tables.former, len(tables.family)
        self.inherits = tables.inherits
        for table in (tables.inherits[0] if len(tables.inherits) else tables.former, tables.former):
            check(len(table), tables.sets.shape[1])
        self.gives = bool(tables.sets[self.stop : len(tables.sets) - len(tables.inherits)].any())

    def house(self, slots: object) -> None:
        """Take the array that has a place for each slot; raises ValueError when it does not fit."""
        check(slots.stored.shape[1], len(self.former))
        self.stored = slots.stored

    def begin(self, steps: object) -> None:
        """Take the arrays that the next steps are written to; raises ValueError when they don't fit."""
        check_steps(steps, self.sets.shape[1])
        self.time, self.worker, self.step, self.state = steps.time, steps.worker, steps.step, steps.state
        self.keys, self.after, self.before, self.sizes = steps.keys, steps.after, steps.before, steps.sizes
        self.held_at, self.held_for = steps.held_at, steps.held_for
        self.birth_row, self.birth_source = steps.birth_row, steps.birth_source
        self.birth_number, self.given = steps.birth_number, steps.given
        self.rows = self.held = self.born = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_full_of_births(self) -> cython.bint:
        """Return whether there is no room for one more: who waits in line, and leaves it, is born without a step."""
        return self.held == self.held_at.shape[0]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(
        self,
        slot: cython.int,
        worker: cython.pointer(Worker),
        place: cython.int,
        number: cython.longlong,
        late: cython.longlong,
    ) -> cython.void:
        """Write a birth of a source, so many ns late, whose first step is the row that comes next."""
        group: cython.Py_ssize_t
        for group in range(self.stored.shape[1]):
            self.stored[slot, group] = 0
        if late > 0:
            self.held_at[self.held], self.held_for[self.held] = worker.time, late
            self.held += 1
        if not self.gives:
            return
        self.birth_row[self.born], self.birth_source[self.born] = self.rows, place
        self.birth_number[self.born] = number
        for group in range(self.stored.shape[1]):
            if self.sets[self.stop + place, group]:
                self.stored[slot, group] = cython.cast(cython.int, self.sizes[group])
                self.sizes[group] += 1
            self.given[group, self.born] = self.stored[slot, group]
        self.born += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def conceive(
        self,
        slot: cython.int,
        parent: cython.int,
        number: cython.longlong,
        spawn: cython.int,
        key: cython.ulonglong,
        now: cython.longlong,
    ) -> cython.bint:
        """Give a child what its parent, by its slot and number, has or sets for it; return whether that is a row."""
        row: cython.longlong = self.rows
        group: cython.Py_ssize_t
        owner: cython.Py_ssize_t = self.sets.shape[0] - self.inherits.shape[0] + spawn
        is_row: cython.bint = False
        for group in range(self.stored.shape[1]):
            is_row = is_row or self.sets[owner, group] != 0
            self.stored[slot, group] = self.stored[parent, group] if self.inherits[spawn, group] else 0
        if not is_row:
            return False
        self.time[row], self.worker[row], self.step[row] = now, number, 0
        self.state[row] = self.stop + 1 + spawn
        self.keys[row] = key
        for group in range(self.stored.shape[1]):
            if self.former[group]:
                self.before[group, row] = self.stored[parent, group]
            if self.sets[owner, group]:
                self.stored[slot, group] = cython.cast(cython.int, self.sizes[group])
                self.sizes[group] += 1
            self.after[group, row] = self.stored[slot, group]
        self.rows += 1
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def forget(self, slot: cython.int) -> cython.void:
        """Let a worker who stops have no values any more."""
        group: cython.Py_ssize_t
        for group in range(self.stored.shape[1]):
            self.stored[slot, group] = 0
