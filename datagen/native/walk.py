"""The walk: births under the limit, steps from state to state and stops, one event after the other in order of time.

Owns who is alive and what comes next of whom. What it reads are tables of numbers by state; what it fills are
the columns of steps. It knows no names, no fields and no clock, and draws what a key says.
"""

import cython
from cython.cimports.datagen.native import pauses
from cython.cimports.datagen.native.agenda import Worker
from cython.cimports.datagen.native.choice import first_above
from cython.cimports.datagen.native.decision import BEFORE, BEHIND, LEAVING, TELLS
from cython.cimports.datagen.native.draws import mix, numbered
from cython.cimports.datagen.native.journal import Journal
from cython.cimports.datagen.native.lasting import Lasting
from cython.cimports.datagen.native.nursery import Nursery
from cython.cimports.datagen.native.resources import Resources
from cython.cimports.datagen.native.sources import Source, Sources
from cython.cimports.datagen.native.stays import Stays
from cython.cimports.datagen.native.threshold import Threshold
from cython.cimports.datagen.native.waits import time_after, wait

from datagen.native.fitting import check, check_slots, check_tables
from datagen.native.pauses import PAUSES

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
NOBODY = cython.declare(cython.int, -1)
MOST_AT_ONCE = cython.declare(cython.longlong, 1 << 23)  # events at one instant, and so many more for each worker:
MOST_EACH = cython.declare(cython.longlong, 16)
UNBORN = cython.declare(cython.longlong, 1 << 61)  # as in children
CHILD = cython.declare(cython.int, 0x7FFFFFFF)  # instead of a source
LATER = cython.declare(cython.int, -2)  # the family of a delay that follows from the instant at which it begins
LEFT = cython.declare(cython.longlong, -2)  # in place of a delay: that is still to be found out
THROUGH = cython.declare(cython.longlong, -1)  # an answer: the worker stops
DROPPED = cython.declare(cython.int, 1)  # as in sources
PLAIN = cython.declare(cython.int, 0)  # as in engine.conditions
LATE = cython.declare(cython.int, 3)


@cython.final  # so that its methods call each other directly
@cython.cclass
class EventLoop:
    """The loop over the events of all workers, in order of (time, worker number).

    A worker alive has a slot, and one event to come: the state that it enters next or, where only then it is known
    which that is, the state that it leaves, numbered behind the stop. One who waits for others has none.
    """

    def __init__(self, tables: object, keys: object, sources: Sources, resources: Resources, lasting: Lasting) -> None:
        """Take the tables of a plan, the keys of a seed, the sources, the resources, and what knows late delays.

        The keys are those of the draws of transitions, and those that ``Stays`` takes. Raises ValueError when tables
        don't fit together, as all methods do that take arrays.
        """
        self.stop, self.transition_purpose, self.delay_purpose = len(tables.family), keys[0], keys[1]
        self.family, self.offset, self.scale = tables.family, tables.offset, tables.scale
        self.ways, self.bound, self.target, self.sets = tables.ways, tables.bound, tables.target, tables.sets
        self.former, self.journal, self.stays = tables.former, Journal(tables), Stays(tables, keys[1:])
        self.sources, self.resources, self.agenda = sources, resources, resources.agenda
        self.decision, self.children, self.lasting = resources.decision, resources.children, lasting
        self.threshold = Threshold(sources, resources, self.stays, self.journal)
        self.nursery, self.shares = Nursery(resources, self.threshold, lasting), resources.used
        check_tables(tables, [sources.source[place].state for place in range(len(sources.source))])
        for found, wanted in ((self.decision.stop, 0), (self.decision.spawn, len(sources.source))):
            check(found, self.stop + wanted)
        self.change, self.made, self.hears = NEVER, 2 * self.stop + 2, False
        self.restore(0)

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        check_slots(slots)
        self.agenda.house(slots)
        self.workers, self.stored = slots.workers, slots.stored
        self.waits_ahead = slots.waits.shape[2] > 0
        has_more = self.shares or self.decision.used or any(self.decision.kind)
        self.is_plain = not has_more and min(self.family, default=0) >= 0
        for part in (self.stays, self.journal, self.decision, self.resources, self.nursery, self.threshold):
            part.house(slots)

    def expect(self, first_waits: object, first_drawn: object, first_there: object, batches: object) -> None:
        """Take what is known ahead of time of the workers that come: waits, values and batches; after ``house``."""
        self.decision.expect(first_waits, first_drawn, first_there, batches)
        self.stays.expect(first_waits, self.sources.times)

    def restore(self, alive: cython.int) -> None:
        """Go on with the workers who are in the first slots; the agenda's ``schedule`` is to follow."""
        self.agenda.fill(alive)
        self.instant, self.at_once = -1, 0

    def begin(self, steps: object) -> None:
        """Take the arrays that the next steps are written to; the records of those before are made."""
        self.journal.begin(steps)
        self.is_ahead = False
        self.decision.note(steps)
        self.time, self.worker, self.step, self.state = steps.time, steps.worker, steps.step, steps.state
        self.keys, self.sizes, self.after, self.before = steps.keys, steps.sizes, steps.after, steps.before
        self.room = len(steps.time) - (1 if self.resources.used else 0)  # a birth may be a row, beside that of the step

    def next_event(self) -> cython.longlong:
        """Return when the next event of a worker is, in ns; ``NEVER`` without any."""
        if self.children.parent != NOBODY:
            return self.children.now
        if self.resources.ready != NOBODY:
            return self.workers[self.resources.ready].time
        return min(self.agenda.next(), self.resources.next_timeout(), self.sources.coming)

    def advance(self, limit: cython.longlong) -> str:
        """Walk up to a time, in ns; return which of the ``PAUSES`` it makes, there or before."""
        with cython.nogil:
            pause: cython.int = self._walk(min(limit, self.change))
        if pause == pauses.REACHED and self.change < limit:
            pause = pauses.CHANGED
        return PAUSES[pause]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _walk(self, limit: cython.longlong) -> cython.int:
        now: cython.longlong
        is_late: cython.bint = False
        pause: cython.int = pauses.REACHED
        while pause == pauses.REACHED:
            if self.journal.rows >= self.room:
                return pauses.FULL
            # Its place is looked at here, as the arrays of a step are: each call costs 30 instructions.
            now = self.agenda.when[0] if self.agenda.near > 0 else self.agenda.next()
            if self.shares:
                if self.children.parent != NOBODY:
                    pause = self.nursery.conceive()
                    continue
                if self.resources.ready != NOBODY:
                    pause = self._take_turn(False)
                    continue
                is_late = self.resources.is_late(now)
                now = self.resources.next_timeout() if is_late else now
            if self.sources.coming < now:  # not at the same time: whoever is alive has a lower number, and comes first
                if self.sources.coming >= limit:
                    return pauses.REACHED
                pause = pauses.FULL if self.journal.is_full_of_births() else self._arrive()
                continue
            if now >= limit:
                return pauses.REACHED
            if now != self.instant:
                self.instant, self.at_once = now, 0
            self.at_once += 1
            if self.at_once > MOST_AT_ONCE + MOST_EACH * (self.sources.alive + self.sources.outside):
                return pauses.STUCK
            pause = self._take_turn(is_late) if self.shares else self._go(self.agenda.who[0], False)
        return pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _take_turn(self, is_late: cython.bint) -> cython.int:
        """Let the worker go on whose turn it is, apart from the agenda: what it gives back makes events of others."""
        slot: cython.int
        pause: cython.int
        is_early: cython.bint = is_late and self.is_ahead and self.resources.recalls(self.resources.timers.top(0))
        if is_early or (is_late and self.decision.is_noted_full()):
            return pauses.FULL
        if self.resources.ready != NOBODY:
            slot = self.resources.take_ready()
        elif is_late:
            slot = self.resources.give_up()
            if self.workers[slot].state == self.stop:
                self.decision.note_stop(cython.address(self.workers[slot]), NOBODY, self.journal.rows)
        else:
            slot = self.agenda.who[0]
            self.agenda.take()
        pause = self._go(slot, True)
        if pause in (pauses.FULL, pauses.NO_WAITS, pauses.UNKNOWN, pauses.FAULT):
            self.resources.make_ready(slot)  # it is still its turn
        return pause

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _go(self, slot: cython.int, is_apart: cython.bint) -> cython.int:
        """Let a worker leave its state and enter the next one, or stop; it is at the top of the heap, or apart."""
        pause: cython.int = pauses.REACHED
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        if is_apart and worker.number >= UNBORN:
            pause = self.nursery.be_born(slot, self.sources.number_of_child(worker.number))
            if pause != pauses.REACHED:
                return pauses.REACHED if pause == pauses.WAITING else pause
            self.sources.bear_child(worker.number)
        if self.stop < worker.state < self.made:
            pause = self._decide(slot)
            if pause != pauses.REACHED:
                return pause
        if worker.state < self.stop or worker.state >= self.made:
            return self._enter_plainly(slot, is_apart) if self.is_plain else self._enter(slot, is_apart)
        if self.is_ahead and self.shares and self.resources.recalls(slot):
            return pauses.FULL
        if not is_apart:
            self.agenda.take()
        return self.threshold.stop(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arrive(self) -> cython.int:
        """Let the next worker be born, who enters its first state at once, or be turned away or dropped."""
        place: cython.int = self.sources.comer
        source: cython.pointer(Source) = cython.address(self.sources.source[place])
        pause: cython.int = pauses.REACHED
        if source.number - source.first >= source.known:
            return pauses.NO_TIMES
        if self.sources.times[place, source.number - source.first] < 0:
            return pauses.UNKNOWN
        is_full: cython.bint = self.sources.is_full(place)
        is_born: cython.bint = not is_full or source.when_full != DROPPED
        if is_born and not self.agenda.has_slot():
            return pauses.CROWDED
        if is_born and self.is_ahead and self.decision.recalls[source.turned if is_full else source.state] & BEFORE:
            return pauses.FULL
        if is_full:
            if self.sources.is_noted_full():
                return pauses.FULL
            self.sources.refuse(place)
        if is_born:
            slot: cython.int = self.threshold.bear(place, is_full)
            if self.journal.gives and self.shares and self.resources.waits_in(self.workers[slot].state):
                self._write(slot, self.stop, numbered(self.workers[slot].key, 0))  # it may not be a step for long
            self.sources.enter(place, is_full)
            pause = self._enter_plainly(slot, True) if self.is_plain else self._enter(slot, True)
        self.sources.pass_on(place, self.sources.coming)
        if pause == pauses.REACHED and self.sources.beyond != NOBODY:
            return pauses.BEYOND
        return pauses.ENDED if pause == pauses.REACHED and self.sources.ended != NOBODY else pause

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _enter(self, slot: cython.int, is_apart: cython.bint) -> cython.int:
        """Write the step of a worker, unless it has to wait, and move it to its next event."""
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        state: cython.int = worker.state
        step: cython.longlong = worker.step
        key: cython.ulonglong = numbered(worker.key, step)
        is_made: cython.bint = state >= self.made  # its record, and what comes behind that is left
        state -= self.made if is_made else 0
        if self.is_ahead and (is_made or self.decision.recalls[state] & BEFORE):
            return pauses.FULL
        if self.waits_ahead and self.stays.is_used_up(slot, state, step, self.decision.draws[state] != 0):
            return pauses.NO_WAITS
        if is_made:
            self.threshold.look(slot, step + 1)
        elif self.shares:
            pause: cython.int = self.threshold.ask(slot, key)
            if pause != pauses.REACHED:
                return pauses.REACHED if pause == pauses.WAITING else pause
        elif self.decision.counts[state] >= 0:
            self.decision.arrive(slot, state)
        delay: cython.longlong = LEFT
        family: cython.int = self.family[state]
        if family >= 0:
            delay = wait(family, self.offset[state], self.scale[state], key ^ self.delay_purpose)
        elif family != LATER or self.stays.foreign[state] >= 0:
            delay = self.stays.ahead(slot, state, step)
        if delay < 0 and delay != LEFT:
            return pauses.UNKNOWN
        if is_made:
            worker.state = state
        elif self._make_step(slot, state, key):
            self.threshold.put_off(slot, is_apart)
            return pauses.REACHED
        if self.children.used:
            self.children.begin_brood(slot, state, key, worker.time)
        until: cython.longlong = time_after(worker.time, delay)
        if family == LATER:
            until = self.lasting.until(slot, state, worker.time, delay, key)
            if until < 0:
                self.guest, self.guest_key, self.guest_is_apart = slot, key, is_apart
                return pauses.ASKED
        self._stay(slot, key, until, is_apart)
        return pauses.REACHED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _enter_plainly(self, slot: cython.int, is_apart: cython.bint) -> cython.int:
        """Do so in a spec where nothing is decided, shared or drawn ahead: 65 ns a step instead of 71."""
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        state: cython.int = worker.state
        key: cython.ulonglong = numbered(worker.key, worker.step)
        family: cython.int = self.family[state]
        delay: cython.longlong = wait(family, self.offset[state], self.scale[state], key ^ self.delay_purpose)
        self._write(slot, state, key)
        self._stay(slot, key, time_after(worker.time, delay), is_apart)
        return pauses.REACHED

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _make_step(self, slot: cython.int, state: cython.int, key: cython.ulonglong) -> cython.bint:
        """Write the step of a worker into a state; return whether what comes behind it has to wait for its record."""
        self._write(slot, state, key)
        if not self.decision.used:
            return False
        if self.decision.looks:
            self.threshold.look(slot, self.workers[slot].step + 1)
        place: cython.longlong = self.stays.place(slot, self.workers[slot].step) if self.waits_ahead else 0
        self.decision.go_in(slot, state, place, self.journal.rows - 1, key)
        self.is_ahead = self.is_ahead or (self.hears and self.decision.recalls[state] & TELLS != 0)
        return self.is_ahead and self.decision.recalls[state] & BEHIND != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _stay(
        self, slot: cython.int, key: cython.ulonglong, until: cython.longlong, is_apart: cython.bint
    ) -> cython.void:
        """Let a worker stay in the state that it has entered with a key, and move it to the event of its leaving."""
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        state: cython.int = worker.state
        worker.time = until
        worker.step += 1
        if self.is_plain or self.decision.kind[state] == PLAIN:
            worker.state = self._next_state(state, key)
        else:
            worker.state = self.stop + 1 + state  # which it leaves: only then it is known where to
        if is_apart:
            self.agenda.add(slot)
        else:
            self.agenda.move(slot)

    def answer(self, until: cython.longlong) -> str:
        """Let the worker who was asked about stay until a time, or stop at once if it is -1; return a pause as well."""
        self._stay(self.guest, self.guest_key, max(until, self.workers[self.guest].time), self.guest_is_apart)
        if until == THROUGH:
            self.workers[self.guest].state = 2 * self.stop + 1  # behind those that it might leave
        if self.sources.beyond != NOBODY:
            return PAUSES[pauses.BEYOND]
        return PAUSES[pauses.ENDED if self.sources.ended != NOBODY else pauses.REACHED]

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _write(self, slot: cython.int, state: cython.int, key: cython.ulonglong) -> cython.void:
        """Write the step of a worker into a state; one into the stop is a birth alone.

        Here, with arrays at hand: a call into the journal's library makes a step 14 % slower.
        """
        row: cython.longlong = self.journal.rows
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        group: cython.Py_ssize_t
        position: cython.int
        is_step: cython.bint = state < self.stop
        self.time[row], self.worker[row], self.step[row] = worker.time, worker.number, worker.step
        self.state[row], self.keys[row] = state, key
        for group in range(self.stored.shape[1]):
            position = self.stored[slot, group]
            if self.former[group]:
                self.before[group, row] = position
            if is_step and self.sets[state, group]:
                position = self.stored[slot, group] = cython.cast(cython.int, self.sizes[group])
                self.sizes[group] += 1
            self.after[group, row] = position
        self.journal.rows += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next_state(self, state: cython.int, key: cython.ulonglong) -> cython.int:
        """Draw the state after a state without conditions: the first whose cumulative probability is above the draw."""
        way: cython.int = self.ways[state]
        last: cython.int = self.ways[state + 1] - 1
        if way < last:
            way = first_above(mix(key ^ self.transition_purpose) >> 11, self.bound, way, last)
        return self.target[way]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _decide(self, slot: cython.int) -> cython.int:
        """Find out where a worker goes who leaves a state only now, as conditions say or with what it has used."""
        worker: cython.pointer(Worker) = cython.address(self.workers[slot])
        state: cython.int = worker.state - self.stop - 1
        key: cython.ulonglong = numbered(worker.key, worker.step - 1)
        is_early: cython.bint = self.is_ahead and state < self.stop and self.decision.recalls[state] & LEAVING
        if is_early or self.decision.is_noted_full():
            return pauses.FULL
        if self.shares and state < self.stop and self.nursery.stays_on(slot, state):
            return pauses.REACHED
        if state == self.stop or self.decision.kind[state] == LATE:
            state = self._next_state(state, key) if state < self.stop else state  # else all times are through
            if state == self.stop:
                self.decision.note_stop(worker, NOBODY, self.journal.rows)
        else:
            if self.decision.asks:
                self.threshold.look(slot, worker.step)
            state = self.decision.choose(slot, state, worker, mix(key ^ self.transition_purpose), self.journal.rows)
        if state < 0:
            return pauses.FAULT
        worker.state = state
        return pauses.REACHED
