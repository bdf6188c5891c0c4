"""Rhythms: how much base time has gone by, and when so much of it will have, exactly.

A rhythm is a table of pieces of time in which a factor is linear. A piece with two different factors is at most a
minute long; one with a single factor may be whole minutes, each of which counts by itself. All is in whole numbers:
the base time of x ns of a piece of L ns with factors F and G (in 2**-30) is (2 F L x + (G - F) x x) / (2 L) / 2**30,
rounded down. Base times are counted from anywhere, modulo 2**64; a table holds less than 2**63 ns of it.
"""

import cython
from cython.cimports.libc.math import fmax, rint, sqrt

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
BEYOND = cython.declare(cython.longlong, -1)  # what ``reached`` says of a time behind the table
MINUTE = cython.declare(cython.longlong, 60_000_000_000)  # ns
SPAN = cython.declare(cython.ulonglong, 1 << 61)  # ns of base time that one call of ``lay`` adds at most
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def flat_base(factor: cython.longlong, span: cython.longlong) -> cython.longlong:
    """Return the base time of at most a minute with one factor."""
    area: int128 = factor
    area = area * span
    return area >> 30


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sloping_base(
    first: cython.longlong, last: cython.longlong, length: cython.longlong, span: cython.longlong
) -> cython.longlong:
    """Return the base time of the first part of a piece whose factor changes."""
    area: int128 = first
    change: int128 = last - first
    area = 2 * area * length
    area = area + change * span
    area = (area * span) >> 31
    return area // length


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sloping_span(
    first: cython.longlong, last: cython.longlong, length: cython.longlong, base: cython.longlong
) -> cython.longlong:
    """Return how long the base time of a piece whose factor changes takes to reach one that the whole piece reaches."""
    p: cython.double = first
    goal: cython.double = base
    low: cython.longlong
    high: cython.longlong
    step: cython.longlong = 1
    # The root of a parabola, to some ns; then the exact bound on both sides of it.
    p = p * length
    goal = goal * length * 2147483648.0
    change: cython.double = last - first
    high = cython.cast(cython.longlong, fmax(0.0, goal / (p + sqrt(fmax(0.0, p * p + change * goal)))))
    high = min(high, length)
    while sloping_base(first, last, length, high) < base:
        high = min(high + step, length)
        step *= 2
    step = 1
    low = high - 1
    while low > 0 and sloping_base(first, last, length, low) >= base:
        high = low
        low = max(low - step, 0)
        step *= 2
    while high - low > 1:
        step = (low + high) >> 1
        if sloping_base(first, last, length, step) >= base:
            high = step
        else:
            low = step
    return high


def lay(
    start: cython.const[cython.longlong][::1],
    first: cython.const[cython.longlong][::1],
    last: cython.const[cython.longlong][::1],
    pieces: object,
    base: cython.ulonglong,
) -> tuple:
    """Lay pieces (n,) with ``start`` (n + 1,), the end behind them, and factors (n,) into room for (n + 1,) pieces.

    ``base`` is the base time before. Neighbours of whole minutes with one and the same factor become one. Return how
    many there are, and where the last one ends: earlier, when all would be more base time than a table may hold.
    """
    room: Piece[::1] = pieces
    row: cython.Py_ssize_t
    made: cython.Py_ssize_t = 0
    length: cython.longlong
    minutes: cython.longlong
    each: cython.longlong
    added: cython.ulonglong
    left: cython.ulonglong = SPAN
    end: cython.longlong
    is_run: cython.bint
    was_run: cython.bint = False
    if first.shape[0] != last.shape[0] or start.shape[0] != first.shape[0] + 1 or room.shape[0] < start.shape[0]:
        raise ValueError("columns of different lengths")
    end = start[0]
    for row in range(first.shape[0]):
        length = start[row + 1] - start[row]
        is_run = first[row] == last[row] and length % MINUTE == 0
        if not length > 0 or (length > MINUTE and not is_run) or first[row] < 0 or last[row] < 0:
            raise ValueError("a piece that can't be")
        if is_run:
            minutes = length // MINUTE
            each = flat_base(first[row], MINUTE)
            if each > 0 and minutes > cython.cast(cython.longlong, left // each):
                minutes = cython.cast(cython.longlong, left // each)
            length = minutes * MINUTE
            added = minutes * each
        else:
            added = sloping_base(first[row], last[row], length, length)
        if length == 0 or added > left:
            break
        if not (is_run and was_run and room[made - 1].first == first[row]):
            room[made].start = start[row]
            room[made].base = base
            room[made].first = first[row]
            room[made].last = last[row]
            made += 1
        base = (base + added) & MASK
        left -= added
        end = start[row] + length
        was_run = is_run
        if end < start[row + 1]:
            break
    room[made].start = end
    room[made].base = base
    room[made].first = 0
    room[made].last = 0
    return made, end


@cython.final  # so that its methods call each other directly
@cython.cclass
class Rhythm:
    """A table of pieces, with where it was looked at last: what is near to that is found at once."""

    def __init__(self, pieces: object, whole: cython.bint) -> None:
        """Take a table as ``take`` does."""
        self.take(pieces, whole)

    def take(self, pieces: object, whole: cython.bint) -> None:
        """Take pieces (n + 1,), ascending, of which the last one stands for the end.

        ``whole`` says that time ends there too: what is not reached before it never is.
        """
        if len(pieces) < 2:
            raise ValueError("a table without a piece")
        self.pieces = pieces
        self.count = len(pieces) - 1
        self.place = 0
        self.whole = whole

    def span(self) -> tuple:
        """Return where the table begins and ends, in ns since the run's start."""
        return self.pieces[0].start, self.pieces[self.count].start

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def elapsed(self, time: cython.longlong) -> cython.ulonglong:
        """Return the base time at a time that the table holds."""
        place: cython.Py_ssize_t = self._at_time(time)
        gone: cython.ulonglong = self._gone(place, time - self.pieces[place].start)
        return (self.pieces[place].base + gone) & MASK

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def reached(self, time: cython.longlong, span: cython.longlong) -> cython.longlong:
        """Return when a span of base time that begins at a time is over.

        It is ``BEYOND`` when one of the two is behind the table, and ``NEVER`` when it never is.
        """
        place: cython.Py_ssize_t
        goal: cython.ulonglong
        found: cython.Py_ssize_t
        if span <= 0:
            return time
        if time >= self.pieces[self.count].start:
            return NEVER if self.whole else BEYOND
        place = self._at_time(time)
        goal = self.pieces[place].base - self.pieces[0].base
        goal = (goal + self._gone(place, time - self.pieces[place].start) + span) & MASK
        found = self._at_base(goal)
        if found == self.count:
            return NEVER if self.whole else BEYOND
        goal = (goal + self.pieces[0].base - self.pieces[found].base) & MASK
        return self.pieces[found].start + self._needed(found, goal)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def factor(self, time: cython.longlong) -> cython.double:
        """Return the factor at a time that the table holds, as expressions read it: with nine digits."""
        place: cython.Py_ssize_t = self._at_time(time)
        first: cython.double = self.pieces[place].first
        change: cython.double = self.pieces[place].last - self.pieces[place].first
        gone: cython.double = time - self.pieces[place].start
        length: cython.double = self.pieces[place + 1].start - self.pieces[place].start
        return rint((first + change * (gone / length)) / 1073741824.0 * 1e9) / 1e9

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _gone(self, place: cython.Py_ssize_t, span: cython.longlong) -> cython.longlong:
        """Return the base time of the first part of a piece."""
        minutes: cython.longlong
        first: cython.longlong = self.pieces[place].first
        if first != self.pieces[place].last:
            return sloping_base(
                first, self.pieces[place].last, self.pieces[place + 1].start - self.pieces[place].start, span
            )
        if span <= MINUTE:
            return flat_base(first, span)
        minutes = span // MINUTE
        return minutes * flat_base(first, MINUTE) + flat_base(first, span - minutes * MINUTE)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _needed(self, place: cython.Py_ssize_t, base: cython.longlong) -> cython.longlong:
        """Return how long a piece takes to reach a base time above 0 that the whole piece reaches."""
        each: cython.longlong
        minutes: cython.longlong
        rest: int128
        first: cython.longlong = self.pieces[place].first
        if first != self.pieces[place].last:
            return sloping_span(
                first, self.pieces[place].last, self.pieces[place + 1].start - self.pieces[place].start, base
            )
        each = flat_base(first, MINUTE)
        minutes = (base - 1) // each
        rest = base - minutes * each
        rest = (rest << 30) + first - 1
        return minutes * MINUTE + rest // first

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _at_time(self, time: cython.longlong) -> cython.Py_ssize_t:
        """Return the place of the piece that a time is in; the first or last one when it is outside."""
        low: cython.Py_ssize_t = self.place
        high: cython.Py_ssize_t
        middle: cython.Py_ssize_t
        step: cython.Py_ssize_t = 1
        while low > 0 and self.pieces[low].start > time:
            low = max(low - step, 0)
            step *= 2
        step = 1
        high = low + 1
        while high < self.count and self.pieces[high].start <= time:
            low = high
            high = min(high + step, self.count)
            step *= 2
        while high - low > 1:
            middle = (low + high) >> 1
            if self.pieces[middle].start <= time:
                low = middle
            else:
                high = middle
        self.place = low
        return low

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _at_base(self, base: cython.ulonglong) -> cython.Py_ssize_t:
        """Return the place of the piece in which a base time above 0, counted from the table's begin, is reached.

        It is the end's when it is not reached in the table.
        """
        origin: cython.ulonglong = self.pieces[0].base
        low: cython.Py_ssize_t = self.place
        high: cython.Py_ssize_t
        middle: cython.Py_ssize_t
        step: cython.Py_ssize_t = 1
        while low > 0 and ((self.pieces[low].base - origin) & MASK) >= base:
            low = max(low - step, 0)
            step *= 2
        step = 1
        high = low + 1
        while high <= self.count and ((self.pieces[high].base - origin) & MASK) < base:
            low = high
            if high == self.count:
                return low
            high = min(high + step, self.count)
            step *= 2
        while high - low > 1:
            middle = (low + high) >> 1
            if ((self.pieces[middle].base - origin) & MASK) < base:
                low = middle
            else:
                high = middle
        return low

    def times(
        self,
        begin: cython.longlong,
        mark: cython.ulonglong,
        base: cython.const[cython.longlong][::1],
        out: cython.longlong[::1],
    ) -> int:
        """Fill ``out`` (n,) with when base times (n,), ascending, are over that begin at a time whose mark is given.

        They are taken modulo 2**64: what is below 0 has outgrown 63 bits. Return how many were found: the others are
        behind the table.
        """
        row: cython.Py_ssize_t
        done: cython.Py_ssize_t = 0
        found: cython.Py_ssize_t
        goal: cython.ulonglong
        origin: cython.ulonglong = self.pieces[0].base
        if base.shape[0] != out.shape[0]:
            raise ValueError("columns of different lengths")
        with cython.nogil:
            for row in range(base.shape[0]):
                if base[row] == 0:
                    out[row] = begin
                    done += 1
                    continue
                goal = (mark + cython.cast(cython.ulonglong, base[row]) - origin) & MASK
                found = self._at_base(goal)
                if found < self.count:
                    self.place = found
                    goal = (goal + origin - self.pieces[found].base) & MASK
                    out[row] = self.pieces[found].start + self._needed(found, goal)
                elif self.whole:
                    out[row] = NEVER
                else:
                    break
                done += 1
        return done

    def marks(self, times: cython.const[cython.longlong][::1], out: cython.ulonglong[::1]) -> None:
        """Fill ``out`` (n,) with the base times at times (n,) that the table holds, modulo 2**64."""
        row: cython.Py_ssize_t
        if times.shape[0] != out.shape[0]:
            raise ValueError("columns of different lengths")
        with cython.nogil:
            for row in range(times.shape[0]):
                out[row] = self.elapsed(times[row])

    def over(self, time: cython.longlong, span: cython.longlong) -> int:
        """Return what ``reached`` says."""
        return self.reached(time, span)
