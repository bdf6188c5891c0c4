"""The walk: births under the limit, steps from state to state and stops, one event after the other in order of time.

Owns who is alive and what comes next of whom. What it reads are tables of numbers by state; what it fills are
the columns of steps. It knows no names, no fields and no clock, and draws what a key says.
"""

import cython
from cython.cimports.datagen.native.agenda import Agenda, Worker
from cython.cimports.datagen.native.decision import Decision
from cython.cimports.datagen.native.draws import mix, numbered
from cython.cimports.datagen.native.sources import Source, Sources
from cython.cimports.datagen.native.waits import time_after, wait

from datagen.native.fitting import check, check_first, check_slots, check_steps, check_tables

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
NOBODY = cython.declare(cython.int, -1)
MOST_AT_ONCE = cython.declare(cython.longlong, 1 << 23)  # events at one instant, and so many more for each worker:
MOST_EACH = cython.declare(cython.longlong, 16)
MOST_SLOTS = cython.declare(cython.longlong, 1 << 31)  # whose numbers have 32 bits

DROPPED = cython.declare(cython.int, 1)  # as in sources
FOREIGN = cython.declare(cython.int, -1)  # the family of what is drawn in Python, ahead of time

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
FAULT = cython.declare(cython.int, 10)  # a worker can't leave a state, since none of its transitions can be drawn
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
PLAIN = cython.declare(cython.int, 0)  # as in decision


@cython.final  # so that its methods call each other directly
@cython.cclass
class EventLoop:
    """The loop over the events of all workers, in order of (time, worker number).

    A worker alive has a slot, and one event to come: the state that it enters next or, where only then it is known
    which that is, the state that it leaves, numbered behind the stop.
    """

    # Tables, an entry for each state.
    family: cython.const[cython.int][::1]  # of its delay, as plugin.distribution.Linear has it
    offset: cython.const[cython.double][::1]  # seconds
    scale: cython.const[cython.double][::1]
    foreign: cython.const[cython.int][::1]  # which of the delays drawn ahead of time it has; -1: none
    ways: cython.const[cython.int][::1]  # (states + 1,) where its transitions begin
    bound: cython.const[cython.ulonglong][::1]  # (ways,) cumulative probability, in 2**-53
    target: cython.const[cython.int][::1]  # (ways,)
    sets: cython.const[cython.uchar][:, ::1]  # (states + sources, groups) which groups of variables each sets
    gives: cython.bint  # whether a source sets any
    former: cython.const[cython.uchar][::1]  # (groups,) which of them are read as they were before a step
    stop: cython.int
    decision: Decision  # where conditions say where workers go
    # Draws.
    delay_purpose: cython.ulonglong
    transition_purpose: cython.ulonglong
    sources: Sources
    spawned = cython.declare(cython.longlong, visibility="readonly")
    # Workers, by slot.
    agenda: Agenda
    workers: Worker[::1]
    origin: cython.int[::1]  # (slots,) source, or ~source of who was born outside of the limit
    stored: cython.int[:, ::1]  # (slots, groups) positions of the values set last
    used = cython.declare(cython.int, visibility="readonly")  # slots from here on were never taken
    empty: cython.int  # the first empty slot before these
    # Waits drawn ahead of time, in ns; -1: not a number.
    first_waits: cython.const[cython.longlong][:, :, :, ::1]  # (sources, known, delays, steps)
    waits: cython.longlong[:, :, ::1]  # (slots, delays, steps)
    waits_from: cython.longlong[::1]  # (slots,) number of the first of these steps
    change = cython.declare(cython.longlong, visibility="public")  # ns: when the sources are to be changed next
    instant: cython.longlong  # of the last event
    at_once = cython.declare(cython.longlong, visibility="readonly")  # events then
    # Steps.
    rows = cython.declare(cython.longlong, visibility="readonly")
    held = cython.declare(cython.longlong, visibility="readonly")  # births later than they were due
    born = cython.declare(cython.longlong, visibility="readonly")  # births that set variables
    time: cython.longlong[::1]
    worker: cython.longlong[::1]
    step: cython.longlong[::1]
    state: cython.int[::1]
    keys: cython.ulonglong[::1]
    ends: cython.longlong[::1]  # when the worker stops, if that is what comes next
    after: cython.int[:, ::1]  # (groups, rows)
    before: cython.int[:, ::1]  # (groups, rows) of ``former`` groups
    held_at: cython.longlong[::1]
    held_for: cython.longlong[::1]
    birth_row: cython.longlong[::1]
    birth_source: cython.int[::1]
    birth_number: cython.longlong[::1]  # in its source
    given: cython.int[:, ::1]  # (groups, births) positions of the values set at birth
    sizes: cython.longlong[::1]  # (groups,) of the stores of values

    def __init__(self, tables: object, keys: object, day: object, sources: Sources, decision: Decision) -> None:
        """Take the tables of a plan, the keys of a seed, room for a calendar, (days,), the sources, and conditions.

        The keys are those of the draws of delays and transitions. Raises ValueError when tables don't fit together, as
        all methods do that take arrays.
        """
        self.family, self.offset, self.scale = tables.family, tables.offset, tables.scale
        self.foreign, self.stop = tables.foreign, len(tables.family)
        self.ways, self.bound, self.target, self.sets = tables.ways, tables.bound, tables.target, tables.sets
        self.former = tables.former
        self.delay_purpose, self.transition_purpose = keys
        self.agenda = Agenda(day)
        self.sources, self.decision = sources, decision
        check(decision.stop, self.stop)
        check(len(decision.entry), self.stop + len(sources.source) + 1)
        self.change = NEVER
        self.restore(0, 0)
        begins = [sources.source[place].state for place in range(len(sources.source))]
        self.gives = check_tables(tables, begins)

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        check_slots(slots, self.sets.shape[1], max(self.foreign) + 1)
        if len(slots.workers) >= MOST_SLOTS:
            raise ValueError("more slots than there are numbers for")
        self.agenda.house(slots)
        self.workers, self.origin, self.stored = slots.workers, slots.origin, slots.stored
        self.waits, self.waits_from = slots.waits, slots.waits_from
        self.decision.house(slots)

    def expect(self, first_waits: object, first_drawn: object, first_there: object) -> None:
        """Take what is drawn ahead of time, waits and values, of the workers that the sources know; after ``house``."""
        self.decision.expect(first_waits, first_drawn, first_there)
        check_first(first_waits, self.sources.times, self.waits)
        self.first_waits = first_waits

    def restore(self, alive: cython.int, spawned: cython.longlong) -> None:
        """Go on with the workers who are in the first slots; ``schedule`` is to follow."""
        self.used = alive
        self.empty, self.instant, self.at_once = NOBODY, -1, 0
        self.spawned = spawned

    def begin(self, steps: object) -> None:
        """Take the arrays that the next steps are written to."""
        check_steps(steps, self.sets.shape[1])
        self.time, self.worker, self.step, self.state = steps.time, steps.worker, steps.step, steps.state
        self.keys, self.after, self.before, self.sizes = steps.keys, steps.after, steps.before, steps.sizes
        self.ends = steps.ends
        self.held_at, self.held_for = steps.held_at, steps.held_for
        self.birth_row, self.birth_source = steps.birth_row, steps.birth_source
        self.birth_number, self.given = steps.birth_number, steps.given
        self.decision.note(steps)
        self.rows = self.held = self.born = 0

    def schedule(self, shift: cython.int) -> None:
        """Put the events of all workers into a calendar whose days have 2**shift ns."""
        self.agenda.schedule(shift, self.used)

    def day_bits(self) -> cython.int:
        """Return the length of the calendar's days, as in ``schedule``; too short ones become longer by themselves."""
        return self.agenda.shift

    def next_event(self) -> cython.longlong:
        """Return when the next event is, in ns; ``NEVER`` without any."""
        return min(self.agenda.next(), self.sources.coming, self.change)

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
        slot: cython.int
        pause: cython.int = REACHED
        while pause == REACHED:
            if self.rows == self.time.shape[0] or self.sources.is_noted_full():
                return FULL
            now = self.agenda.next()
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
            slot = self.agenda.who[0]
            if self.workers[slot].state > self.stop:
                pause = self._decide(slot)
                if pause != REACHED:
                    break
            pause = self._stop(slot) if self.workers[slot].state == self.stop else self._enter(slot, False)
        return pause

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
        group: cython.Py_ssize_t
        delay: cython.Py_ssize_t
        ahead: cython.Py_ssize_t
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
        for group in range(self.stored.shape[1]):
            self.stored[slot, group] = 0
        for delay in range(self.waits.shape[1]):
            self.waits_from[slot] = 0
            for ahead in range(self.waits.shape[2]):
                self.waits[slot, delay, ahead] = self.first_waits[place, source.number - source.first, delay, ahead]
        if self.decision.used:
            self.waits_from[slot] = 0
            self.decision.bear(slot, place, self.workers[slot].time, source.number, source.number - source.first)
        if self.sources.coming > source.due and not source.is_kept:
            self.held_at[self.held] = self.sources.coming
            self.held_for[self.held] = self.sources.coming - source.due
            self.held += 1
        if self.gives:
            self._give(place, slot)
        self.spawned += 1
        self.sources.enter(place, is_outside)
        return self._enter(slot, True)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _give(self, place: cython.int, slot: cython.int) -> cython.void:
        """Set the variables that a source gives a newborn."""
        group: cython.Py_ssize_t
        self.birth_row[self.born] = self.rows
        self.birth_source[self.born] = place
        self.birth_number[self.born] = self.sources.source[place].number
        for group in range(self.stored.shape[1]):
            if self.sets[self.stop + place, group]:
                self.stored[slot, group] = cython.cast(cython.int, self.sizes[group])
                self.sizes[group] += 1
            self.given[group, self.born] = self.stored[slot, group]
        self.born += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _enter(self, slot: cython.int, is_newborn: cython.bint) -> cython.int:
        """Write the step of a worker, a newborn or the one at the top of the heap, and move it to its next event."""
        state: cython.int = self.workers[slot].state
        step: cython.longlong = self.workers[slot].step
        key: cython.ulonglong = numbered(self.workers[slot].key, step)
        delay: cython.longlong
        is_ahead: cython.bint = self.family[state] == FOREIGN or self.decision.draws[state] != 0
        if is_ahead and step - self.waits_from[slot] >= self.waits.shape[2]:
            return NO_WAITS
        if self.family[state] == FOREIGN:
            delay = self.waits[slot, self.foreign[state], step - self.waits_from[slot]]
            if delay < 0:
                return UNKNOWN
        else:
            delay = wait(self.family[state], self.offset[state], self.scale[state], key ^ self.delay_purpose)
        row: cython.longlong = self.rows
        self.time[row] = self.workers[slot].time
        self.worker[row] = self.workers[slot].number
        self.step[row] = step
        self.state[row] = state
        self.keys[row] = key
        group: cython.Py_ssize_t
        for group in range(self.stored.shape[1]):
            if self.former[group]:
                self.before[group, row] = self.stored[slot, group]
            if self.sets[state, group]:
                self.stored[slot, group] = cython.cast(cython.int, self.sizes[group])
                self.sizes[group] += 1
            self.after[group, row] = self.stored[slot, group]
        self.rows += 1
        if self.decision.used:
            self.decision.enter(slot, state, step - self.waits_from[slot])
        self.workers[slot].time = time_after(self.workers[slot].time, delay)
        self.workers[slot].step = step + 1
        self.workers[slot].state = self._next_state(state, key)
        self.ends[row] = self.workers[slot].time if self.workers[slot].state == self.stop else NEVER
        if is_newborn:
            self.agenda.add(slot)
        else:
            self.agenda.move(slot)
        return REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next_state(self, state: cython.int, key: cython.ulonglong) -> cython.int:
        """Draw the state after a state: the first transition whose cumulative probability is above the draw."""
        if self.decision.kind[state] != PLAIN:
            return self.stop + 1 + state
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
        """Find out where the worker at the top of the heap goes, who leaves a state as conditions say."""
        state: cython.int = self.workers[slot].state - self.stop - 1
        key: cython.ulonglong = numbered(self.workers[slot].key, self.workers[slot].step - 1)
        alive: cython.longlong = self.sources.alive + self.sources.outside
        if self.decision.is_noted_full():
            return FULL
        state = self.decision.choose(
            slot, state, cython.address(self.workers[slot]), alive, mix(key ^ self.transition_purpose)
        )
        if state < 0:
            return FAULT
        self.workers[slot].state = state
        return REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stop(self, slot: cython.int) -> cython.int:
        """Let the worker at the top of the heap stop, which frees its place at that time."""
        self.agenda.take()
        group: cython.Py_ssize_t
        for group in range(self.stored.shape[1]):
            self.stored[slot, group] = 0
        self.workers[slot].state = NOBODY
        self.workers[slot].behind = self.empty
        self.empty = slot
        self.sources.leave(self.origin[slot], self.workers[slot].time)
        return ENDED if self.sources.ended != NOBODY else REACHED
