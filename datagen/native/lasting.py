"""Delays that follow from the instant at which they begin: their numbers by expression, or the pace of a profile.

Sits between the walk and what calculates. What only Python can find out is left to it, for one worker at a time.
"""

import cython
from cython.cimports.datagen.native.machine import Machine
from cython.cimports.datagen.native.waits import time_after, wait

from datagen.native.fitting import check, check_within

ASKED = cython.declare(cython.longlong, -1)  # what ``until`` says where only Python knows
NONE = cython.declare(cython.longlong, -2)  # in place of a delay that is known already
NOT_A_NUMBER = cython.declare(cython.double, float("nan"))
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
FORMULAS = cython.declare(cython.int, 4)  # families that the core draws by itself
PLAIN = cython.declare(cython.int, -1)  # in place of a family: its numbers are no expressions,
FOREIGN = cython.declare(cython.int, -2)  # or only Python can draw with them
CONSTANT = cython.declare(cython.int, 0)  # as in draw
UNIFORM = cython.declare(cython.int, 1)
EXPONENTIAL = cython.declare(cython.int, 2)


@cython.final  # so that its methods are called directly
@cython.cclass
class Lasting:
    """Finds out until when workers stay."""

    def __init__(self, tables: object, purpose: object, machine: Machine, pace: object) -> None:
        """Take tables of states, the key of the draws of delays, what calculates, and the first of the paces, or None.

        Raises ValueError when the tables don't fit together.
        """
        for table in (tables.offset, tables.scale, tables.formula, tables.pace, tables.begin[1:]):
            check(len(table), len(tables.family))
        check(tables.begin[0], 0)
        check(tables.begin[len(tables.family)], len(tables.numbers))
        check_within(tables.formula, FOREIGN, FORMULAS)
        check_within(tables.begin[1:] - tables.begin[: len(tables.family)], 0, len(tables.values) + 1)
        self.family, self.offset, self.scale, self.formula = tables.family, tables.offset, tables.scale, tables.formula
        self.pace_of, self.begin, self.numbers, self.values = tables.pace, tables.begin, tables.numbers, tables.values
        self.purpose, self.machine, self.pace = purpose, machine, pace
        self.gift, self.gift_key = tables.gift, tables.gift_key
        self.delay = ASKED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def until(
        self,
        slot: cython.int,
        state: cython.int,
        time: cython.longlong,
        delay: cython.longlong,
        key: cython.ulonglong,
    ) -> cython.longlong:
        """Return until when a worker stays who enters a state now; ASKED: only Python can tell.

        Then ``delay`` is the one that is known, of which its pace makes more or less; it is ASKED as well where there
        is none. ``values`` are the numbers of its distribution.
        """
        if self.formula[state] != PLAIN:
            delay = self._drawn(slot, state, key ^ self.purpose)
        elif delay == NONE:
            delay = wait(self.family[state], self.offset[state], self.scale[state], key ^ self.purpose)
        self.delay = delay
        if delay == ASKED:
            return ASKED
        if self.pace_of[state] < 0:
            return time_after(time, delay)
        return self.pace.reached(self.pace_of[state], time, delay)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def takes(self, slot: cython.int) -> cython.int:
        """Return which entry of the spawns a worker is given who leaves a state, once; -1: none."""
        gift: cython.int = -1
        if self.gift >= 0:
            gift = cython.cast(cython.int, self.machine.known[slot, self.gift]) - 1
            self.machine.known[slot, self.gift] = 0
        return gift

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def key(self, slot: cython.int) -> cython.ulonglong:
        """Return the key of what is drawn of that."""
        return cython.cast(cython.ulonglong, self.machine.known[slot, self.gift_key]) & MASK

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _drawn(self, slot: cython.int, state: cython.int, row: cython.ulonglong) -> cython.longlong:
        """Return the delay that the numbers of a state give; ASKED where Python is to draw it, or to refuse them."""
        at: cython.int
        begin: cython.int = self.begin[state]
        formula: cython.int = self.formula[state]
        for at in range(begin, self.begin[state + 1]):
            self.machine.run(self.numbers[at, 0], self.numbers[at, 1], slot, 0)
            self.values[at - begin] = self.machine.reals[0] if self.machine.holds[0] else NOT_A_NUMBER
        if formula == FOREIGN:
            return ASKED
        first: cython.double = self.values[0]
        if formula == CONSTANT:
            return wait(CONSTANT, first, 0.0, row) if first == first else ASKED
        if formula == EXPONENTIAL:
            return wait(EXPONENTIAL, 0.0, first, row) if first > 0 else ASKED
        second: cython.double = self.values[1]
        if formula == UNIFORM:
            return wait(UNIFORM, first, second - first, row) if first <= second else ASKED
        return wait(formula, first, second, row) if first == first and second >= 0 else ASKED
