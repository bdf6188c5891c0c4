"""The walk: births under the limit, steps from state to state and stops, one event after the other in order of time.

Owns who is alive and what comes next of whom. What it reads are tables of numbers by state; what it fills are
the columns of steps. It knows no names, no fields and no clock, and draws what a key says.
"""

import cython
from cython.cimports.datagen.native.draws import mix, numbered
from cython.cimports.datagen.native.journal import Journal
from cython.cimports.datagen.native.resources import Resources
from cython.cimports.datagen.native.sources import Source, Sources
from cython.cimports.datagen.native.stays import Stays
from cython.cimports.datagen.native.waits import time_after

from datagen.native.fitting import check, check_slots, check_tables

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
NOBODY = cython.declare(cython.int, -1)
MOST_AT_ONCE = cython.declare(cython.longlong, 1 << 23)  # events at one instant, and so many more for each worker:
MOST_EACH = cython.declare(cython.longlong, 16)
MOST_SLOTS = cython.declare(cython.longlong, 1 << 31)  # whose numbers have 32 bits

DROPPED = cython.declare(cython.int, 1)  # as in sources

# Why the walk pauses.
REACHED = cython.declare(cython.int, 0)  # nothing is left before the limit
FULL = cython.declare(cython.int, 1)  # there is no room for more steps
CROWDED = cython.declare(cython.int, 2)  # there is no slot for a newcomer
NO_TIMES = cython.declare(cython.int, 3)  # it is not known when the worker after the one to be born comes due
NO_WAITS = cython.declare(cython.int, 4)  # a worker has used up the waits that were
UNKNOWN = cython.declare(cython.int, 5)  # a wait is not a number
STUCK = cython.declare(cython.int, 6)  # the clock does not move on
ENDED = cython.declare(cython.int, 7)  # the last worker of a source that is awaited has stopped
CHANGED = cython.declare(cython.int, 8)  # it is time for a change of the sources
BEYOND = cython.declare(cython.int, 9)  # the table of a pace ends before the next worker of its source
FAULT = cython.declare(cython.int, 10)  # a worker can't go on: no transition can be drawn, or it asks for what it has
WAITING = cython.declare(cython.int, 11)  # no pause: a worker has no event to come before it gets what it waits for
PAUSES = {
    REACHED: "reached",
    FULL: "full",
    CROWDED: "crowded",
    NO_TIMES: "no times",
    NO_WAITS: "no waits",
    UNKNOWN: "unknown",
    STUCK: "stuck",
    ENDED: "ended",
    CHANGED: "changed",
    BEYOND: "beyond",
    FAULT: "fault",
}
PLAIN = cython.declare(cython.int, 0)  # as in engine.conditions
LATE = cython.declare(cython.int, 3)
HAS_ALL = cython.declare(cython.int, 0)  # as in resources
WAITS = cython.declare(cython.int, 1)


@cython.final  # so that its methods call each other directly
@cython.cclass
class EventLoop:
    """The loop over the events of all workers, in order of (time, worker number).

    A worker alive has a slot, and one event to come: the state that it enters next or, where only then it is known
    which that is, the state that it leaves, numbered behind the stop. One who waits for others has none.
    """

    def __init__(self, tables: object, keys: object, sources: Sources, resources: Resources) -> None:
        """Take the tables of a plan, the keys of a seed, the sources, and the resources.

        The keys are those of the draws of delays, transitions and timeouts. Raises ValueError when tables don't fit
        together, as all methods do that take arrays.
        """
        self.stop = len(tables.family)
        self.ways, self.bound, self.target = tables.ways, tables.bound, tables.target
        delay_purpose, self.transition_purpose, timeout_purpose = keys
        self.journal, self.stays = Journal(tables), Stays(tables, delay_purpose, timeout_purpose)
        decision = resources.decision
        self.agenda, self.sources, self.decision, self.resources = resources.agenda, sources, decision, resources
        check(decision.stop, self.stop)
        check(len(decision.entry), self.stop + len(sources.source) + 1)
        self.change = NEVER
        self.restore(0, 0)
        begins = [sources.source[place].state for place in range(len(sources.source))]
        check_tables(tables, begins)

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        check_slots(slots)
        if len(slots.workers) >= MOST_SLOTS:
            raise ValueError("more slots than there are numbers for")
        self.agenda.house(slots)
        self.workers, self.origin = slots.workers, slots.origin
        for part in (self.stays, self.journal, self.decision, self.resources):
            part.house(slots)

    def expect(self, first_waits: object, first_drawn: object, first_there: object) -> None:
        """Take what is drawn ahead of time, waits and values, of the workers that the sources know; after ``house``."""
        self.decision.expect(first_waits, first_drawn, first_there)
        self.stays.expect(first_waits, self.sources.times)

    def restore(self, alive: cython.int, spawned: cython.longlong) -> None:
        """Go on with the workers who are in the first slots; ``schedule`` is to follow."""
        self.used = alive
        self.empty, self.instant, self.at_once = NOBODY, -1, 0
        self.spawned = spawned

    def begin(self, steps: object) -> None:
        """Take the arrays that the next steps are written to."""
        self.journal.begin(steps)
        self.decision.note(steps)
        self.room = len(steps.time) - (1 if self.resources.used else 0)  # a birth may be a row, beside that of the step

    def schedule(self, shift: cython.int) -> None:
        """Put the events of all workers into a calendar whose days have 2**shift ns."""
        self.agenda.schedule(shift, self.used)

    def day_bits(self) -> cython.int:
        """Return the length of the calendar's days, as in ``schedule``; too short ones become longer by themselves."""
        return self.agenda.shift

    def next_event(self) -> cython.longlong:
        """Return when the next event is, in ns; ``NEVER`` without any."""
        return min(self.agenda.next(), self.resources.next_timeout(), self.sources.coming, self.change)

    def advance(self, limit: cython.longlong) -> str:
        """Walk up to a time, in ns; return which of the ``PAUSES`` it makes, there or before."""
        pause: cython.int
        with cython.nogil:
            pause = self._walk(min(limit, self.change))
        if pause == REACHED and self.change < limit:
            pause = CHANGED
        return PAUSES[pause]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _walk(self, limit: cython.longlong) -> cython.int:
        now: cython.longlong
        is_late: cython.bint
        pause: cython.int = REACHED
        while pause == REACHED:
            if self.journal.rows >= self.room or self.sources.is_noted_full():
                return FULL
            now = self.agenda.next()
            is_late = self.resources.used and self.resources.is_late(now)
            if is_late:
                now = self.resources.next_timeout()
            if self.sources.coming < now:
                # Not at the same time: whoever is alive has a lower number, and comes first.
                if self.sources.coming >= limit:
                    return REACHED
                pause = self._arrive()
                continue
            if now >= limit:
                return REACHED
            if now != self.instant:
                self.instant, self.at_once = now, 0
            self.at_once += 1
            if self.at_once > MOST_AT_ONCE + MOST_EACH * (self.sources.alive + self.sources.outside):
                return STUCK
            if is_late:
                pause = self._go_apart(self.resources.give_up())
            elif self.resources.used:
                slot: cython.int = self.agenda.who[0]
                self.agenda.take()
                pause = self._go_apart(slot)
            else:
                pause = self._go(self.agenda.who[0], False)
        return pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go_apart(self, slot: cython.int) -> cython.int:
        """Let a worker go on who has no event, since what it gives back makes events of others."""
        pause: cython.int = self._go(slot, True)
        if pause in (FULL, NO_WAITS, UNKNOWN, FAULT):
            self.agenda.add(slot)
        return pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go(self, slot: cython.int, is_apart: cython.bint) -> cython.int:
        """Let a worker leave its state and enter the next one, or stop; it is at the top of the heap, or apart."""
        pause: cython.int
        if self.workers[slot].state > self.stop:
            pause = self._decide(slot)
            if pause != REACHED:
                return pause
        if self.workers[slot].state < self.stop:
            return self._enter(slot, is_apart)
        if not is_apart:
            self.agenda.take()
        return self._stop(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arrive(self) -> cython.int:
        """Let the next worker be born, who enters its first state at once, or be turned away or dropped."""
        place: cython.int = self.sources.comer
        source: cython.pointer(Source) = cython.address(self.sources.source[place])
        pause: cython.int = REACHED
        if source.number - source.first >= source.known:
            return NO_TIMES
        if self.sources.times[place, source.number - source.first] < 0:
            return UNKNOWN
        is_full: cython.bint = self.sources.is_full(place)
        is_born: cython.bint = not is_full or source.when_full != DROPPED
        if is_born and self.empty == NOBODY and self.used == self.workers.shape[0]:
            return CROWDED
        if is_full:
            self.sources.refuse(place)
        if is_born:
            pause = self._bear(place, is_full)
        self.sources.pass_on(place, self.sources.coming)
        if pause == REACHED and self.sources.beyond != NOBODY:
            return BEYOND
        return ENDED if pause == REACHED and self.sources.ended != NOBODY else pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bear(self, place: cython.int, is_outside: cython.bint) -> cython.int:
        """Let the next worker of a source be born, under the limit or outside of it."""
        source: cython.pointer(Source) = cython.address(self.sources.source[place])
        slot: cython.int = self.empty
        if slot == NOBODY:
            slot = self.used
            self.used += 1
        else:
            self.empty = self.workers[slot].behind
        self.workers[slot].time = self.sources.coming
        self.workers[slot].number = self.spawned
        self.workers[slot].key = numbered(source.key, source.number)
        self.workers[slot].step = 0
        self.workers[slot].state = source.turned if is_outside else source.state
        self.origin[slot] = ~place if is_outside else place
        self.stays.bear(slot, place, source.number - source.first)
        if self.resources.used:
            self.resources.bear(slot)
        if self.decision.used:
            self.decision.bear(slot, place, self.workers[slot].time, source.number, source.number - source.first)
        late: cython.longlong = 0 if source.is_kept else self.sources.coming - source.due
        self.journal.bear(slot, cython.address(self.workers[slot]), place, source.number, late)
        if self.journal.gives and self.resources.used and self.resources.waits_in(self.workers[slot].state):
            # It may not be a step for long: a row of the birth alone.
            self.journal.write(slot, cython.address(self.workers[slot]), self.stop, numbered(self.workers[slot].key, 0))
        self.spawned += 1
        self.sources.enter(place, is_outside)
        return self._enter(slot, True)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _enter(self, slot: cython.int, is_apart: cython.bint) -> cython.int:
        """Write the step of a worker, unless it has to wait, and move it to its next event."""
        state: cython.int = self.workers[slot].state
        step: cython.longlong = self.workers[slot].step
        key: cython.ulonglong = numbered(self.workers[slot].key, step)
        row: cython.longlong
        pause: cython.int
        if self.stays.is_used_up(slot, state, step, self.decision.draws[state] != 0):
            return NO_WAITS
        if self.resources.used:
            pause = self._ask(slot, key)
            if pause != REACHED:
                return REACHED if pause == WAITING else pause
        elif self.decision.used:
            self.decision.arrive(slot, state)
        delay: cython.longlong = self.stays.delay(slot, state, step, key)
        if delay < 0:
            return UNKNOWN
        row = self.journal.rows
        self.journal.write(slot, cython.address(self.workers[slot]), state, key)
        if self.decision.used:
            self.decision.enter(slot, state, self.stays.place(slot, step))
            if self.decision.noted.shape[0] > 0:
                self._look(slot, step + 1)
                self.decision.write(slot, state, row)
        self.workers[slot].time = time_after(self.workers[slot].time, delay)
        self.workers[slot].step = step + 1
        self.workers[slot].state = self._next_state(state, key)
        if self.workers[slot].state == self.stop:
            self.journal.ends[row] = self.workers[slot].time
        if is_apart:
            self.agenda.add(slot)
        else:
            self.agenda.move(slot)
        return REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _ask(self, slot: cython.int, key: cython.ulonglong) -> cython.int:
        """Let a worker who enters a state, or goes on with it, ask for what it needs there."""
        state: cython.int = self.workers[slot].state
        found: cython.int
        delay: cython.longlong
        if self.resources.asked[slot] < 0:
            if self.decision.used:
                self.decision.arrive(slot, state)
            self.resources.enter(slot, state)
            if self.resources.following[state] >= 0:
                delay = self.stays.limit(slot, state, self.workers[slot].step, key)
                if delay < 0:
                    return UNKNOWN
                self.resources.wait_until(slot, time_after(self.workers[slot].time, delay))
        if self.decision.used:
            self._look(slot, self.workers[slot].step + 1)
        found = self.resources.go_on(slot, state)
        if found == WAITS:
            self.workers[slot].time = NEVER
            return WAITING
        return REACHED if found == HAS_ALL else FAULT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look(self, slot: cython.int, steps: cython.longlong) -> cython.void:
        """Let conditions know this instant, at which a worker has entered so many states."""
        waited: cython.longlong = self.resources.wait[slot] if self.resources.used else 0
        alive: cython.longlong = self.sources.alive + self.sources.outside
        self.decision.look(slot, cython.address(self.workers[slot]), steps, waited, alive)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next_state(self, state: cython.int, key: cython.ulonglong) -> cython.int:
        """Return the state after a state, or where that is only known later, the one that is left."""
        return self._drawn(state, key) if self.decision.kind[state] == PLAIN else self.stop + 1 + state

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _drawn(self, state: cython.int, key: cython.ulonglong) -> cython.int:
        """Draw the state after a state: the first transition whose cumulative probability is above the draw."""
        way: cython.int = self.ways[state]
        last: cython.int = self.ways[state + 1] - 1
        middle: cython.int
        if way < last:
            random: cython.ulonglong = mix(key ^ self.transition_purpose) >> 11
            while way < last:
                middle = (way + last) >> 1
                if random < self.bound[middle]:
                    last = middle
                else:
                    way = middle + 1
        return self.target[way]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _decide(self, slot: cython.int) -> cython.int:
        """Find out where a worker goes who leaves a state only now, as conditions say or with what it has used."""
        state: cython.int = self.workers[slot].state - self.stop - 1
        key: cython.ulonglong = numbered(self.workers[slot].key, self.workers[slot].step - 1)
        if self.decision.is_noted_full():
            return FULL
        if self.resources.used:
            self.resources.leave(slot, state)
        if self.decision.kind[state] == LATE:
            state = self._drawn(state, key)
            if state == self.stop:
                self.decision.note_stop(cython.address(self.workers[slot]), NOBODY)
        else:
            self._look(slot, self.workers[slot].step)
            state = self.decision.choose(
                slot, state, cython.address(self.workers[slot]), mix(key ^ self.transition_purpose)
            )
        if state < 0:
            return FAULT
        self.workers[slot].state = state
        return REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stop(self, slot: cython.int) -> cython.int:
        """Let a worker stop who has no event any more, which frees its place, and what it has, at that time."""
        if self.resources.used:
            self.resources.stop(slot)
        self.journal.forget(slot)
        self.workers[slot].state = NOBODY
        self.workers[slot].behind = self.empty
        self.empty = slot
        self.sources.leave(self.origin[slot], self.workers[slot].time)
        return ENDED if self.sources.ended != NOBODY else REACHED
