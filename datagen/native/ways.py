"""Texts by the numbers of the ways in which they come about; ``datagen.dimensions.ways`` says what these are.

A node of a program is a row of ``nodes``: its kind, the first of its parts and how many there are, and the least number
of times. Below its ``counts`` are the numbers of its ways; where it is 0 there are too many for one number, so a branch
or a repetition is chosen by 53 bits and each part is drawn for itself. ``bounds`` are the sums that choose a part.
"""

import cython
from cython.cimports.datagen.native.draws import high_word, mix, numbered

TEXTS = cython.declare(cython.int, 0)
SEQUENCE = cython.declare(cython.int, 1)
BRANCH = cython.declare(cython.int, 2)
REPEAT = cython.declare(cython.int, 3)
UNKNOWN = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)  # the number of what is still to be drawn


@cython.final  # so that its methods call each other directly
@cython.cclass
class Program:
    """Writes texts, for one thread."""

    nodes: cython.const[cython.int][:, ::1]
    counts: cython.const[cython.ulonglong][::1]
    parts: cython.const[cython.int][::1]
    bounds: cython.const[cython.ulonglong][::1]
    offsets: cython.const[cython.int][::1]
    letters: cython.const[cython.uchar][::1]
    waiting: cython.int[::1]
    numbers: cython.ulonglong[::1]
    widest: cython.Py_ssize_t

    def __init__(
        self,
        tables: tuple,
        widest: cython.Py_ssize_t,
        waiting: cython.int[::1],
        numbers: cython.ulonglong[::1],
    ) -> None:
        """Take the tables of a program, the most bytes of a text, and room for all parts that may wait at once."""
        self.nodes, self.counts, self.parts, self.bounds, self.offsets, self.letters = tables
        self.widest = widest
        self.waiting = waiting
        self.numbers = numbers

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def chosen(self, node: cython.int, number: cython.ulonglong) -> cython.int:
        """Return the first part of a node whose bound is above a number."""
        low: cython.int = self.nodes[node, 1]
        high: cython.int = low + self.nodes[node, 2] - 1
        middle: cython.int
        while low < high:
            middle = (low + high) >> 1
            if self.bounds[middle] > number:
                high = middle
            else:
                low = middle + 1
        return low

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def written(self, key: cython.ulonglong, number: cython.ulonglong, data: cython.p_uchar) -> cython.Py_ssize_t:
        """Write a text by its number, or draw it with a key; return its bytes, or -1 where the tables are wrong."""
        top: cython.Py_ssize_t = 1
        done: cython.Py_ssize_t = 0
        drawn: cython.ulonglong = 0
        node: cython.int
        kind: cython.int
        first: cython.int
        part: cython.int
        place: cython.Py_ssize_t
        times: cython.Py_ssize_t
        byte: cython.int
        size: cython.ulonglong
        self.waiting[0] = 0
        self.numbers[0] = number
        while top > 0:
            top -= 1
            node, number = self.waiting[top], self.numbers[top]
            kind, first = self.nodes[node, 0], self.nodes[node, 1]
            size = self.counts[node]
            if number == UNKNOWN and (size > 0 or kind != SEQUENCE):
                number = numbered(key, drawn)
                number = high_word(number, size) if size > 0 else number >> 11
                drawn += 1
            if kind == TEXTS:
                place = first + cython.cast(cython.Py_ssize_t, number)
                if done + self.offsets[place + 1] - self.offsets[place] > self.widest:
                    return -1
                for byte in range(self.offsets[place], self.offsets[place + 1]):
                    data[done] = self.letters[byte]
                    done += 1
                continue
            if kind == SEQUENCE:
                times = self.nodes[node, 2]
                part = first
            else:
                part = self.chosen(node, number)
                if size > 0 and part > first:
                    number -= self.bounds[part - 1]
                times = self.nodes[node, 3] + part - first if kind == REPEAT else 1
            if top + times > self.waiting.shape[0]:
                return -1
            for place in range(times - 1, -1, -1):  # the first part is the next to be written
                byte = self.parts[part + place if kind == SEQUENCE else part]
                self.waiting[top] = byte
                if size == 0:
                    self.numbers[top] = UNKNOWN
                elif times == 1:
                    self.numbers[top] = number
                else:
                    self.numbers[top] = number % self.counts[byte]
                    number //= self.counts[byte]
                top += 1
        return done

    def draw(
        self,
        keys: cython.const[cython.ulonglong][::1],
        purpose: cython.ulonglong,
        ends: cython.int[::1],
        data: cython.uchar[::1],
    ) -> int:
        """Fill ``data`` (widest * n,) with texts that are drawn for rows (n,), and ``ends`` (n + 1,) with their ends.

        Return the bytes written.
        """
        row: cython.Py_ssize_t
        size: cython.Py_ssize_t
        done: cython.Py_ssize_t = 0
        self.check(keys.shape[0], ends.shape[0], data.shape[0])
        ends[0] = 0
        with cython.nogil:
            for row in range(keys.shape[0]):
                size = self.written(mix(keys[row] ^ purpose), UNKNOWN, cython.address(data[0]) + done)
                if size < 0:
                    break
                done += size
                ends[row + 1] = done
        if keys.shape[0] and size < 0:
            raise ValueError("tables that do not fit")
        return done

    def at(self, numbers: cython.const[cython.longlong][::1], ends: cython.int[::1], data: cython.uchar[::1]) -> int:
        """Fill the same with the texts of ways, by their numbers (n,)."""
        row: cython.Py_ssize_t
        size: cython.Py_ssize_t
        done: cython.Py_ssize_t = 0
        self.check(numbers.shape[0], ends.shape[0], data.shape[0])
        for row in range(numbers.shape[0]):
            if cython.cast(cython.ulonglong, numbers[row]) >= self.counts[0]:
                raise ValueError("a number of no way")
        ends[0] = 0
        with cython.nogil:
            for row in range(numbers.shape[0]):
                size = self.written(0, cython.cast(cython.ulonglong, numbers[row]), cython.address(data[0]) + done)
                if size < 0:
                    break
                done += size
                ends[row + 1] = done
        if numbers.shape[0] and size < 0:
            raise ValueError("tables that do not fit")
        return done

    @cython.cfunc
    def check(self, rows: cython.Py_ssize_t, ends: cython.Py_ssize_t, size: cython.Py_ssize_t) -> None:
        """Raise ValueError when there is not room for so many texts."""
        if ends != rows + 1 or size < max(self.widest * rows, 1) or size > 0x7FFFFFFF:
            raise ValueError("texts that do not fit")
        if not 0 < self.waiting.shape[0] <= self.numbers.shape[0]:
            raise ValueError("no room to wait")
