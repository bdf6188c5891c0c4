"""The stack machine of expressions over numbers: what the walk has to know of workers while it goes on.

An expression is a range of instructions, made elsewhere; each takes values from the top of a stack and puts one there.
A value is a whole or a real number, as the instruction says; truth is 0 or 1, and a value of a list is its place there.
What can't be calculated is no value, as ``records.expression`` has it.
"""

import cython
from cython.cimports.datagen.native import instruction
from cython.cimports.datagen.native.arithmetic import divided, fits, is_whole, rest, rest_real, whole_near
from cython.cimports.datagen.native.draws import off
from cython.cimports.datagen.native.recipe import Recipes
from cython.cimports.libc.math import fabs, isfinite, rint, sqrt

MOST = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)
LEAST = cython.declare(cython.longlong, -MOST - 1)

# What is known of an instant: of the worker its age (ns), number, how many states it has entered, and how long (ns) it
# has waited in this one; of all how many are alive; of a child that it spawns its place; when it is (ns of the
# simulation); of a row its place in a list, from 1 on. Behind that stand resources, incidents, and what follows the
# clock.
FACTS = {"age": 0, "born": 1, "steps": 2, "waited": 3, "alive": 4, "spawn.index": 5, "now": 6, "of the row": 7}
NOW = cython.declare(cython.int, 6)
FIRST_TIME = cython.declare(
    cython.longlong, -62135510400000000
)  # µs: a day inside of the years 1 to 9999, as in facets
LAST_TIME = cython.declare(cython.longlong, 253402214399999999)
MOST_MOVED = cython.declare(cython.double, 576460752303423488.0)  # 2**59 µs, more than all years


@cython.final  # so that its methods are called directly
@cython.cclass
class Machine:
    """Calculates, and keeps what is known of workers, by slot."""

    def __init__(self, programs: object, pace: object) -> None:
        """Take instructions and constants, which ``fitting.check_programs`` looks at, and the profiles they read."""
        self.pace, self.recipes, self.row = pace, Recipes(programs.recipes), 0
        self.code, self.argument = programs.code, programs.argument
        self.whole, self.real, self.valid = programs.whole, programs.real, programs.valid
        self.facts = programs.facts
        self.cells, self.cells_real = programs.cells, programs.cells.view("float64")

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        self.known, self.known_real, self.has = slots.known, slots.known_real, slots.has
        self.drawn, self.drawn_real, self.there = slots.drawn, slots.drawn_real, slots.there

    def follow(self, back: cython.const[cython.longlong][::1]) -> None:
        """Follow all instructions for each slot (n,), which has the first value of the one that it looks back at then.

        Below 0 there is none. Raises ValueError for another number of slots, or a slot that is not before it.
        """
        slot: cython.int
        if not back.shape[0] == self.known.shape[0] == self.has.shape[0] or self.known.shape[1] == 0:
            raise ValueError(f"{self.known.shape[0]} slots for {back.shape[0]} places")
        for slot in range(back.shape[0]):
            if back[slot] >= slot:
                raise ValueError(f"slot {slot} does not stand behind {back[slot]}")
            if back[slot] >= 0:
                self.known[slot, 0], self.has[slot, 0] = self.known[back[slot], 0], self.has[back[slot], 0]
            self.run(0, self.code.shape[0], slot, slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_true(self) -> cython.bint:
        """Return whether the last result is true."""
        return self.holds[0] and self.stack[0] != 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def number(self) -> cython.double:
        """Return the last result, a real number; 0 where it is none."""
        return self.reals[0] if self.holds[0] else 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def run(self, begin: cython.int, end: cython.int, slot: cython.int, place: cython.longlong) -> cython.void:
        """Follow a range of instructions for a worker; ``place`` is that of the step among those drawn ahead of it."""
        top: cython.int = -1
        at: cython.int
        code: cython.int
        argument: cython.int
        kept: cython.int
        for at in range(begin, end):
            code, argument = self.code[at], self.argument[at]
            if code <= instruction.CELL_REAL:
                top += 1
                if code == instruction.WHOLE:
                    self.stack[top], self.holds[top] = self.whole[argument], self.valid[argument]
                elif code == instruction.REAL:
                    self.reals[top], self.holds[top] = self.real[argument], self.valid[argument]
                elif code == instruction.KNOWN:
                    self.stack[top], self.holds[top] = self.known[slot, argument], self.has[slot, argument]
                elif code == instruction.KNOWN_REAL:
                    self.reals[top], self.holds[top] = self.known_real[slot, argument], self.has[slot, argument]
                elif code == instruction.DRAWN:
                    self.stack[top] = self.drawn[slot, argument, place]
                    self.holds[top] = self.there[slot, argument, place]
                elif code == instruction.DRAWN_REAL:
                    self.reals[top] = self.drawn_real[slot, argument, place]
                    self.holds[top] = self.there[slot, argument, place]
                elif code == instruction.FACT:
                    self.stack[top], self.holds[top] = self.facts[argument], True
                elif code == instruction.FACTOR:
                    self.reals[top], self.holds[top] = self.pace.factor(argument, self.facts[NOW]), True
                elif code == instruction.SECONDS:
                    self.reals[top], self.holds[top] = cython.cast(cython.double, self.facts[argument]) / 1e9, True
                elif code == instruction.CELL:
                    self.stack[top], self.holds[top] = self.cells[argument], True
                else:
                    self.reals[top], self.holds[top] = self.cells_real[argument], True
            elif code == instruction.KEEP:
                self.known[slot, argument], self.has[slot, argument] = self.stack[top], self.holds[top]
                top -= 1
            elif code == instruction.KEEP_REAL:
                self.known_real[slot, argument], self.has[slot, argument] = self.reals[top], self.holds[top]
                top -= 1
            elif instruction.EQUAL <= code <= instruction.AT_MOST:
                top -= 1
                self._compare(code, top)
            elif code == instruction.DRAW_TO:
                kept = self.recipes.recipe[argument].kept
                self.has[slot, kept] = self.recipes.draw(argument, self.row)
                self.known[slot, kept] = self.recipes.whole
            elif code == instruction.DRAW_TO_REAL:
                kept = self.recipes.recipe[argument].kept
                self.has[slot, kept] = self.recipes.draw(argument, self.row)
                self.known_real[slot, kept] = self.recipes.real
            elif code == instruction.DRAW:
                top += 1
                self.holds[top] = self.recipes.draw(argument, self.row)
                self.stack[top] = self.recipes.whole
            else:
                top = self._go_on(code, argument, top)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _compare(self, code: cython.int, top: cython.int) -> cython.void:
        """Find out whether a comparison of two whole numbers holds."""
        a: cython.longlong = self.stack[top]
        b: cython.longlong = self.stack[top + 1]
        there: cython.bint = self.holds[top] and self.holds[top + 1]
        self.holds[top] = True
        if code == instruction.EQUAL:
            self.stack[top] = there and a == b
        elif code == instruction.UNEQUAL:
            self.stack[top] = there and a != b
        elif code == instruction.LESS:
            self.stack[top] = there and a < b
        else:
            self.stack[top] = there and a <= b

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go_on(self, code: cython.int, argument: cython.int, top: cython.int) -> cython.int:
        """Make one value of those on top; return where it is."""
        if code > instruction.DRAW_TO_REAL:
            self._turn(code, argument, top)
            return top
        if code >= instruction.ADD_REAL:
            return self._two_real(code, top - 1)
        if code >= instruction.ADD:
            return self._two_whole(code, top - 1)
        if code == instruction.LISTED:
            argument += cython.cast(cython.int, self.stack[top])
            self.stack[top], self.holds[top] = self.whole[argument], self.valid[argument]
        elif code == instruction.LISTED_REAL:
            argument += cython.cast(cython.int, self.stack[top])
            self.reals[top], self.holds[top] = self.real[argument], self.valid[argument]
        elif code == instruction.TO_REAL:
            self.reals[top] = cython.cast(cython.double, self.stack[top])
        elif code == instruction.DIVIDED:
            self.stack[top] = divided(self.stack[top], self.whole[argument])
        elif code == instruction.IS_NULL:
            self.stack[top], self.holds[top] = not self.holds[top], True
        elif code == instruction.NOT:
            self.stack[top], self.holds[top] = not (self.holds[top] and self.stack[top] != 0), True
        elif code == instruction.CHOOSE:  # of a condition and two values
            top -= 2
            argument = top + 1 if self.holds[top] and self.stack[top] != 0 else top + 2
            self.stack[top], self.reals[top] = self.stack[argument], self.reals[argument]
            self.holds[top] = self.holds[argument]
        elif code == instruction.COALESCE:
            top -= 1
            if not self.holds[top]:
                self.stack[top], self.reals[top] = self.stack[top + 1], self.reals[top + 1]
                self.holds[top] = self.holds[top + 1]
        elif code == instruction.MOVED:
            top -= 1
            self._move(top)
        elif code == instruction.BITS:
            self.reals[top] += 0.0  # never -0.0
            self.stack[top] = cython.cast(cython.p_longlong, cython.address(self.reals[top]))[0]
        elif code > instruction.OR:
            top = self._share(code, argument, top)
        else:
            top -= 1
            one: cython.bint = self.holds[top] and self.stack[top] != 0
            other: cython.bint = self.holds[top + 1] and self.stack[top + 1] != 0
            self.stack[top], self.holds[top] = (one and other) if code == instruction.AND else (one or other), True
        return top

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move(self, top: cython.int) -> cython.void:
        """Make a time of one and of seconds, where it is inside of the years 1 to 9999."""
        span: cython.double = rint(self.reals[top + 1] * 1e6)
        there: cython.bint = self.holds[top] and self.holds[top + 1] and fabs(span) < MOST_MOVED
        if there:
            self.stack[top] += cython.cast(cython.longlong, span)
            there = self.stack[top] >= FIRST_TIME and self.stack[top] <= LAST_TIME
        self.holds[top] = there

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _share(self, code: cython.int, argument: cython.int, top: cython.int) -> cython.int:
        """Read the cell of a row, or write one, if there is a value and a row; return where the stack ends."""
        holds: cython.bint = self.holds[top]
        if code <= instruction.CELL_AT_REAL:
            if holds and code == instruction.CELL_AT:
                self.stack[top] = self.cells[argument + self.stack[top]]
            elif holds:
                self.reals[top] = self.cells_real[argument + self.stack[top]]
            return top
        below: cython.int = top - 1
        cell: cython.longlong = argument
        if code >= instruction.SHARE_AT:
            holds = holds and self.holds[below]
            cell += self.stack[below]
            below -= 1
        if holds and code in (instruction.SHARE, instruction.SHARE_AT):
            self.cells[cell] = self.stack[top]
        elif holds:
            self.cells_real[cell] = self.reals[top] + 0.0  # never -0.0
        return below

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _two_whole(self, code: cython.int, top: cython.int) -> cython.int:
        """Make one whole number of two; return where it is."""
        a: cython.longlong = self.stack[top]
        b: cython.longlong = self.stack[top + 1]
        there: cython.bint = self.holds[top] and self.holds[top + 1]
        self.holds[top] = True
        if not there:
            self.holds[top] = False
        elif code == instruction.ADD:
            self.holds[top] = a <= MOST - b if b > 0 else a >= LEAST - b
            if self.holds[top]:
                self.stack[top] = a + b
        elif code == instruction.SUBTRACT:
            self.holds[top] = a >= LEAST + b if b > 0 else a <= MOST + b
            if self.holds[top]:
                self.stack[top] = a - b
        elif code == instruction.MULTIPLY:
            self.holds[top] = fits(a, b)
            if self.holds[top]:
                self.stack[top] = a * b
        elif b == 0:
            self.holds[top] = False
        else:
            self.stack[top] = rest(a, b)
        return top

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _two_real(self, code: cython.int, top: cython.int) -> cython.int:
        """Make one value of two real numbers; return where it is."""
        a: cython.double = self.reals[top]
        b: cython.double = self.reals[top + 1]
        there: cython.bint = self.holds[top] and self.holds[top + 1]
        self.holds[top] = True
        if code >= instruction.EQUAL_REAL:
            if code == instruction.EQUAL_REAL:
                self.stack[top] = there and a == b
            elif code == instruction.UNEQUAL_REAL:
                self.stack[top] = there and a != b
            elif code == instruction.LESS_REAL:
                self.stack[top] = there and a < b
            else:
                self.stack[top] = there and a <= b
            return top
        if not there or (code >= instruction.MODULO_REAL and b == 0):
            self.holds[top] = False
            return top
        if code == instruction.ADD_REAL:
            a = a + b
        elif code == instruction.SUBTRACT_REAL:
            a = a - b
        elif code == instruction.MULTIPLY_REAL:
            a = a * b
        elif code == instruction.DIVIDE_REAL:
            a = a / b
        else:
            a = rest_real(a, b)
        self.reals[top], self.holds[top] = a, isfinite(a)
        return top

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _turn(self, code: cython.int, argument: cython.int, top: cython.int) -> cython.void:
        """Make another number of the one on top."""
        x: cython.double = self.reals[top]
        if code <= instruction.ROUND:
            x = whole_near(x, code - instruction.FLOOR)
            self.holds[top] = self.holds[top] and is_whole(x)
            self.stack[top] = cython.cast(cython.longlong, x) if self.holds[top] else 0
        elif code == instruction.ABS:
            self.holds[top] = self.holds[top] and self.stack[top] != LEAST
            if self.holds[top] and self.stack[top] < 0:
                self.stack[top] = -self.stack[top]
        elif code == instruction.ABS_REAL:
            self.reals[top] = fabs(x)
        elif code == instruction.OFF:
            self.reals[top] = off(x, self.real[argument])
        else:
            self.holds[top] = self.holds[top] and x >= 0
            self.reals[top] = sqrt(fabs(x))
