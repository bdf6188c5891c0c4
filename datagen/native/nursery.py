"""How children come into a walk: each gets a slot, what it is given, and the event of its birth.

Sits between the walk and those who know of kinship, of values and of waits.
"""

import cython
from cython.cimports.datagen.native import pauses
from cython.cimports.datagen.native.agenda import Worker
from cython.cimports.datagen.native.draws import numbered
from cython.cimports.datagen.native.lasting import Lasting
from cython.cimports.datagen.native.resources import Resources
from cython.cimports.datagen.native.threshold import Threshold
from cython.cimports.datagen.native.waits import time_after

NOBODY = cython.declare(cython.int, -1)
CHILD = cython.declare(cython.int, 0x7FFFFFFF)  # as in the walk
UNASKED = cython.declare(cython.longlong, -2)  # as in stays


@cython.final  # so that its methods are called directly
@cython.cclass
class Nursery:
    """Makes children, and lets them be born."""

    def __init__(self, resources: Resources, threshold: Threshold, lasting: Lasting) -> None:
        """Take what knows of lines and kin, of what comes before a step, and of delays."""
        self.resources, self.stays, self.journal = resources, threshold.stays, threshold.journal
        self.threshold, self.lasting = threshold, lasting
        self.agenda, self.children, self.decision = resources.agenda, resources.children, resources.decision

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        self.workers = slots.workers

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def conceive(self) -> cython.int:
        """Make the next child of the worker who is at it, if there is one left; return a pause."""
        slot: cython.int
        spawn: cython.int
        parent: cython.int = self.children.parent
        row: cython.longlong = self.journal.rows
        if not self.children.has_next():
            return pauses.REACHED
        if self.children.alive + self.children.unborn >= self.children.most:
            return pauses.EXPLODED
        if not self.agenda.has_slot():
            return pauses.CROWDED
        if self.decision.draws[self.decision.spawn + self.children.entry] and not self.children.has_gifts:
            return pauses.NO_GIFTS
        self.children.has_gifts = False
        slot, spawn = self.agenda.take_slot(), self.children.entry
        child: cython.pointer(Worker) = cython.address(self.workers[slot])
        child.origin = CHILD
        self.children.conceive(slot, child, cython.address(self.workers[parent]))
        self.resources.bear(slot)
        self.stays.conceive(slot)
        key: cython.ulonglong = numbered(child.key, 0)
        if self.journal.conceive(slot, parent, self.workers[parent].number, spawn, key, child.time):
            self.decision.write(parent, self.children.parent_state, row)
        if self.decision.used:
            self.decision.conceive(slot, parent, spawn, key)
        return self._await(slot, spawn, key)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def be_born(self, slot: cython.int, number: cython.longlong) -> cython.int:
        """Let a child be born; return a pause, WAITING where only now it was found out when it will be."""
        pause: cython.int
        spawn: cython.int = self.children.kin[slot].entry
        if spawn != NOBODY:
            if self.stays.waits_from[slot] < 0:
                return pauses.NO_WAITS
            self.children.kin[slot].entry = NOBODY
            pause = self._await(slot, spawn, numbered(self.workers[slot].key, 0))
            return pauses.WAITING if pause == pauses.REACHED else pause
        self.workers[slot].number = number
        self.children.be_born()
        self.decision.be_born(slot, self.workers[slot].time)
        return pauses.REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _await(self, slot: cython.int, spawn: cython.int, key: cython.ulonglong) -> cython.int:
        """Let a child be born after its delay, or find that out when its turn comes; return a pause."""
        delay: cython.longlong = self.stays.until_birth(slot, spawn, key)
        if delay == UNASKED:
            self.children.kin[slot].entry = spawn
        elif delay < 0:
            return pauses.UNKNOWN
        else:
            self.workers[slot].time = time_after(self.workers[slot].time, delay)
        self.agenda.add(slot)
        return pauses.REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def stays_on(self, slot: cython.int, state: cython.int) -> cython.bint:
        """Let a worker, at the end of its stay, enter its state again for the next item, or give back what it used.

        It is given before what there is at the time that it has waited for. Return whether there is such an item.
        """
        self._give(slot)
        if self.decision.items.go_on(slot):
            self.workers[slot].state = state
            return True
        self.resources.leave(slot, state)
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _give(self, slot: cython.int) -> cython.void:
        """Give a worker who leaves a state what there is at the time that it has waited for, if that is something."""
        spawn: cython.int = self.lasting.takes(slot)
        row: cython.longlong = self.journal.rows
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        if spawn == NOBODY:
            return
        self.threshold.look(slot, worker.step)
        key: cython.ulonglong = self.lasting.key(slot)
        if self.journal.conceive(slot, slot, worker.number, spawn, key, worker.time):
            self.decision.write(slot, self.children.state[spawn], row)
        if self.decision.used:
            self.decision.enter(slot, self.decision.spawn + spawn, 0, key)
