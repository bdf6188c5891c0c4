"""What goes on along the lives of workers: walks, counts, readings that are stuck. One pass over the rows of a batch.

The rows (k,) come in order; of each it is known which one is the last before it of the same worker, below 0 where that
is none of the batch, and what was ``left`` behind for it then. The values (n,) that are wanted belong to some of the
rows, none or several to each, in order. All functions raise ValueError where this is not so.
"""

import cython
from cython.cimports.libc.math import fmod


@cython.cfunc
def check(
    back: cython.const[cython.longlong][::1], origin: cython.const[cython.longlong][::1], sizes: object, rows: object
) -> None:
    """Raise ValueError when rows don't come in order, or a column has another length than its rows or values."""
    row: cython.Py_ssize_t
    last: cython.longlong = 0
    fits: cython.bint = True
    for row in range(back.shape[0]):
        fits = fits and back[row] < row
    for row in range(origin.shape[0]):
        fits = fits and last <= origin[row] < back.shape[0]
        last = origin[row]
    if not fits or any(size != len(origin) for size in sizes) or any(size != len(back) for size in rows):
        raise ValueError("rows that are not in order, or columns of other lengths")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def bounded(
    x: cython.double, low: cython.double, high: cython.double, reflects: cython.bint, span: cython.double
) -> cython.double:
    """Return what a wall makes of a place beyond it: the wall itself, or the place mirrored at it."""
    if low <= x <= high:
        return x
    if reflects and span > 0.0:  # between two walls, as often as need be
        x = fmod(x - low, 2.0 * span)
        x = x + 2.0 * span if x < 0.0 else x
        x = low + (2.0 * span - x if x > span else x)
    elif reflects:
        x = 2.0 * low - x if x < low else 2.0 * high - x
    return low if x < low else high if x > high else x


def walk(
    back: cython.const[cython.longlong][::1],
    begun: cython.const[cython.double][::1],
    origin: cython.const[cython.longlong][::1],
    starts: cython.const[cython.double][::1],
    steps: cython.const[cython.double][::1],
    mean: cython.double,
    reversion: cython.double,
    low: cython.double,
    high: cython.double,
    reflects: cython.bint,
    span: cython.double,
    made: cython.double[::1],
    left: cython.double[::1],
) -> None:
    """Fill ``made`` (n,) with the places of walks, and ``left`` (k,) with where each worker is after a row.

    A walk begins at a start (n,), and goes a step (n,) with every value, having been drawn to the mean by a share of
    the way. ``begun`` (k,) is where a worker was before the batch, NaN where it has not begun. The ``span`` is that
    between two walls, 0 where there are not two.
    """
    row: cython.Py_ssize_t
    item: cython.Py_ssize_t = 0
    x: cython.double
    check(back, origin, (len(starts), len(steps), len(made)), (len(begun), len(left)))
    with cython.nogil:
        for row in range(back.shape[0]):
            x = left[back[row]] if back[row] >= 0 else begun[row]
            while item < origin.shape[0] and origin[item] == row:
                x = starts[item] if x != x else x + reversion * (mean - x) + steps[item]
                x = bounded(x, low, high, reflects, span)
                made[item] = x
                item += 1
            left[row] = x


def hold(
    back: cython.const[cython.longlong][::1],
    begun: cython.const[cython.double][::1],
    origin: cython.const[cython.longlong][::1],
    stuck: cython.const[cython.uchar][::1],
    readings: cython.double[::1],
    left: cython.double[::1],
) -> None:
    """Replace readings (n,) that are ``stuck`` (n,) by the worker's last one, unless it has none.

    Fill ``left`` (k,) with the last reading of each worker after a row; ``begun`` (k,) is that before the batch, NaN
    where there was none.
    """
    row: cython.Py_ssize_t
    item: cython.Py_ssize_t = 0
    x: cython.double
    check(back, origin, (len(stuck), len(readings)), (len(begun), len(left)))
    with cython.nogil:
        for row in range(back.shape[0]):
            x = left[back[row]] if back[row] >= 0 else begun[row]
            while item < origin.shape[0] and origin[item] == row:
                if stuck[item] and x == x:
                    readings[item] = x
                x = readings[item]
                item += 1
            left[row] = x


def count(
    back: cython.const[cython.longlong][::1],
    begun: cython.const[cython.longlong][::1],
    origin: cython.const[cython.longlong][::1],
    resets: cython.const[cython.uchar][::1],
    made: cython.longlong[::1],
    left: cython.longlong[::1],
) -> None:
    """Fill ``made`` (n,) with how many values the worker had before each, and ``left`` (k,) with how many after a row.

    It begins anew with values (n,) that ``resets`` (n,) says; ``begun`` (k,) is how many there were before the batch.
    """
    row: cython.Py_ssize_t
    item: cython.Py_ssize_t = 0
    number: cython.longlong
    check(back, origin, (len(resets), len(made)), (len(begun), len(left)))
    with cython.nogil:
        for row in range(back.shape[0]):
            number = left[back[row]] if back[row] >= 0 else begun[row]
            while item < origin.shape[0] and origin[item] == row:
                number = 0 if resets[item] else number
                made[item] = number
                number += 1
                item += 1
            left[row] = number
