"""What workers share: who has it, who waits for it in which order, and for how long at most.

Owns the units that are free, the lines and the patience of those who wait. Who gets what he waits for is given an event
at that instant; knows nothing of steps, of arrivals and of where workers go.
"""

import cython
import numpy as np
from cython.cimports.datagen.native import pauses
from cython.cimports.datagen.native.agenda import Agenda
from cython.cimports.datagen.native.children import Children
from cython.cimports.datagen.native.decision import Decision
from cython.cimports.datagen.native.fleet import Fleet
from cython.cimports.datagen.native.gathering import Gathering
from cython.cimports.datagen.native.heaps import Heaps
from cython.cimports.datagen.native.waits import in_order

from datagen.native.fitting import check, check_requests

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
NOBODY = cython.declare(cython.int, -1)
CHILDREN = cython.declare(cython.int, -1)  # what is asked for, instead of a resource: that they have stopped
OTHERS = cython.declare(cython.int, -2)  # that others wait here, too
GATHERING = cython.declare(cython.int, -2)  # in place of a line: who waits for others, as there,
READY = cython.declare(cython.int, -4)  # and who goes on, since there are enough
NOTHING = cython.declare(cython.int, -1)  # is waited for


@cython.final  # so that its methods are called directly
@cython.cclass
class Resources:
    """Hands out the units of resources to workers, in their order."""

    def __init__(self, tables: object, agenda: Agenda, decision: Decision, children: Children) -> None:
        """Take the tables of a plan, the events to come, what calculates, and whom workers may wait for, too.

        Raises ValueError when tables don't fit together.
        """
        check_requests(tables)
        self.begin, self.resource, self.units = tables.begin, tables.resource, tables.units
        self.priority, self.priorities = tables.priority, tables.priorities
        self.releases, self.released, self.uses, self.used_up = (
            tables.releases,
            tables.released,
            tables.uses,
            tables.used_up,
        )
        self.following, self.free, self.waiting = tables.following, tables.free, tables.waiting
        self.lines, self.timers = Heaps(tables.lines), Heaps(tables.timers)
        self.agenda, self.decision = agenda, decision
        self.children, self.fleet = children, Fleet(tables.fleet, decision)
        self.gathered, self.groups = tables.gathered, tables.groups
        self.gathering = Gathering(tables.heads, self.lines, decision)
        self.used = len(tables.free) > 0 or children.used or bool((np.asarray(tables.resource) == OTHERS).any())
        self.used = self.used or decision.items.used
        self.tickets = 0
        self.culprit = self.twice = self.ready = NOBODY

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when they don't fit, as all methods do."""
        for array in (slots.held, slots.wait, slots.asked, slots.line, slots.timer, slots.kin):
            check(len(array), len(slots.workers) if self.used else 0)
        check(slots.held.shape[1], len(self.free))
        self.lines.house(slots.line, slots.in_line)
        self.timers.house(slots.timer, slots.in_time)
        self.children.house(slots)
        self.fleet.house(slots)
        self.gathering.house(slots)
        self.workers, self.held, self.wait, self.asked = slots.workers, slots.held, slots.wait, slots.asked

    def change(self, resource: cython.int, units: cython.longlong, now: cython.longlong) -> None:
        """Let there be so many units more of a resource from a time on, or fewer: nobody loses what it has."""
        self.free[resource] += units
        self._serve(resource, NOBODY, now)

    def look(self, resource: cython.int, now: cython.longlong) -> None:
        """Read at a time which rows of a resource are available; who gets one of them goes on."""
        self.fleet.look(resource, now)
        self._hand_on(NOBODY, now)

    def come_back(self, slot: cython.int) -> None:
        """Let a worker wait for others as before, or be ready; who came before it has come back already, or is last."""
        if self.lines.rank[slot].heap == READY:
            self.make_ready(slot)
        else:
            self.gathering.add(slot, self.workers[slot].state)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def make_ready(self, slot: cython.int) -> cython.void:
        """Let a worker go on before all others, and before those who are ready already."""
        self.lines.rank[slot].heap, self.lines.rank[slot].place = READY, self.ready
        self.ready = slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take_ready(self) -> cython.int:
        """Return who is to go on before all others."""
        slot: cython.int = self.ready
        self.ready = self.lines.rank[slot].place
        self.lines.rank[slot].heap = NOBODY
        return slot

    def restore(self, used: cython.int, tickets: cython.longlong) -> None:
        """Go on with the workers in the slots that are used; who waits is in them."""
        self.tickets = tickets
        self.lines.restore(used if self.used else 0)
        self.timers.restore(used if self.used else 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def waits_in(self, state: cython.int) -> cython.bint:
        """Return whether a state asks for anything, or may have nothing to do, so that its step is late or none."""
        return self.begin[state] < self.begin[state + 1] or self.decision.items.are_in(state)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def recalls(self, slot: cython.int) -> cython.bint:
        """Return whether a worker has a row of which it is read, once it comes free, what templates remember."""
        resource: cython.Py_ssize_t
        for resource in range(self.held.shape[1]):
            if self.fleet.recalls[resource] and self.held[slot, resource] > 0:
                return True
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def next_timeout(self) -> cython.longlong:
        """Return when somebody's patience ends next, in ns; NEVER where nobody's does."""
        slot: cython.int = self.timers.top(0)
        return self.timers.rank[slot].first if slot != NOBODY else NEVER

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_late(self, now: cython.longlong) -> cython.bint:
        """Return whether that comes before the next event of the others, which is at a time."""
        slot: cython.int = self.timers.top(0)
        if slot == NOBODY or self.timers.rank[slot].first > now:
            return False
        if self.timers.rank[slot].first < now:
            return True
        return self.workers[slot].number < self.workers[self.agenda.who[0]].number

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def wait_until(self, slot: cython.int, time: cython.longlong) -> cython.void:
        """Let a worker wait no longer than until a time."""
        if time < NEVER:
            self.timers.add(0, slot, time, self.workers[slot].number)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(self, slot: cython.int) -> cython.void:
        """Let a newborn have nothing."""
        resource: cython.Py_ssize_t
        for resource in range(self.held.shape[1]):
            self.held[slot, resource] = 0
        self.wait[slot], self.asked[slot] = 0, NOTHING
        self.lines.rank[slot].heap = self.timers.rank[slot].heap = NOBODY
        if self.fleet.used:
            self.fleet.bear(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def enter(self, slot: cython.int, state: cython.int) -> cython.void:
        """Take what a worker gives back who enters a state, which then begins to ask."""
        place: cython.int
        self.wait[slot], self.asked[slot] = self.workers[slot].time, 0
        for place in range(self.releases[state], self.releases[state + 1]):
            self._give(slot, self.released[place], self.workers[slot].time)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def go_on(self, slot: cython.int, state: cython.int) -> cython.int:
        """Let a worker ask for one thing after the other; return whether it goes on, WAITING, or is at FAULT."""
        request: cython.int
        now: cython.longlong = self.workers[slot].time
        first: cython.double
        while self.begin[state] + self.asked[slot] < self.begin[state + 1]:
            request = self.begin[state] + self.asked[slot]
            if self.resource[request] < 0:
                if self.resource[request] == OTHERS:
                    self.workers[slot].time = NEVER
                    self._gather(slot, state, request, now)
                    return pauses.WAITING
                if self.children.kin[slot].count > 0:
                    self.workers[slot].time = NEVER
                    return pauses.WAITING
                self.asked[slot] += 1
                continue
            if self.held[slot, self.resource[request]] > 0:
                self.culprit, self.twice = slot, self.resource[request]
                return pauses.FAULT
            first = self.priority[request]
            if self.priorities[request, 0] < self.priorities[request, 1]:
                self.decision.machine.run(self.priorities[request, 0], self.priorities[request, 1], slot, 0)
                first = self.decision.machine.number()
            if self.fleet.has(self.resource[request]):
                self.fleet.ask(slot, self.resource[request], request, in_order(first), self.tickets, now)
                self.tickets += 1
                if not self._hand_on(slot, now):
                    self.workers[slot].time = NEVER
                    return pauses.WAITING
                continue
            self.lines.add(self.resource[request], slot, in_order(first), self.tickets)
            self.tickets += 1
            self.waiting[self.resource[request]] += 1
            self._serve(self.resource[request], slot, now)
            if self.lines.rank[slot].heap >= 0:
                self.workers[slot].time = NEVER
                return pauses.WAITING
        self.timers.remove(slot)
        self.wait[slot], self.asked[slot] = now - self.wait[slot], NOTHING
        return pauses.REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _gather(self, slot: cython.int, state: cython.int, request: cython.int, now: cython.longlong) -> cython.void:
        """Let a worker wait for others; once there are enough all of them go on."""
        count: cython.longlong = self.gathering.wait(
            slot, state, self.priorities[request, 0], self.priorities[request, 1], self.tickets
        )
        self.tickets += 1
        if count >= self.units[request]:
            self._go_together(slot, state, count, now)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go_together(
        self, last: cython.int, state: cython.int, count: cython.longlong, now: cython.longlong
    ) -> cython.void:
        """Let all go on now who have the same in common as the one who came last, in the order in which they came."""
        slot: cython.int = last
        following: cython.int
        key: cython.longlong = self.lines.rank[last].first
        heap: cython.int = self.lines.rank[last].heap
        while slot != NOBODY:
            following = self.lines.rank[slot].place
            if self.gathering.has(slot, state, key, heap):
                count -= 1
                if self.gathered[0] >= 0:
                    self.decision.machine.known[slot, self.gathered[0]] = self.groups[state]
                    self.decision.machine.has[slot, self.gathered[0]] = True
                if self.gathered[1] >= 0:
                    self.decision.machine.known[slot, self.gathered[1]] = count
                    self.decision.machine.has[slot, self.gathered[1]] = True
                self.gathering.forget(slot, state)
                self.asked[slot] += 1
                self.workers[slot].time = now
                self.make_ready(slot)  # the next one came before
            slot = following
        self.groups[state] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def leave(self, slot: cython.int, state: cython.int) -> cython.void:
        """Take back what a worker has used in a state."""
        place: cython.int
        for place in range(self.uses[state], self.uses[state + 1]):
            self._give(slot, self.used_up[place], self.workers[slot].time)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def stop(self, slot: cython.int) -> cython.void:
        """Take back all that a worker has."""
        resource: cython.int
        for resource in range(self.held.shape[1]):
            self._give(slot, resource, self.workers[slot].time)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def stop_child(self, slot: cython.int) -> cython.void:
        """Let a child stop, whose parent goes on if it waits for that."""
        parent: cython.int = self.children.stop(slot, self.workers)
        request: cython.int
        if parent == NOBODY or self.asked[parent] < 0:
            return
        request = self.begin[self.workers[parent].state] + self.asked[parent]
        if self.resource[request] == CHILDREN:
            self._let_go_on(parent, self.workers[slot].time)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def give_up(self) -> cython.int:
        """Let who is out of patience go on elsewhere, without what it has got in this state; return who it is."""
        slot: cython.int = self.timers.top(0)
        state: cython.int = self.workers[slot].state
        line: cython.int = self.lines.rank[slot].heap
        now: cython.longlong = self.timers.rank[slot].first
        request: cython.int
        self.workers[slot].time = now
        self.timers.remove(slot)
        if line >= 0:
            self.lines.remove(slot)
            self.waiting[line] -= 1
            self._serve(line, NOBODY, now)  # who stood behind may want less
        elif line <= GATHERING:
            self.gathering.forget(slot, state)
        elif self.fleet.used and self.fleet.queues.post[slot].line != NOBODY:
            self.fleet.withdraw(slot, self.resource[self.begin[state] + self.asked[slot]])
        for request in range(self.begin[state], self.begin[state] + self.asked[slot]):
            if self.resource[request] >= 0:
                self._give(slot, self.resource[request], now)
        self.asked[slot] = NOTHING
        self.workers[slot].state = self.following[state]
        self.workers[slot].step += 1
        return slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _give(self, slot: cython.int, resource: cython.int, now: cython.longlong) -> cython.void:
        """Take back what a worker has of a resource, if anything, and hand it on."""
        if self.held[slot, resource] > 0:
            if self.fleet.has(resource):
                self.fleet.give(slot, resource, now)
                self._hand_on(NOBODY, now)
                return
            self.free[resource] += self.held[slot, resource]
            self.held[slot, resource] = 0
            self._serve(resource, NOBODY, now)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _serve(self, resource: cython.int, asker: cython.int, now: cython.longlong) -> cython.void:
        """Give what is free to those who are first in line, each of whom goes on now; the ``asker`` is at it."""
        slot: cython.int = self.lines.top(resource)
        request: cython.int
        while slot != NOBODY:
            request = self.begin[self.workers[slot].state] + self.asked[slot]
            if self.units[request] > self.free[resource]:
                return
            self.lines.remove(slot)
            self.waiting[resource] -= 1
            self.free[resource] -= self.units[request]
            self.held[slot, resource] = cython.cast(cython.int, self.units[request])
            if slot == asker:
                self.asked[slot] += 1
            else:
                self._let_go_on(slot, now)
            slot = self.lines.top(resource)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _hand_on(self, asker: cython.int, now: cython.longlong) -> cython.bint:
        """Let those go on now who have got rows; return whether the ``asker`` is among them, who is at it."""
        is_asker: cython.bint = False
        slot: cython.int = self.fleet.take_served()
        while slot != NOBODY:
            if slot == asker:
                is_asker = True
                self.asked[slot] += 1
            else:
                self._let_go_on(slot, now)
            slot = self.fleet.take_served()
        return is_asker

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _let_go_on(self, slot: cython.int, now: cython.longlong) -> cython.void:
        """Let a worker go on now who has what it has waited for."""
        self.asked[slot] += 1
        if self.begin[self.workers[slot].state] + self.asked[slot] == self.begin[self.workers[slot].state + 1]:
            self.timers.remove(slot)
        self.workers[slot].time = now
        self.agenda.add(slot)
