"""Rows told apart and put into their places, in one pass each."""

import cython


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
