"""Transitions by condition: which there are when a worker leaves a state, and which of them is taken.

Owns what the machine knows of workers for that, and notes who stops by it; knows nothing of the order of events.
"""

import cython
import numpy as np
from cython.cimports.datagen.native.agenda import Worker
from cython.cimports.datagen.native.items import Items
from cython.cimports.datagen.native.machine import Machine

from datagen.native.fitting import check, check_programs, check_within
from datagen.native.instruction import NAMES

NOTHING = cython.declare(cython.int, -1)  # no transition is left
FAULTY = cython.declare(cython.int, -2)  # their weights can't be drawn by
ORDERED = cython.declare(cython.int, 2)
OUT = cython.declare(cython.double, float("-inf"))  # in place of the weight of a transition
OWN_NUMBER = cython.declare(cython.longlong, (1 << 44) - 1)  # the bits of a number below those of the crowd
UNIT = cython.declare(cython.double, 1.0 / 9007199254740992.0)  # 2**-53
ROUNDING = cython.declare(cython.double, 1.0 / 1125899906842624.0)  # 2**-50, more than a product and a quotient lose
GREATEST = cython.declare(cython.double, 1.7976931348623157e308)  # of all that are finite
SMALLEST = cython.declare(cython.double, 1e-290)  # from here on they lose no more than that


def ranges(tables: object) -> object:
    """Return what is kept, and the least and most that it may be, (ways, 3), where a condition asks for no more.

    Elsewhere the first is -1. Without the machine, which takes some 100 instructions, it is asked for in 20.
    """
    return np.array([_range(tables, begin, end) for begin, end in tables.when.tolist()], np.int64).reshape(-1, 3)


def _range(tables: object, begin: int, end: int) -> tuple:
    names = [NAMES[code] for code in tables.code[begin:end].tolist()]
    places = tables.argument[begin:end].tolist()
    if names == ["known"]:  # it is true or false
        return places[0], 1, 1
    least, most = -(2**63), 2**63 - 1
    comparison = names[2] if len(names) == 3 and names[2] in ("=", "<", "<=") else ""
    if comparison and names[:2] == ["known", "whole"] and tables.valid[places[1]]:
        number = int(tables.whole[places[1]])
        bounds = (number if comparison == "=" else least, number - (comparison == "<"))
    elif comparison and names[:2] == ["whole", "known"] and tables.valid[places[0]]:
        number, places = int(tables.whole[places[0]]), places[1:]
        bounds = (number + (comparison == "<"), number if comparison == "=" else most)
    else:
        return -1, 0, 0
    return (places[0], *bounds) if least <= min(bounds) and max(bounds) <= most else (-1, 0, 0)


@cython.final  # so that its methods are called directly
@cython.cclass
class Decision:
    """Decides where workers go, by expressions over what is known of them."""

    def __init__(self, tables: object, machine: Machine) -> None:
        """Take the tables of a plan, which ``fitting.check_programs`` looks at, and what calculates."""
        self.fields = check_programs(tables)
        self.machine, self.items = machine, Items(tables, machine)
        self.entry, self.draws, self.kind = tables.entry, tables.draws, tables.kind
        self.ways, self.target, self.stop = tables.ways, tables.target, len(tables.kind)
        self.bound = tables.bound
        self.when, self.weigh, self.weight = tables.when, tables.weigh, tables.weight
        self.is_bare = ((tables.when[:, 0] == tables.when[:, 1]) & (tables.weigh[:, 0] == tables.weigh[:, 1])).view(
            "u1"
        )
        self.ranges = ranges(tables)
        self.first, self.number, self.begin = tables.first, tables.number, tables.begin
        self.batch = tables.batch
        self.sums, self.counts = tables.sums, tables.counts
        self.gives, self.spawn = tables.gives, len(tables.entry) - 1 - len(tables.gives)
        self.facts, self.notes, self.is_real = tables.facts, tables.notes, tables.is_real
        self.looks, self.asks = tables.looks, tables.asks
        self.changes, self.early, self.recalls = tables.changes, tables.early, tables.recalls
        self.has_changes = tables.changes[0] < tables.changes[self.stop]
        self.used = len(tables.code) > 0 or len(tables.first) > 0 or bool(np.any(tables.recalls))
        self.stopped = 0

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when they don't fit, as all methods do."""
        for array in (slots.known, slots.known_real, slots.has, slots.drawn, slots.drawn_real, slots.there):
            check(len(array), len(slots.workers))
        for array in (slots.known, slots.known_real, slots.has):
            check(array.shape[1], len(self.first))
        for array in (slots.drawn, slots.drawn_real, slots.there):
            check_within([self.fields], 0, array.shape[1] + 1)
            check(array.shape[2], slots.waits.shape[2])
        self.machine.house(slots)
        self.drawn, self.there = slots.drawn, slots.there

    def expect(self, first_waits: object, first_drawn: object, first_there: object, batches: object) -> None:
        """Take what is drawn ahead of time of the workers that the sources know, and which batches these are of.

        ``house`` comes before.
        """
        for array in (first_drawn, first_there):
            check(len(array), len(first_waits))
            check(array.shape[1], first_waits.shape[1])
            check(array.shape[2], self.drawn.shape[1])
            check(array.shape[3], self.drawn.shape[2])
        if len(self.batch):
            check(len(batches), len(first_waits))
            check(batches.shape[1], first_waits.shape[1])
            check(batches.shape[2], 3)
        self.first_drawn, self.first_there, self.batches = first_drawn, first_there, batches

    def note(self, steps: object) -> None:
        """Take room to note who stops as conditions say, and what is known at each step."""
        for array in (steps.stop_worker, steps.stop_state, steps.stop_row):
            check(len(array), len(steps.stop_time))
        for array in (steps.noted, steps.noted_real):
            check(len(array), len(self.notes))
            check(array.shape[1], len(steps.time))
        self.noted, self.noted_real = steps.noted, steps.noted_real
        self.stop_time, self.stop_worker, self.stop_state = steps.stop_time, steps.stop_worker, steps.stop_state
        self.stop_row, self.stopped = steps.stop_row, 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_noted_full(self) -> cython.bint:
        """Return whether there is no room to note one more."""
        return self.stopped == self.stop_time.shape[0]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(
        self,
        slot: cython.int,
        place: cython.int,
        time: cython.longlong,
        number: cython.longlong,
        entry: cython.longlong,
        key: cython.ulonglong,
    ) -> cython.void:
        """Know what there is to know of a newborn of a source: what is drawn first, and what it is given.

        What is drawn for it is by a key.
        """
        kept: cython.Py_ssize_t
        field: cython.Py_ssize_t
        ahead: cython.Py_ssize_t
        for kept in range(self.first.shape[0]):
            self.machine.known[slot, kept], self.machine.has[slot, kept] = 0, self.first[kept]
        if self.number >= 0:
            self.machine.known[slot, self.number] = number
        if self.begin >= 0:
            self.machine.known[slot, self.begin] = time
        self.facts[6] = time
        for field in range(self.batch.shape[0]):
            kept = self.batch[field, 0]
            self.machine.known[slot, kept] = self.batches[place, entry, self.batch[field, 1]]
            self.machine.has[slot, kept] = self.batches[place, entry, 2] > 0
        for field in range(self.drawn.shape[1]):
            for ahead in range(self.drawn.shape[2]):
                self.drawn[slot, field, ahead] = self.first_drawn[place, entry, field, ahead]
                self.there[slot, field, ahead] = self.first_there[place, entry, field, ahead]
        self.enter(slot, self.stop + place, 0, key)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def conceive(self, slot: cython.int, parent: cython.int, spawn: cython.int, key: cython.ulonglong) -> cython.void:
        """Know what there is to know of a child: what it is given, which may follow from what its parent has."""
        kept: cython.Py_ssize_t
        for kept in range(self.first.shape[0]):
            self.machine.known[slot, kept] = self.machine.known[parent, kept]
            self.machine.has[slot, kept] = self.machine.has[parent, kept]
        self.enter(slot, self.spawn + spawn, 0, key)
        for kept in range(self.first.shape[0]):
            if not self.gives[spawn, kept]:
                self.machine.known[slot, kept], self.machine.has[slot, kept] = 0, self.first[kept]
        if self.number >= 0:
            self.machine.has[slot, self.number] = False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def be_born(self, slot: cython.int, time: cython.longlong) -> cython.void:
        """Know when a child is born."""
        if self.begin >= 0:
            self.machine.known[slot, self.begin] = time

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def arrive(self, slot: cython.int, state: cython.int) -> cython.void:
        """Count the visit of a worker to a state, before it waits there for anything."""
        if self.counts[state] >= 0:
            self.machine.known[slot, self.counts[state]] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def enter(self, slot: cython.int, owner: cython.int, place: cython.longlong, key: cython.ulonglong) -> cython.void:
        """Set what a state, or a source, sets of a worker, at a step with a key.

        ``place`` is that of the step among those drawn ahead.
        """
        self.machine.row = key
        self.machine.run(self.entry[owner], self.entry[owner + 1], slot, place)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def go_in(
        self,
        slot: cython.int,
        state: cython.int,
        place: cython.longlong,
        row: cython.longlong,
        key: cython.ulonglong,
    ) -> cython.void:
        """Do all that a worker does who enters a state: set its variables, change what all share, and note it."""
        number: cython.Py_ssize_t
        self.enter(slot, state, place, key)
        if self.has_changes:
            for number in range(self.early):
                self._note(number, slot, state, row)
            self.machine.run(self.changes[state], self.changes[state + 1], slot, 0)
        self.write(slot, state, row)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def write(self, slot: cython.int, state: cython.int, row: cython.longlong) -> cython.void:
        """Note what is known of a worker at its step into a state, which is a row of those that are written."""
        number: cython.Py_ssize_t
        for number in range(self.early, self.noted.shape[0]):
            self._note(number, slot, state, row)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _note(
        self, number: cython.Py_ssize_t, slot: cython.int, state: cython.int, row: cython.longlong
    ) -> cython.void:
        """Write down what one of the notes comes to now."""
        self.machine.run(self.notes[number, state, 0], self.notes[number, state, 1], slot, 0)
        if self.is_real[number]:
            self.noted_real[number, row] = self.machine.reals[0]
        else:
            self.noted[number, row] = self.machine.stack[0]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def choose(
        self,
        slot: cython.int,
        state: cython.int,
        worker: cython.pointer(Worker),
        random: cython.ulonglong,
        row: cython.longlong,
    ) -> cython.int:
        """Return where a worker goes that leaves a state, by a draw; FAULTY where there is none to be made.

        A stop is noted, with how many rows are written.
        """
        following: cython.int = (
            self._first(slot, state) if self.kind[state] == ORDERED else self._weighed(slot, state, random)
        )
        if following == NOTHING or following == self.stop:
            self.note_stop(worker, state if following == NOTHING else NOTHING, row)
            return self.stop
        return following

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note_stop(self, worker: cython.pointer(Worker), state: cython.int, row: cython.longlong) -> cython.void:
        """Note that a worker stops now, in which state if none of its transitions was left, and behind which rows."""
        self.stop_time[self.stopped], self.stop_worker[self.stopped] = worker.time, worker.number
        self.stop_state[self.stopped], self.stop_row[self.stopped] = state, row
        self.stopped += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _first(self, slot: cython.int, state: cython.int) -> cython.int:
        """Return where the first transition leads that is not out."""
        way: cython.int
        for way in range(self.ways[state], self.ways[state + 1]):
            if self.is_bare[way] or self.when[way, 0] == self.when[way, 1] or self._holds(slot, way):
                return self.target[way]
        return NOTHING

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _weighed(self, slot: cython.int, state: cython.int, random: cython.ulonglong) -> cython.int:
        """Return where a transition leads that is drawn by the weights of those that are not out."""
        way: cython.int
        begin: cython.int = self.ways[state]
        left: cython.int = 0
        weight: cython.double
        total: cython.double = 0.0
        for way in range(begin, self.ways[state + 1]):
            weight = self.weight[way] if self.is_bare[way] else self._weight(slot, way)
            if weight >= 0:
                total += weight
                left += 1
            elif weight != OUT:
                return FAULTY
            self.sums[way - begin] = total
        if left == 0:
            return NOTHING
        if not 0 < total <= GREATEST:
            return FAULTY
        way = begin
        wanted: cython.double = (random >> 11) * UNIT
        near: cython.double = wanted * total
        margin: cython.double = near * ROUNDING + SMALLEST
        while self.sums[way - begin] < near - margin or (
            self.sums[way - begin] <= near + margin and self.sums[way - begin] / total <= wanted
        ):  # so that there is a division where only that can tell
            way += 1
        return self.target[way]

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _weight(self, slot: cython.int, way: cython.int) -> cython.double:
        """Return the weight of a transition, by its expressions; OUT where its condition does not hold."""
        if self.when[way, 0] < self.when[way, 1] and not self._holds(slot, way):
            return OUT
        if self.weigh[way, 0] == self.weigh[way, 1]:
            return self.weight[way]
        self.machine.run(self.weigh[way, 0], self.weigh[way, 1], slot, 0)
        return self.machine.number()

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _holds(self, slot: cython.int, way: cython.int) -> cython.bint:
        """Return whether the condition of a transition holds."""
        kept: cython.longlong = self.ranges[way, 0]
        if kept >= 0:
            number: cython.longlong = self.machine.known[slot, kept]
            return self.machine.has[slot, kept] and self.ranges[way, 1] <= number <= self.ranges[way, 2]
        self.machine.run(self.when[way, 0], self.when[way, 1], slot, 0)
        return self.machine.holds[0] and self.machine.stack[0] != 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def look(
        self,
        slot: cython.int,
        worker: cython.pointer(Worker),
        steps: cython.longlong,
        waited: cython.longlong,
        alive: cython.longlong,
    ) -> cython.void:
        """Learn what is known of this instant: of a worker how many states it has entered, and what it has waited."""
        if self.begin >= 0:
            self.facts[0] = worker.time - self.machine.known[slot, self.begin]
        self.facts[1] = worker.number & OWN_NUMBER
        self.facts[2] = steps
        self.facts[3] = waited
        self.facts[4] = alive
        self.facts[6] = worker.time
