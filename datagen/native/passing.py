"""Things that come and go in the order of events: which of those that are there each row finds."""

import cython
from cython.cimports.datagen.native.draws import mix

NOBODY = cython.declare(cython.int, -1)
ONES = cython.declare(cython.ulonglong, 0x0101010101010101)
HIGHS = cython.declare(cython.ulonglong, 0x8080808080808080)
FAR = cython.declare(cython.short, 0x7FFF)  # more than there are before a word that has not begun, whoever goes
FOURTHS = cython.declare(cython.ulonglong, 0x3333333333333333)


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


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def set_bit(word: cython.ulonglong, count: cython.ulonglong) -> cython.int:
    """Return the bit that is set in a word before which so many are; no jumps, as nobody could foresee them.

    Source: S. Vigna, Broadword implementation of rank/select queries, 2008.
    """
    sums: cython.ulonglong = word - ((word >> 1) & cython.cast(cython.ulonglong, 0x5555555555555555))
    sums = (sums & FOURTHS) + ((sums >> 2) & FOURTHS)
    sums = ((sums + (sums >> 4)) & cython.cast(cython.ulonglong, 0x0F0F0F0F0F0F0F0F)) * ONES  # up to each octet
    begin: cython.ulonglong = octets_up_to(sums, count) * 8
    count -= ((sums << 8) >> begin) & 0xFF
    bits: cython.ulonglong = (((word >> begin) & 0xFF) * ONES) & cython.cast(cython.ulonglong, 0x8040201008040201)
    bits = ((bits | ((bits | HIGHS) - ONES)) & HIGHS) >> 7  # an octet for each bit of the octet
    return cython.cast(cython.int, begin + octets_up_to(bits * ONES, count))


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def octets_up_to(octets: cython.ulonglong, most: cython.ulonglong) -> cython.ulonglong:
    """Return how many of the octets of a word, below 128 each, are ``most`` at most."""
    return (((((most * ONES) | HIGHS) - octets) & HIGHS) >> 7) * ONES >> 56


@cython.final  # so that its methods are called directly
@cython.cclass
class Line:
    """Things in the order in which they came, less those that went.

    A bit of a word stands for each. Of the 32 words of a block is known how many bits are set before each, which the
    compiler changes and compares eight at a time, and a tree counts those of blocks: P. Fenwick, A new data structure
    for cumulative frequency tables, 1994. Those that are left move up when the line has become twice as long.
    """

    tree: cython.int[::1]
    words: cython.ulonglong[::1]
    before: cython.short[::1]
    who: cython.int[::1]
    place: cython.int[::1]  # of each thing in the line
    used: cython.int
    size: cython.int  # in blocks, a power of two
    left: cython.longlong

    def __init__(self, things: cython.Py_ssize_t, line: tuple, who: object, place: object) -> None:
        """Take room for so many things; raises ValueError where there is less."""
        self.tree, self.words, self.before = line
        self.who, self.place = who, place
        fits: cython.bint = min(len(who), len(place)) >= things and len(self.tree) >= things // 512 + 3
        if not fits or min(len(self.words), len(self.before)) < things // 64 + 32 or things >= 2**28:
            raise ValueError("things without room")
        self.used = self.left = 0
        self.move_up()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def come(self, thing: cython.int) -> cython.void:
        """Put a thing at the end of the line."""
        if self.used == 2048 * self.size:
            self.move_up()
        place: cython.int = self.used
        if place & 63 == 0:
            self.begin(place >> 6)
        self.words[place >> 6] |= cython.cast(cython.ulonglong, 1) << (place & 63)
        self.tree[(place >> 11) + 1] += 1
        self.who[place] = thing
        self.place[thing] = place
        self.used += 1
        self.left += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self, word: cython.int) -> cython.void:
        """Begin a word."""
        node: cython.int = word >> 5
        own: cython.int = node + 1
        count: cython.longlong = self.left
        place: cython.int
        self.words[word] = 0
        if word & 31 == 0:
            self.tree[own] = 0
            for place in range(32):
                self.before[word + place] = FAR
        while node > 0:
            count -= self.tree[node]
            if word & 31 == 0 and node > own & (own - 1):
                self.tree[own] += self.tree[node]
            node &= node - 1
        self.before[word] = cython.cast(cython.short, count)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def go(self, thing: cython.int) -> cython.void:
        """Let a thing go that is in the line."""
        place: cython.int = self.place[thing]
        node: cython.int = (place >> 11) + 1
        word: cython.short = (place >> 6) & 31
        line: cython.p_short = cython.address(self.before[32 * (node - 1)])
        number: cython.short
        self.words[place >> 6] &= ~(cython.cast(cython.ulonglong, 1) << (place & 63))
        self.left -= 1
        for number in range(32):
            line[number] -= number > word
        while 2048 * (node - 1) < self.used:
            self.tree[node] -= 1
            node += node & -node

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def move_up(self) -> cython.void:
        """Put those that are left side by side, with room for as many more at least."""
        word: cython.int
        bit: cython.int
        bits: cython.ulonglong
        words: cython.int = (self.used + 63) >> 6
        self.size = 1
        while 1024 * self.size < self.left:
            self.size *= 2
        for word in range(1, self.size + 1):
            self.tree[word] = 0x7FFFFFFF
        self.used = self.left = 0
        for word in range(words):
            bits = self.words[word]
            for bit in range(64):
                if (bits >> bit) & 1:
                    self.come(self.who[64 * word + bit])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def behind(self, count: cython.int) -> cython.int:
        """Return the thing before which there are so many."""
        block: cython.int = 0
        step: cython.int = self.size >> 1
        word: cython.short = -1
        number: cython.short
        line: cython.p_short
        while step > 0:
            if self.tree[block + step] <= count:
                block += step
                count -= self.tree[block]
            step >>= 1
        line = cython.address(self.before[32 * block])
        for number in range(32):
            word += line[number] <= cython.cast(cython.short, count)
        count -= line[word]
        place: cython.int = 64 * (32 * block + word)
        return self.who[place + set_bit(self.words[place >> 6], cython.cast(cython.ulonglong, count))]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def chosen(index: cython.double, is_share: cython.bint, count: cython.longlong) -> cython.longlong:
    """Return an index below a count, of one that is drawn; it may be a share of the count."""
    if is_share:
        index *= count
    return cython.cast(cython.longlong, index) if index < count else count - 1


def last(
    low: cython.const[cython.longlong][::1],
    high: cython.const[cython.longlong][::1],
    index: cython.const[cython.double][::1],
    is_share: cython.bint,
    found: cython.longlong[::1],
) -> None:
    """Fill ``found`` (n,) with a number from ``low`` to before ``high`` (n,) for each row; -1 where there is none.

    It is the one of an ``index`` (n,), 0 and above, that counts from the last one down, or is a share of how many there
    are. Raises ValueError when lengths don't fit.
    """
    row: cython.Py_ssize_t
    if not len(low) == len(high) == len(index) == len(found):
        raise ValueError("columns of other lengths")
    with cython.nogil:
        for row in range(low.shape[0]):
            found[row] = -1
            if high[row] > low[row]:
                found[row] = high[row] - 1 - chosen(index[row], is_share, high[row] - low[row])


def take(
    high: cython.const[cython.longlong][::1],
    step: cython.const[cython.longlong][::1],
    index: cython.const[cython.double][::1],
    is_share: cython.bint,
    is_once: cython.bint,
    ends: cython.const[cython.int][::1],
    rows: cython.const[cython.longlong][::1],
    places: cython.const[cython.int][::1],
    there: cython.uchar[::1],
    room: cython.int[:, ::1],
    line: tuple,
    taken: cython.int[::1],
) -> None:
    """Fill ``taken`` (n,) with the places (things,) of what rows take, one after the other; 0 where nothing is there.

    A row takes one of the first ``high`` (n,), which ascend, as far as they are ``there`` (things,): the one of an
    ``index`` (n,) that counts from the last one down, or is a share of how many there are. Things go with their
    ``ends`` (things,), from ``rows`` (m,) on, which ascend as the ``step`` (n,) of each row does; what ``is_once``
    taken goes, too. In the end ``there`` says which are left of those that rows looked at. Raises ValueError when
    numbers or lengths don't fit; there is ``room`` for them, (4, things or m, and one more), and for a ``line``.
    """
    row: cython.Py_ssize_t
    thing: cython.Py_ssize_t
    came: cython.Py_ssize_t = 0
    ended: cython.Py_ssize_t = 0
    fits: cython.bint = len(high) == len(step) == len(index) == len(taken) and len(ends) == len(there) == len(places)
    fits = fits and len(room) == 4 and room.shape[1] > max(len(there), len(rows))
    if fits:
        for row in range(high.shape[0]):
            fits = fits and 0 <= high[row] <= there.shape[0] and index[row] >= 0.0
        for thing in range(ends.shape[0]):
            fits = fits and NOBODY <= ends[thing] < rows.shape[0]
    if not fits:
        raise ValueError("things that there are not, or columns of other lengths")
    crowd: Line = Line(len(there), line, room[0], room[1])
    first: cython.int[::1] = room[2]  # by end: the first of the things that go with it, and
    others: cython.int[::1] = room[3]  # by thing: the next one
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
                    crowd.come(cython.cast(cython.int, came))
                came += 1
            while ended < rows.shape[0] and rows[ended] <= step[row]:
                thing = first[ended]
                while thing != NOBODY:
                    if there[thing] and thing < came:
                        crowd.go(cython.cast(cython.int, thing))
                    there[thing] = 0
                    thing = others[thing]
                ended += 1
            if crowd.left == 0:
                taken[row] = 0
                continue
            thing = crowd.behind(cython.cast(cython.int, crowd.left - 1 - chosen(index[row], is_share, crowd.left)))
            taken[row] = places[thing]
            if is_once:
                crowd.go(cython.cast(cython.int, thing))
                there[thing] = 0
