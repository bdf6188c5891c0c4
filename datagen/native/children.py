"""Workers whom others bring about: how many of them, by whom, and who of a worker's children is still there.

Owns kinship, and what a worker is at that bears one child after the other; knows nothing of events.
"""

import cython
from cython.cimports.datagen.native.agenda import Worker
from cython.cimports.datagen.native.decision import Decision
from cython.cimports.datagen.native.draws import mix, numbered

from datagen.native.fitting import check_spawns

NOBODY = cython.declare(cython.int, -1)
UNBORN = cython.declare(cython.longlong, 1 << 61)  # and more: instead of a number, behind those of all who are there
CROWD = cython.declare(cython.int, 44)  # bits of a number below those of the crowd, as in engine.crowd
MOST = cython.declare(cython.double, 1e18)
INDEX = cython.declare(cython.int, 5)  # among the facts, as the machine has them


@cython.final  # so that its methods are called directly
@cython.cclass
class Children:
    """The children of workers."""

    def __init__(self, tables: object, decision: Decision, most: cython.longlong) -> None:
        """Take the tables of a plan, what calculates, and how many there may be at once.

        Raises ValueError when tables don't fit together.
        """
        check_spawns(tables)
        self.begin, self.state, self.purpose, self.crowd = tables.begin, tables.state, tables.purpose, tables.crowd
        self.count, self.counts, self.most = tables.count, tables.counts, most
        self.decision = decision
        self.used = len(tables.state) > 0
        self.alive = self.unborn = self.conceived = 0
        self.parent, self.has_gifts = NOBODY, False

    def house(self, slots: object) -> None:
        """Take the array that has a place for each slot."""
        self.kin = slots.kin

    def next_key(self) -> cython.ulonglong:
        """Return the key of what the next child is given."""
        return numbered(numbered(mix(self.key ^ self.purpose[self.entry]), self.place), 0)

    def snapshot(self) -> tuple:
        """Return the counts, and what a worker is at whose slot is the first of the second ones, for ``restore``."""
        counts = self.alive, self.unborn, self.conceived
        return counts, (self.parent, self.parent_state, self.now, self.key, self.entry, self.place, self.left)

    def restore(self, counts: tuple, brood: tuple) -> None:
        """Count, and go on, as when a snapshot was taken."""
        self.alive, self.unborn, self.conceived = counts
        self.has_gifts = False
        self.parent, self.parent_state, self.now, self.key, self.entry, self.place, self.left = brood

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin_brood(
        self, slot: cython.int, state: cython.int, key: cython.ulonglong, now: cython.longlong
    ) -> cython.void:
        """Let a worker bear, at a time, the children of a step into a state."""
        self.parent, self.parent_state, self.key, self.now = slot, state, key, now
        self.entry, self.place = self.begin[state], 0
        self._count()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def has_next(self) -> cython.bint:
        """Return whether there is another child to bear; else nobody is at it any more."""
        while self.left <= 0 and self.entry + 1 < self.begin[self.parent_state + 1]:
            self.entry, self.place = self.entry + 1, 0
            self._count()
        if self.left <= 0:
            self.parent = NOBODY
        return self.left > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _count(self) -> cython.void:
        """Find out how many children an entry brings about."""
        number: cython.double
        self.left = 0
        if self.entry == self.begin[self.parent_state + 1]:
            return
        self.left = self.count[self.entry]
        if self.counts[self.entry, 0] < self.counts[self.entry, 1]:
            self.decision.machine.run(self.counts[self.entry, 0], self.counts[self.entry, 1], self.parent, 0)
            number = self.decision.machine.number()
            self.left = cython.cast(cython.longlong, number) if 0 < number < MOST else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def conceive(self, slot: cython.int, child: cython.pointer(Worker), parent: cython.pointer(Worker)) -> cython.void:
        """Make the next child, which is due at once."""
        child.time, child.number = self.now, UNBORN + (self.crowd[self.entry] << CROWD) + self.conceived
        child.key = numbered(mix(self.key ^ self.purpose[self.entry]), self.place)
        child.step, child.state = 0, self.state[self.entry]
        self.bear(slot)
        self.kin[slot].parent, self.kin[slot].number = self.parent, parent.number
        self.kin[self.parent].count += 1
        self.decision.facts[INDEX] = self.place
        self.conceived += 1
        self.unborn += 1
        self.place += 1
        self.left -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(self, slot: cython.int) -> cython.void:
        """Let a newborn have no kin."""
        self.kin[slot].parent = self.kin[slot].entry = NOBODY
        self.kin[slot].count = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def be_born(self) -> cython.void:
        """Count a child that is born."""
        self.unborn -= 1
        self.alive += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def stop(self, slot: cython.int, workers: Worker[::1]) -> cython.int:
        """Count out a child that stops; return the slot of its parent if that has no others left, else NOBODY."""
        parent: cython.int = self.kin[slot].parent
        self.alive -= 1
        if parent == NOBODY or workers[parent].number != self.kin[slot].number:  # it has stopped
            return NOBODY
        self.kin[parent].count -= 1
        return parent if self.kin[parent].count == 0 else NOBODY
