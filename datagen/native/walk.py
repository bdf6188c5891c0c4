"""The walk: births under the limit, steps from state to state and stops, one event after the other in order of time.

Owns who is alive and what comes next of whom. What it reads are tables of numbers by state; what it fills are
the columns of steps. It knows no names, no fields and no clock, and draws what a key says.
"""

import cython
from cython.cimports.datagen.native.agenda import Agenda, Worker
from cython.cimports.datagen.native.draws import mix, numbered, standard
from cython.cimports.libc.math import rint

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
LONGEST = cython.declare(cython.double, 4611686018.0)  # seconds: from here on a wait counts as ``NEVER``
NOBODY = cython.declare(cython.int, -1)
MOST_AT_ONCE = cython.declare(cython.longlong, 1 << 23)  # events at one instant, and so many more for each worker:
MOST_EACH = cython.declare(cython.longlong, 16)
MOST_SLOTS = cython.declare(cython.longlong, 1 << 31)  # whose numbers have 32 bits

FOREIGN = cython.declare(cython.int, -1)  # families beside those of Linear: drawn in Python, ahead of time,
CONSTANT = cython.declare(cython.int, 0)  # and not drawn at all

# Why the walk pauses.
REACHED = cython.declare(cython.int, 0)  # nothing is left before the limit
FULL = cython.declare(cython.int, 1)  # there is no room for more steps
CROWDED = cython.declare(cython.int, 2)  # there is no slot for a newcomer
NO_GAPS = cython.declare(cython.int, 3)  # a worker is to be born whose waits were not drawn ahead of time
NO_WAITS = cython.declare(cython.int, 4)  # a worker has used up the waits that were
UNKNOWN = cython.declare(cython.int, 5)  # a wait is not a number
STUCK = cython.declare(cython.int, 6)  # the clock does not move on
PAUSES = {
    REACHED: "reached",
    FULL: "full",
    CROWDED: "crowded",
    NO_GAPS: "no gaps",
    NO_WAITS: "no waits",
    UNKNOWN: "unknown",
    STUCK: "stuck",
}


@cython.final  # so that its methods call each other directly
@cython.cclass
class EventLoop:
    """The loop over the events of all workers, in order of (time, worker number).

    A worker alive has a slot, and one event to come: the state that it enters next.
    """

    # Tables, an entry for each state.
    family: cython.const[cython.int][::1]  # of its delay, as plugin.distribution.Linear has it
    offset: cython.const[cython.double][::1]  # seconds
    scale: cython.const[cython.double][::1]
    foreign: cython.const[cython.int][::1]  # which of the delays drawn ahead of time it has; -1: none
    ways: cython.const[cython.int][::1]  # (states + 1,) where its transitions begin
    bound: cython.const[cython.ulonglong][::1]  # (ways,) cumulative probability, in 2**-53
    target: cython.const[cython.int][::1]  # (ways,)
    sets: cython.const[cython.uchar][:, ::1]  # (states, groups) which groups of variables it sets
    former: cython.const[cython.uchar][::1]  # (groups,) which of them are read as they were before a step
    stop: cython.int
    # Draws.
    worker_key: cython.ulonglong
    gap_purpose: cython.ulonglong
    delay_purpose: cython.ulonglong
    transition_purpose: cython.ulonglong
    # Arrivals.
    gap_family: cython.int
    gap_offset: cython.double
    gap_scale: cython.double
    most = cython.declare(cython.longlong, visibility="readonly")
    alive = cython.declare(cython.longlong, visibility="readonly")
    spawned = cython.declare(cython.longlong, visibility="readonly")
    due = cython.declare(cython.longlong, visibility="readonly")  # ns: the next spawn is not before this
    asked = cython.declare(cython.longlong, visibility="readonly")  # ns: when it would be without a limit
    # Workers, by slot.
    agenda: Agenda
    workers: Worker[::1]
    stored: cython.int[:, ::1]  # (slots, groups) positions of the values set last
    used = cython.declare(cython.int, visibility="readonly")  # slots from here on were never taken
    empty: cython.int  # the first empty slot before these
    # Waits drawn ahead of time, in ns; -1: not a number.
    gaps: cython.const[cython.longlong][::1]  # (coming,) of workers from ``coming_from`` on
    first_waits: cython.const[cython.longlong][:, :, ::1]  # (coming, delays, steps)
    coming_from: cython.longlong
    coming_until: cython.longlong  # NEVER where nothing is drawn ahead
    waits: cython.longlong[:, :, ::1]  # (slots, delays, steps)
    waits_from: cython.longlong[::1]  # (slots,) number of the first of these steps
    instant: cython.longlong  # of the last event
    at_once = cython.declare(cython.longlong, visibility="readonly")  # events then
    # Steps.
    rows = cython.declare(cython.longlong, visibility="readonly")
    held = cython.declare(cython.longlong, visibility="readonly")
    time: cython.longlong[::1]
    worker: cython.longlong[::1]
    step: cython.longlong[::1]
    state: cython.int[::1]
    keys: cython.ulonglong[::1]
    after: cython.int[:, ::1]  # (groups, rows)
    before: cython.int[:, ::1]  # (groups, rows) of ``former`` groups
    births: cython.longlong[::1]
    spans: cython.longlong[::1]
    sizes: cython.longlong[::1]  # (groups,) of the stores of values

    def __init__(self, tables: object, keys: object, day: object, most: cython.longlong) -> None:
        """Take the tables of a plan, the keys of a seed, room for a calendar, (days,), and the limit of workers.

        The keys are those of the draws of workers, gaps, delays and transitions. Raises ValueError when tables don't
        fit together, as all methods do that take arrays.
        """
        self.family, self.offset, self.scale = tables.family, tables.offset, tables.scale
        self.foreign, self.stop = tables.foreign, len(tables.family)
        self.ways, self.bound, self.target, self.sets = tables.ways, tables.bound, tables.target, tables.sets
        self.former = tables.former
        self.gap_family, self.gap_offset, self.gap_scale = tables.gap
        self.worker_key, self.gap_purpose, self.delay_purpose, self.transition_purpose = keys
        self.agenda = Agenda(day)
        self.most = most
        self.coming_from, self.coming_until = 0, NEVER
        self.restore(0, 0, 0, 0)
        self._check_tables()

    def _check_tables(self) -> None:
        """Raise ValueError when the tables of states are of different lengths, or lead to states that there are not."""
        state: cython.int
        way: cython.int
        for length in (len(self.offset), len(self.scale), len(self.foreign), len(self.ways) - 1, len(self.sets)):
            check(length, self.stop)
        check(len(self.bound), self.ways[self.stop])
        check(len(self.target), self.ways[self.stop])
        check(self.ways[0], 0)
        check(len(self.former), self.sets.shape[1])
        for state in range(self.stop):
            if self.ways[state] >= self.ways[state + 1]:
                raise ValueError("a state without a way out of it")
        for way in range(self.ways[self.stop]):
            if self.target[way] < 0 or self.target[way] > self.stop:
                raise ValueError("a way to a state that there is not")

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        for array in (slots.stored, slots.when, slots.who, slots.waits, slots.waits_from):
            check(len(array), len(slots.workers))
        check(slots.stored.shape[1], self.sets.shape[1])
        check(slots.waits.shape[1], max(self.foreign) + 1)
        if len(slots.workers) >= MOST_SLOTS:
            raise ValueError("more slots than there are numbers for")
        self.agenda.house(slots)
        self.workers, self.stored = slots.workers, slots.stored
        self.waits, self.waits_from = slots.waits, slots.waits_from

    def expect(self, gaps: object, first_waits: object) -> None:
        """Take the waits, drawn ahead of time, of the workers that are born next; ``house`` comes before."""
        check(len(first_waits), len(gaps))
        check(first_waits.shape[1], self.waits.shape[1])
        check(first_waits.shape[2], self.waits.shape[2])
        self.gaps, self.first_waits = gaps, first_waits
        self.coming_from, self.coming_until = self.spawned, self.spawned + len(gaps)

    def restore(
        self, alive: cython.int, spawned: cython.longlong, due: cython.longlong, asked: cython.longlong
    ) -> None:
        """Go on with the workers who are in the first slots; ``schedule`` is to follow."""
        self.alive = self.used = alive
        self.empty, self.instant, self.at_once = NOBODY, -1, 0
        self.spawned, self.due, self.asked = spawned, due, asked

    def begin(self, steps: object) -> None:
        """Take the arrays that the next steps are written to."""
        for array in (steps.worker, steps.step, steps.state, steps.keys, steps.births, steps.spans):
            check(len(array), len(steps.time))
        for array in (steps.after, steps.before):
            check(array.shape[0], len(steps.sizes))
            check(array.shape[1], len(steps.time))
        check(len(steps.sizes), self.sets.shape[1])
        self.time, self.worker, self.step, self.state = steps.time, steps.worker, steps.step, steps.state
        self.keys, self.after, self.before, self.sizes = steps.keys, steps.after, steps.before, steps.sizes
        self.births, self.spans = steps.births, steps.spans
        self.rows = self.held = 0

    def schedule(self, shift: cython.int) -> None:
        """Put the events of all workers into a calendar whose days have 2**shift ns."""
        self.agenda.schedule(shift, self.used)

    def day_bits(self) -> cython.int:
        """Return the length of the calendar's days, as in ``schedule``; too short ones become longer by themselves."""
        return self.agenda.shift

    def next_event(self) -> cython.longlong:
        """Return when the next event of a worker alive is, in ns; ``NEVER`` without any."""
        return self.agenda.next()

    def advance(self, limit: cython.longlong) -> str:
        """Walk up to a time, in ns; return which of the ``PAUSES`` it makes, there or before."""
        pause: cython.int
        with cython.nogil:
            pause = self._walk(limit)
        return PAUSES[pause]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _walk(self, limit: cython.longlong) -> cython.int:
        now: cython.longlong
        slot: cython.int
        pause: cython.int = REACHED
        while pause == REACHED:
            if self.rows == self.time.shape[0]:
                return FULL
            now = self.agenda.next()
            if self.alive < self.most and self.due < now:
                # Not at the same time: whoever is alive has a lower number, and comes first.
                if self.due >= limit:
                    return REACHED
                pause = self._spawn()
                continue
            if now >= limit:
                return REACHED
            if now != self.instant:
                self.instant, self.at_once = now, 0
            self.at_once += 1
            if self.at_once > MOST_AT_ONCE + MOST_EACH * self.alive:
                return STUCK
            slot = self.agenda.who[0]
            if self.workers[slot].state == self.stop:
                self._leave(slot)
            else:
                pause = self._enter(slot, False)
        return pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _spawn(self) -> cython.int:
        """Let the next worker be born, who enters the first state at once, and draw the gap after it."""
        slot: cython.int
        place: cython.Py_ssize_t
        delay: cython.Py_ssize_t
        gap: cython.longlong
        coming: cython.Py_ssize_t = self.spawned - self.coming_from
        if self.spawned >= self.coming_until:
            return NO_GAPS
        if self.empty == NOBODY and self.used == self.workers.shape[0]:
            return CROWDED
        key: cython.ulonglong = numbered(self.worker_key, self.spawned)
        if self.gap_family == FOREIGN:
            gap = self.gaps[coming]
            if gap < 0:
                return UNKNOWN
        else:
            gap = wait(self.gap_family, self.gap_offset, self.gap_scale, numbered(key, 0) ^ self.gap_purpose)
        slot = self.empty
        if slot == NOBODY:
            slot = self.used
            self.used += 1
        else:
            self.empty = self.workers[slot].behind
        self.workers[slot].time = self.due
        self.workers[slot].number = self.spawned
        self.workers[slot].key = key
        self.workers[slot].step = 0
        self.workers[slot].state = 0
        for place in range(self.stored.shape[1]):
            self.stored[slot, place] = 0
        for delay in range(self.waits.shape[1]):
            self.waits_from[slot] = 0
            for place in range(self.waits.shape[2]):
                self.waits[slot, delay, place] = self.first_waits[coming, delay, place]
        if self.due > self.asked:
            self.births[self.held], self.spans[self.held] = self.due, self.due - self.asked
            self.held += 1
        self.asked = self.due = time_after(self.due, gap)
        self.spawned += 1
        self.alive += 1
        return self._enter(slot, True)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _enter(self, slot: cython.int, is_newborn: cython.bint) -> cython.int:
        """Write the step of a worker, a newborn or the one at the top of the heap, and move it to its next event."""
        state: cython.int = self.workers[slot].state
        step: cython.longlong = self.workers[slot].step
        key: cython.ulonglong = numbered(self.workers[slot].key, step)
        delay: cython.longlong
        if self.family[state] == FOREIGN:
            if step - self.waits_from[slot] >= self.waits.shape[2]:
                return NO_WAITS
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
        self.workers[slot].time = time_after(self.workers[slot].time, delay)
        self.workers[slot].step = step + 1
        self.workers[slot].state = self._next_state(state, key)
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
    def _leave(self, slot: cython.int) -> cython.void:
        """Let the worker at the top of the heap stop, which frees its place at that time."""
        self.due = max(self.due, self.workers[slot].time)
        self.alive -= 1
        self.agenda.take()
        group: cython.Py_ssize_t
        for group in range(self.stored.shape[1]):
            self.stored[slot, group] = 0
        self.workers[slot].state = NOBODY
        self.workers[slot].behind = self.empty
        self.empty = slot


@cython.cfunc
def check(found: cython.Py_ssize_t, wanted: cython.Py_ssize_t) -> None:
    """Raise ValueError when an array has another length than it should."""
    if found != wanted:
        raise ValueError(f"{found} in place of {wanted}")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def time_after(time: cython.longlong, delay: cython.longlong) -> cython.longlong:
    """Return the time that is a wait after another, both in ns; ``NEVER`` for what is beyond that."""
    return min(time + delay, NEVER)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def wait(family: cython.int, offset: cython.double, scale: cython.double, row: cython.ulonglong) -> cython.longlong:
    """Return a drawn wait, in whole ns; below 0 counts as 0, and what is beyond ``NEVER`` as that."""
    seconds: cython.double = offset
    if family != CONSTANT:
        seconds += scale * standard(family, mix(row))
    if not seconds > 0:
        return 0
    if seconds >= LONGEST:
        return NEVER
    return cython.cast(cython.longlong, rint(seconds * 1e9))
