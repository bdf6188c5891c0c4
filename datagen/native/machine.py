"""The stack machine of expressions over numbers: what the walk has to know of workers while it goes on.

An expression is a range of instructions, made elsewhere; each takes values from the top of a stack and puts one there.
A value is a whole or a real number, as the instruction says; truth is 0 or 1, and a value of a list is its place there.
What can't be calculated is no value, as ``records.expression`` has it.
"""

import cython
from cython.cimports.datagen.native.arithmetic import divided, fits, is_whole, rest, rest_real, whole_near
from cython.cimports.datagen.native.draws import off
from cython.cimports.datagen.native.recipe import Recipes
from cython.cimports.libc.math import fabs, isfinite, rint, sqrt

MOST = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)
LEAST = cython.declare(cython.longlong, -MOST - 1)

# What puts a value on the stack: a constant, what is kept of a worker, what was drawn, what is known of the instant, a
# cell of what all workers share;
WHOLE = cython.declare(cython.int, 0)
REAL = cython.declare(cython.int, 1)
KNOWN = cython.declare(cython.int, 2)
KNOWN_REAL = cython.declare(cython.int, 3)
DRAWN = cython.declare(cython.int, 4)
DRAWN_REAL = cython.declare(cython.int, 5)
FACT = cython.declare(cython.int, 6)
SECONDS = cython.declare(cython.int, 7)
FACTOR = cython.declare(cython.int, 8)  # of a profile
CELL = cython.declare(cython.int, 9)
CELL_REAL = cython.declare(cython.int, 10)
# keeps the one on top;
KEEP = cython.declare(cython.int, 11)
KEEP_REAL = cython.declare(cython.int, 12)
# makes another one of it: a place of a list what is there;
LISTED = cython.declare(cython.int, 13)
LISTED_REAL = cython.declare(cython.int, 14)
TO_REAL = cython.declare(cython.int, 15)
DIVIDED = cython.declare(cython.int, 16)  # a whole number by a constant, rounded down
IS_NULL = cython.declare(cython.int, 17)
NOT = cython.declare(cython.int, 18)
# makes one of several;
CHOOSE = cython.declare(cython.int, 19)
COALESCE = cython.declare(cython.int, 20)
AND = cython.declare(cython.int, 21)
OR = cython.declare(cython.int, 22)
# reads the cell of a row, by its number, and shares the one on top, or does so in the cell of the row below it;
CELL_AT = cython.declare(cython.int, 23)
CELL_AT_REAL = cython.declare(cython.int, 24)
SHARE = cython.declare(cython.int, 25)
SHARE_REAL = cython.declare(cython.int, 26)
SHARE_AT = cython.declare(cython.int, 27)
SHARE_AT_REAL = cython.declare(cython.int, 28)
# makes a whole number of the bits of a real one;
BITS = cython.declare(cython.int, 29)
# makes a time (µs) of one and real seconds;
MOVED = cython.declare(cython.int, 30)
# makes one of two numbers, whole ones and then real ones;
ADD = cython.declare(cython.int, 31)
SUBTRACT = cython.declare(cython.int, 32)
MULTIPLY = cython.declare(cython.int, 33)
MODULO = cython.declare(cython.int, 34)
EQUAL = cython.declare(cython.int, 35)
UNEQUAL = cython.declare(cython.int, 36)
LESS = cython.declare(cython.int, 37)
AT_MOST = cython.declare(cython.int, 38)
ADD_REAL = cython.declare(cython.int, 39)
SUBTRACT_REAL = cython.declare(cython.int, 40)
MULTIPLY_REAL = cython.declare(cython.int, 41)
MODULO_REAL = cython.declare(cython.int, 42)
DIVIDE_REAL = cython.declare(cython.int, 43)
EQUAL_REAL = cython.declare(cython.int, 44)
UNEQUAL_REAL = cython.declare(cython.int, 45)
LESS_REAL = cython.declare(cython.int, 46)
AT_MOST_REAL = cython.declare(cython.int, 47)
# draws a value of the step, and puts it on the stack;
DRAW = cython.declare(cython.int, 48)
# makes another number of it.
FLOOR = cython.declare(cython.int, 49)
CEIL = cython.declare(cython.int, 50)
ROUND = cython.declare(cython.int, 51)
ABS = cython.declare(cython.int, 52)
ABS_REAL = cython.declare(cython.int, 53)
OFF = cython.declare(cython.int, 54)  # rounded to multiples of 1 / a constant
ROOT = cython.declare(cython.int, 55)

INSTRUCTIONS = {"whole": WHOLE, "real": REAL, "known": KNOWN, "known real": KNOWN_REAL, "drawn": DRAWN}
INSTRUCTIONS |= {"drawn real": DRAWN_REAL, "fact": FACT, "seconds": SECONDS, "factor": FACTOR}
INSTRUCTIONS |= {"cell": CELL, "cell real": CELL_REAL, "keep": KEEP, "keep real": KEEP_REAL}
INSTRUCTIONS |= {"listed": LISTED, "listed real": LISTED_REAL, "to real": TO_REAL, "divided": DIVIDED}
INSTRUCTIONS |= {"is null": IS_NULL, "not": NOT, "choose": CHOOSE, "coalesce": COALESCE, "and": AND, "or": OR}
INSTRUCTIONS |= {"cell at": CELL_AT, "cell at real": CELL_AT_REAL, "share": SHARE, "share real": SHARE_REAL}
INSTRUCTIONS |= {"share at": SHARE_AT, "share at real": SHARE_AT_REAL, "bits": BITS, "moved": MOVED}
INSTRUCTIONS |= {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "%": MODULO}
INSTRUCTIONS |= {"=": EQUAL, "!=": UNEQUAL, "<": LESS, "<=": AT_MOST}
INSTRUCTIONS |= {"+ real": ADD_REAL, "- real": SUBTRACT_REAL, "* real": MULTIPLY_REAL, "% real": MODULO_REAL}
INSTRUCTIONS |= {"/ real": DIVIDE_REAL, "= real": EQUAL_REAL, "!= real": UNEQUAL_REAL, "< real": LESS_REAL}
INSTRUCTIONS |= {"<= real": AT_MOST_REAL, "draw": DRAW, "floor": FLOOR, "ceil": CEIL, "round": ROUND}
INSTRUCTIONS |= {"abs": ABS, "abs real": ABS_REAL, "off": OFF, "root": ROOT}
# What is known of an instant: of the worker its age (ns), number, how many states it has entered, and how long (ns) it
# has waited in this one; of all how many are alive; of a child that it spawns its place; when it is (ns of the
# simulation). Behind that stand resources, incidents, and what follows the clock.
FACTS = {"age": 0, "born": 1, "steps": 2, "waited": 3, "alive": 4, "spawn.index": 5, "now": 6}
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
        for at in range(begin, end):
            code, argument = self.code[at], self.argument[at]
            if code <= CELL_REAL:
                top += 1
                if code == WHOLE:
                    self.stack[top], self.holds[top] = self.whole[argument], self.valid[argument]
                elif code == REAL:
                    self.reals[top], self.holds[top] = self.real[argument], self.valid[argument]
                elif code == KNOWN:
                    self.stack[top], self.holds[top] = self.known[slot, argument], self.has[slot, argument]
                elif code == KNOWN_REAL:
                    self.reals[top], self.holds[top] = self.known_real[slot, argument], self.has[slot, argument]
                elif code == DRAWN:
                    self.stack[top] = self.drawn[slot, argument, place]
                    self.holds[top] = self.there[slot, argument, place]
                elif code == DRAWN_REAL:
                    self.reals[top] = self.drawn_real[slot, argument, place]
                    self.holds[top] = self.there[slot, argument, place]
                elif code == FACT:
                    self.stack[top], self.holds[top] = self.facts[argument], True
                elif code == FACTOR:
                    self.reals[top], self.holds[top] = self.pace.factor(argument, self.facts[NOW]), True
                elif code == SECONDS:
                    self.reals[top], self.holds[top] = cython.cast(cython.double, self.facts[argument]) / 1e9, True
                elif code == CELL:
                    self.stack[top], self.holds[top] = self.cells[argument], True
                else:
                    self.reals[top], self.holds[top] = self.cells_real[argument], True
            elif code == KEEP:
                self.known[slot, argument], self.has[slot, argument] = self.stack[top], self.holds[top]
                top -= 1
            elif code == KEEP_REAL:
                self.known_real[slot, argument], self.has[slot, argument] = self.reals[top], self.holds[top]
                top -= 1
            elif code == DRAW:
                top += 1
                self.holds[top] = self.recipes.draw(argument, self.row)
                self.stack[top], self.reals[top] = self.recipes.whole, self.recipes.real
            else:
                top = self._go_on(code, argument, top)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _go_on(self, code: cython.int, argument: cython.int, top: cython.int) -> cython.int:
        """Make one value of those on top; return where it is."""
        if code > DRAW:
            self._turn(code, argument, top)
            return top
        if code >= ADD_REAL:
            return self._two_real(code, top - 1)
        if code >= ADD:
            return self._two_whole(code, top - 1)
        if code == LISTED:
            argument += cython.cast(cython.int, self.stack[top])
            self.stack[top], self.holds[top] = self.whole[argument], self.valid[argument]
        elif code == LISTED_REAL:
            argument += cython.cast(cython.int, self.stack[top])
            self.reals[top], self.holds[top] = self.real[argument], self.valid[argument]
        elif code == TO_REAL:
            self.reals[top] = cython.cast(cython.double, self.stack[top])
        elif code == DIVIDED:
            self.stack[top] = divided(self.stack[top], self.whole[argument])
        elif code == IS_NULL:
            self.stack[top], self.holds[top] = not self.holds[top], True
        elif code == NOT:
            self.stack[top], self.holds[top] = not (self.holds[top] and self.stack[top] != 0), True
        elif code == CHOOSE:  # of a condition and two values
            top -= 2
            argument = top + 1 if self.holds[top] and self.stack[top] != 0 else top + 2
            self.stack[top], self.reals[top] = self.stack[argument], self.reals[argument]
            self.holds[top] = self.holds[argument]
        elif code == COALESCE:
            top -= 1
            if not self.holds[top]:
                self.stack[top], self.reals[top] = self.stack[top + 1], self.reals[top + 1]
                self.holds[top] = self.holds[top + 1]
        elif code == MOVED:
            top -= 1
            self._move(top)
        elif code == BITS:
            self.reals[top] += 0.0  # never -0.0
            self.stack[top] = cython.cast(cython.p_longlong, cython.address(self.reals[top]))[0]
        elif code > OR:
            top = self._share(code, argument, top)
        else:
            top -= 1
            one: cython.bint = self.holds[top] and self.stack[top] != 0
            other: cython.bint = self.holds[top + 1] and self.stack[top + 1] != 0
            self.stack[top], self.holds[top] = (one and other) if code == AND else (one or other), True
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
        if code <= CELL_AT_REAL:
            if holds and code == CELL_AT:
                self.stack[top] = self.cells[argument + self.stack[top]]
            elif holds:
                self.reals[top] = self.cells_real[argument + self.stack[top]]
            return top
        below: cython.int = top - 1
        cell: cython.longlong = argument
        if code >= SHARE_AT:
            holds = holds and self.holds[below]
            cell += self.stack[below]
            below -= 1
        if holds and code in (SHARE, SHARE_AT):
            self.cells[cell] = self.stack[top]
        elif holds:
            self.cells_real[cell] = self.reals[top] + 0.0  # never -0.0
        return below

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _two_whole(self, code: cython.int, top: cython.int) -> cython.int:
        """Make one value of two whole numbers; return where it is."""
        a: cython.longlong = self.stack[top]
        b: cython.longlong = self.stack[top + 1]
        there: cython.bint = self.holds[top] and self.holds[top + 1]
        self.holds[top] = True
        if code >= EQUAL:
            if code == EQUAL:
                self.stack[top] = there and a == b
            elif code == UNEQUAL:
                self.stack[top] = there and a != b
            elif code == LESS:
                self.stack[top] = there and a < b
            else:
                self.stack[top] = there and a <= b
        elif not there:
            self.holds[top] = False
        elif code == ADD:
            self.holds[top] = a <= MOST - b if b > 0 else a >= LEAST - b
            if self.holds[top]:
                self.stack[top] = a + b
        elif code == SUBTRACT:
            self.holds[top] = a >= LEAST + b if b > 0 else a <= MOST + b
            if self.holds[top]:
                self.stack[top] = a - b
        elif code == MULTIPLY:
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
        if code >= EQUAL_REAL:
            if code == EQUAL_REAL:
                self.stack[top] = there and a == b
            elif code == UNEQUAL_REAL:
                self.stack[top] = there and a != b
            elif code == LESS_REAL:
                self.stack[top] = there and a < b
            else:
                self.stack[top] = there and a <= b
            return top
        if not there or (code >= MODULO_REAL and b == 0):
            self.holds[top] = False
            return top
        if code == ADD_REAL:
            a = a + b
        elif code == SUBTRACT_REAL:
            a = a - b
        elif code == MULTIPLY_REAL:
            a = a * b
        elif code == DIVIDE_REAL:
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
        if code <= ROUND:
            x = whole_near(x, code - FLOOR)
            self.holds[top] = self.holds[top] and is_whole(x)
            self.stack[top] = cython.cast(cython.longlong, x) if self.holds[top] else 0
        elif code == ABS:
            self.holds[top] = self.holds[top] and self.stack[top] != LEAST
            if self.holds[top] and self.stack[top] < 0:
                self.stack[top] = -self.stack[top]
        elif code == ABS_REAL:
            self.reals[top] = fabs(x)
        elif code == OFF:
            self.reals[top] = off(x, self.real[argument])
        else:
            self.holds[top] = self.holds[top] and x >= 0
            self.reals[top] = sqrt(fabs(x))
