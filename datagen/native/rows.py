"""Rows told apart and put into their places, in one pass each."""

import cython

# The lower half of each pair of bits, of each four, and of each eight; and what adds up all octets in the highest one.
PAIRS = cython.declare(cython.ulonglong, 0x5555555555555555)
NIBBLES = cython.declare(cython.ulonglong, 0x3333333333333333)
OCTETS = cython.declare(cython.ulonglong, 0x0F0F0F0F0F0F0F0F)
SUM = cython.declare(cython.ulonglong, 0x0101010101010101)


def grouped(group: cython.const[cython.int][::1], starts: cython.longlong[::1], order: cython.longlong[::1]) -> None:
    """Fill ``order`` (n,) with the rows, those of each group after those of the one before, each in ascending order.

    ``starts`` (groups + 1,) gets where each begins. Raises ValueError when a row's group (n,) is none of these.
    """
    row: cython.Py_ssize_t
    number: cython.Py_ssize_t
    count: cython.Py_ssize_t = starts.shape[0] - 1
    is_known: cython.bint = len(order) == len(group) and count >= 0
    with cython.nogil:
        for row in range(group.shape[0]):
            is_known = is_known and 0 <= group[row] < count
        if is_known:
            for number in range(count + 1):
                starts[number] = 0
            for row in range(group.shape[0]):
                starts[group[row]] += 1
            for number in range(1, count + 1):
                starts[number] += starts[number - 1]
            for row in range(group.shape[0] - 1, -1, -1):
                number = group[row]
                starts[number] -= 1
                order[starts[number]] = row
    if not is_known:
        raise ValueError("rows of groups that there are not")


def place(
    codes: cython.const[cython.int][::1],
    begin: cython.int,
    positions: cython.const[cython.int][::1],
    first: cython.int,
    placed: cython.int[::1],
) -> None:
    """Set ``placed[positions[i] - first]`` to ``codes[i] + begin``, for all i.

    Raises ValueError when there is no such place; then nothing was set.
    """
    row: cython.Py_ssize_t
    fits: cython.bint = len(codes) == len(positions)
    with cython.nogil:
        if fits:
            for row in range(positions.shape[0]):
                fits = fits and 0 <= positions[row] - first < placed.shape[0]
        if fits:
            for row in range(positions.shape[0]):
                placed[positions[row] - first] = codes[row] + begin
    if not fits:
        raise ValueError("codes for places that there are not")


def renumber(
    positions: cython.int[:, ::1],
    group: cython.Py_ssize_t,
    kept: cython.ulonglong[::1],
    before: cython.int[::1],
) -> int:
    """Number anew the positions (n,) in a column, in their order, so that each number but 0 occurs; return how many.

    A bit of ``kept``, which has none at first, is set for each that occurs, and for 0; ``before``, as long, gets how
    many come before each word. Both are small enough for the cache: it takes 5 ns a position, with indices 20.
    Raises ValueError when there is no bit for a position; then nothing was renumbered.
    """
    row: cython.Py_ssize_t
    word: cython.Py_ssize_t
    position: cython.longlong
    bit: cython.ulonglong
    count: cython.int = 0
    fits: cython.bint = 0 <= group < positions.shape[1] and len(before) == len(kept) > 0
    with cython.nogil:
        if fits:
            kept[0] |= 1
            for row in range(positions.shape[0]):
                position = positions[row, group]
                if 0 <= position < 64 * kept.shape[0]:
                    kept[position >> 6] |= cython.cast(cython.ulonglong, 1) << (position & 63)
                else:
                    fits = False
        if fits:
            for word in range(kept.shape[0]):
                before[word] = count
                count += _ones(kept[word])
            for row in range(positions.shape[0]):
                word, position = positions[row, group] >> 6, positions[row, group] & 63
                bit = cython.cast(cython.ulonglong, 1) << position
                positions[row, group] = before[word] + _ones(kept[word] & (bit - 1))
    if not fits:
        raise ValueError("positions that there are not")
    return count


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _ones(bits: cython.ulonglong) -> cython.int:
    """Return how many bits are set: H. Warren, Hacker's Delight, 2012, figure 5-2."""
    bits -= (bits >> 1) & PAIRS
    bits = (bits & NIBBLES) + ((bits >> 2) & NIBBLES)
    return cython.cast(cython.int, (((bits + (bits >> 4)) & OCTETS) * SUM) >> 56)
