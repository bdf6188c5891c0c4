"""Things that come and go in the order of events: which of those that are there each row finds."""

import cython
from cython.cimports.datagen.native.draws import mix

NOBODY = cython.declare(cython.int, -1)
FIRST_ROOM = cython.declare(cython.int, 64)  # places in the line before those that are left move up


def ending(
    workers: cython.const[cython.longlong][::1],
    stopped: cython.const[cython.longlong][::1],
    table: cython.int[::1],
    ends: cython.int[::1],
) -> None:
    """Fill ``ends`` (n,) with which of those who stop (m,) each of some workers (n,) is; -1: none of them.

    ``table`` is room, a power of two that is above m. Raises ValueError when lengths don't fit.
    """
    row: cython.Py_ssize_t
    place: cython.Py_ssize_t
    mask: cython.Py_ssize_t = table.shape[0] - 1
    if len(ends) != len(workers) or len(table) <= len(stopped) or len(table) & mask:
        raise ValueError("workers without room")
    with cython.nogil:
        for place in range(table.shape[0]):
            table[place] = NOBODY
        for row in range(stopped.shape[0]):
            place = cython.cast(cython.Py_ssize_t, mix(stopped[row])) & mask
            while table[place] != NOBODY:
                place = (place + 1) & mask
            table[place] = cython.cast(cython.int, row)
        for row in range(workers.shape[0]):
            place = cython.cast(cython.Py_ssize_t, mix(workers[row])) & mask
            while table[place] != NOBODY and stopped[table[place]] != workers[row]:
                place = (place + 1) & mask
            ends[row] = table[place]


@cython.final  # so that its methods are called directly
@cython.cclass
class Line:
    """Things in the order in which they came, less those that went: P. Fenwick, A new data structure for cumulative
    frequency tables, 1994.

    Those that are left move up whenever the line has become twice as long, so that it stays in a fast cache.
    """

    tree: cython.int[::1]
    who: cython.int[::1]
    place: cython.int[::1]  # of each thing in the line
    used: cython.int
    room: cython.int
    left: cython.longlong

    def __init__(self, things: cython.Py_ssize_t, tree: object, who: object, place: object) -> None:
        """Take room for so many things; raises ValueError where there is less."""
        if min(len(tree), len(who), len(place)) <= things or things > 0x3FFFFFFF:
            raise ValueError("things without room")
        self.tree, self.who, self.place = tree, who, place
        self.used = self.left = 0
        self.room = FIRST_ROOM

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def come(self, thing: cython.int) -> cython.void:
        """Put a thing at the end of the line."""
        if self.used == self.room:
            self.move_up()
        self.used += 1
        below: cython.int = self.used - 1
        begin: cython.int = self.used & below
        count: cython.int = 1
        while below > begin:
            count += self.tree[below]
            below &= below - 1
        self.tree[self.used] = count
        self.who[self.used] = thing
        self.place[thing] = self.used
        self.left += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def go(self, thing: cython.int) -> cython.void:
        """Let a thing go that is in the line."""
        place: cython.int = self.place[thing]
        self.who[place] = NOBODY
        self.left -= 1
        while place <= self.used:
            self.tree[place] -= 1
            place += place & -place

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def move_up(self) -> cython.void:
        """Put those that are left side by side."""
        place: cython.int
        kept: cython.int = 0
        for place in range(1, self.used + 1):
            if self.who[place] != NOBODY:
                kept += 1
                self.who[kept] = self.who[place]
                self.place[self.who[kept]] = kept
                self.tree[kept] = kept & -kept
        self.used = kept
        self.room = max(2 * kept, FIRST_ROOM)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def behind(self, count: cython.longlong) -> cython.int:
        """Return the thing before which there are so many."""
        place: cython.int = 0
        step: cython.int = 1
        is_before: cython.int
        while 2 * step <= self.used:
            step *= 2
        while step > 0:
            if place + step <= self.used:
                is_before = self.tree[place + step] <= count
                count -= self.tree[place + step] & -is_before
                place += step & -is_before  # no jump, as nobody could foresee it
            step >>= 1
        return self.who[place + 1]


def take(
    high: cython.const[cython.longlong][::1],
    step: cython.const[cython.longlong][::1],
    index: cython.const[cython.double][::1],
    is_share: cython.bint,
    is_once: cython.bint,
    ends: cython.const[cython.int][::1],
    rows: cython.const[cython.longlong][::1],
    there: cython.uchar[::1],
    room: cython.int[:, ::1],
    taken: cython.int[::1],
) -> None:
    """Fill ``taken`` (n,) with the things that rows take, one after the other; -1 where nothing is there for one.

    A row takes one of the first ``high`` (n,), which ascend, as far as they are ``there`` (things,): the one of an
    ``index`` (n,) that counts from the last one down, or is a share of how many there are. Things go with their
    ``ends`` (things,), from ``rows`` (m,) on, which ascend as the ``step`` (n,) of each row does; what ``is_once``
    taken goes, too. In the end ``there`` says which are left of those that rows looked at. Raises ValueError when
    numbers or lengths don't fit; ``room`` is (5, more than things and m).
    """
    row: cython.Py_ssize_t
    thing: cython.Py_ssize_t
    came: cython.Py_ssize_t = 0
    ended: cython.Py_ssize_t = 0
    chosen: cython.longlong
    fits: cython.bint = len(high) == len(step) == len(index) == len(taken) and len(ends) == len(there)
    fits = fits and len(room) == 5 and room.shape[1] > max(len(there), len(rows))
    if fits:
        for row in range(high.shape[0]):
            fits = fits and 0 <= high[row] <= there.shape[0] and index[row] >= 0.0
        for thing in range(ends.shape[0]):
            fits = fits and NOBODY <= ends[thing] < rows.shape[0]
    if not fits:
        raise ValueError("things that there are not, or columns of other lengths")
    line: Line = Line(len(there), room[0], room[1], room[2])
    first: cython.int[::1] = room[3]  # by end: the first of the things that go with it, and
    others: cython.int[::1] = room[4]  # by thing: the next one
    with cython.nogil:
        for row in range(rows.shape[0]):
            first[row] = NOBODY
        for thing in range(ends.shape[0]):
            if ends[thing] != NOBODY:
                others[thing] = first[ends[thing]]
                first[ends[thing]] = cython.cast(cython.int, thing)
        for row in range(high.shape[0]):
            while came < high[row]:
                if there[came]:
                    line.come(cython.cast(cython.int, came))
                came += 1
            while ended < rows.shape[0] and rows[ended] <= step[row]:
                thing = first[ended]
                while thing != NOBODY:
                    if there[thing] and thing < came:
                        line.go(cython.cast(cython.int, thing))
                    there[thing] = 0
                    thing = others[thing]
                ended += 1
            if line.left == 0:
                taken[row] = NOBODY
                continue
            chosen = line.left - 1
            if is_share:
                chosen = min(chosen, cython.cast(cython.longlong, index[row] * line.left))
            elif index[row] < chosen:
                chosen = cython.cast(cython.longlong, index[row])
            taken[row] = line.behind(line.left - 1 - chosen)
            if is_once:
                line.go(taken[row])
                there[taken[row]] = 0
