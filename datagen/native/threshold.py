"""What happens beside the steps of a worker: its birth of a source, asking for what a state needs, and its stop.

Sits between the walk and those who know of sources, of waits, of values and of lines.
"""

import cython
from cython.cimports.datagen.native import pauses
from cython.cimports.datagen.native.draws import numbered
from cython.cimports.datagen.native.journal import Journal
from cython.cimports.datagen.native.resources import Resources
from cython.cimports.datagen.native.sources import Source, Sources
from cython.cimports.datagen.native.stays import Stays
from cython.cimports.datagen.native.waits import time_after

NOBODY = cython.declare(cython.int, -1)
CHILD = cython.declare(cython.int, 0x7FFFFFFF)  # as in the walk


@cython.final  # so that its methods are called directly
@cython.cclass
class Threshold:
    """Lets workers in, and out."""

    def __init__(self, sources: Sources, resources: Resources, stays: Stays, journal: Journal) -> None:
        """Take what knows of sources, of lines and kin, of waits, and of values."""
        self.sources, self.resources, self.stays, self.journal = sources, resources, stays, journal
        self.agenda, self.children, self.decision = resources.agenda, resources.children, resources.decision
        self.shares = resources.used

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        self.workers = slots.workers

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(self, place: cython.int, is_outside: cython.bint) -> cython.int:
        """Let the next worker of a source be born, under the limit or outside of it; return its slot."""
        source: cython.pointer(Source) = cython.address(self.sources.source[place])
        slot: cython.int = self.agenda.take_slot()
        self.workers[slot].time = self.sources.coming
        self.workers[slot].number = self.sources.crowd[source.crowd].number
        self.workers[slot].key = numbered(source.key, source.number)
        self.workers[slot].step = 0
        self.workers[slot].state = source.turned if is_outside else source.state
        self.workers[slot].origin = ~place if is_outside else place
        self.stays.bear(slot, place, source.number - source.first)
        if self.shares:
            self.resources.bear(slot)
            self.children.bear(slot)
        if self.decision.used:
            key: cython.ulonglong = numbered(self.workers[slot].key, 0)
            self.decision.bear(slot, place, self.workers[slot].time, source.number, source.number - source.first, key)
        late: cython.longlong = 0 if source.is_kept else self.sources.coming - source.due
        self.journal.bear(slot, cython.address(self.workers[slot]), place, source.number, late)
        return slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ask(self, slot: cython.int, key: cython.ulonglong) -> cython.int:
        """Let a worker who enters a state, or goes on with it, ask for what it needs there; return a pause."""
        state: cython.int = self.workers[slot].state
        delay: cython.longlong
        if self.decision.items.are_left(slot):
            return pauses.REACHED  # it has entered the state for an item before
        if self.resources.asked[slot] < 0:
            if self.decision.used:
                self.decision.arrive(slot, state)
            self.resources.enter(slot, state)
            if self.resources.following[state] >= 0:
                delay = self.stays.limit(slot, state, self.workers[slot].step, key)
                if delay < 0:
                    return pauses.UNKNOWN
                self.resources.wait_until(slot, time_after(self.workers[slot].time, delay))
        if self.decision.used:
            self.look(slot, self.workers[slot].step + 1)
        pause: cython.int = self.resources.go_on(slot, state)
        if pause == pauses.REACHED and self.decision.items.are_in(state) and not self.decision.items.begin(slot, state):
            self._pass(slot, state)
            return pauses.WAITING
        return pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _pass(self, slot: cython.int, state: cython.int) -> cython.void:
        """Let a worker leave a state at once, without a row, in which there is nothing to do."""
        self.workers[slot].step += 1
        self.workers[slot].state = self.decision.stop + 1 + state
        self.agenda.add(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put_off(self, slot: cython.int, is_apart: cython.bint) -> cython.void:
        """Let it be a worker's turn again, at once, to go on behind the step that it has made."""
        self.workers[slot].state += 2 * self.decision.stop + 2
        if is_apart and self.shares:
            self.resources.make_ready(slot)
        elif is_apart:
            self.agenda.add(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def stop(self, slot: cython.int) -> cython.int:
        """Let a worker stop who has no event any more, which frees its place, and what it has; return a pause."""
        if self.shares:
            self.resources.stop(slot)
        if self.workers[slot].origin == CHILD:
            self.resources.stop_child(slot)
            self.sources.lose_child(self.workers[slot].number)
        self.journal.forget(slot)
        self.agenda.leave_slot(slot)
        if self.workers[slot].origin != CHILD:
            self.sources.leave(self.workers[slot].origin, self.workers[slot].time)
        return pauses.ENDED if self.sources.ended != NOBODY else pauses.REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def look(self, slot: cython.int, steps: cython.longlong) -> cython.void:
        """Let conditions know this instant, at which a worker has entered so many states."""
        waited: cython.longlong = self.resources.wait[slot] if self.shares else 0
        alive: cython.longlong = self.sources.fellows(self.workers[slot].number)
        self.decision.look(slot, cython.address(self.workers[slot]), steps, waited, alive)
