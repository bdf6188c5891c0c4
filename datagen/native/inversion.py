"""Quantiles of the gamma and the beta distribution, as a table of polynomials in the quantile of the normal one.

On the line of ``datagen.native.tail`` the quantile is a smooth function of the normal quantile z. At each of 533 values
of z it is found by Newton's method, its first two derivatives follow from the densities, and polynomials of degree 5
join these: the error is below that of rounding, and a draw takes as long as one of the normal distribution.
"""

import cython
from cython.cimports.datagen.native.curve import exponential
from cython.cimports.datagen.native.quantile import logarithm
from cython.cimports.datagen.native.tail import log_density, log_tail, slope
from cython.cimports.libc.math import fabs

CELLS = cython.declare(cython.int, 532)
HALF = cython.declare(cython.int, 266)  # of them lie below z = 0
STEP = cython.declare(cython.double, 0.03125)  # of z: 1/32. The table reaches to 8.3125, beyond all z of 54 bits
LOG_2 = cython.declare(cython.double, 0.69314718055994530942)
HALF_LOG_2PI = cython.declare(cython.double, 0.91893853320467274178)
MOST_TURNS = cython.declare(cython.int, 200)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def solved(
    a: cython.double, b: cython.double, place: cython.double, wanted: cython.double, upper: cython.bint
) -> cython.double:
    """Return the place beyond which a tail has a wanted logarithm, from another place on.

    The logarithms of both tails are concave, so Newton's method gets there from everywhere.
    """
    found: cython.double
    step: cython.double
    left: cython.int = MOST_TURNS
    while left > 0:
        left -= 1
        found = log_tail(a, b, place, upper)
        step = (wanted - found) * exponential(found - log_density(a, b, place))
        place += -step if upper else step
        if fabs(step) < 1e-9 * (1.0 + fabs(place)):
            break
    return place


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def node(
    a: cython.double, b: cython.double, z: cython.double, near: cython.double, cell: cython.double[:]
) -> cython.void:
    """Fill the head of a cell with the place at a normal quantile, its first and half its second derivative by cells.

    ``near`` is a place to begin at.
    """
    wanted: cython.double = log_tail(0.5, 0.0, logarithm(0.5 * z * z), True) - LOG_2 if z != 0.0 else -LOG_2
    place: cython.double = solved(a, b, near, wanted, z > 0.0)
    first: cython.double = exponential(-0.5 * z * z - HALF_LOG_2PI - log_density(a, b, place))
    cell[0] = place
    cell[1] = STEP * first
    cell[2] = STEP * STEP * 0.5 * first * (-z - slope(a, b, place) * first)


def tabulate(a: cython.double, b: cython.double, cells: cython.double[:, ::1]) -> None:
    """Fill ``cells`` (533, 6) with polynomials of the places at normal quantiles, the last one of degree 2."""
    number: cython.int
    begin: cython.double
    if cells.shape[0] != CELLS + 1 or cells.shape[1] != 6:
        raise ValueError("a table of another size")
    with cython.nogil:
        begin = logarithm(a) if b == 0.0 else logarithm(a) - logarithm(b)
        node(a, b, 0.0, begin, cells[HALF])
        for number in range(HALF - 1, -1, -1):
            node(a, b, (number - HALF) * STEP, cells[number + 1, 0] - cells[number + 1, 1], cells[number])
        for number in range(HALF + 1, CELLS + 1):
            node(a, b, (number - HALF) * STEP, cells[number - 1, 0] + cells[number - 1, 1], cells[number])
        for number in range(CELLS):
            join(cells[number], cells[number + 1])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def join(cell: cython.double[:], following: cython.double[:]) -> cython.void:
    """Fill the rest of a cell, so that its polynomial ends as the following one begins, in two derivatives too."""
    value: cython.double = following[0] - cell[0] - cell[1] - cell[2]
    first: cython.double = following[1] - cell[1] - 2.0 * cell[2]
    second: cython.double = following[2] - cell[2]
    cell[3] = 10.0 * value - 4.0 * first + second
    cell[4] = -15.0 * value + 7.0 * first - 2.0 * second
    cell[5] = 6.0 * value - 3.0 * first + second


def places(
    cells: cython.const[cython.double][:, ::1], z: cython.const[cython.double][::1], out: cython.double[::1]
) -> None:
    """Fill ``out`` (n,) with the places at normal quantiles (n,), by a table."""
    row: cython.Py_ssize_t
    number: cython.int
    t: cython.double
    if cells.shape[0] != CELLS + 1 or cells.shape[1] != 6 or out.shape[0] != z.shape[0]:
        raise ValueError("columns of different lengths")
    with cython.nogil:
        for row in range(z.shape[0]):
            t = z[row] / STEP + HALF
            t = 0.0 if not t > 0.0 else CELLS if t > CELLS else t
            number = cython.cast(cython.int, t)
            t -= number
            out[row] = (
                (((cells[number, 5] * t + cells[number, 4]) * t + cells[number, 3]) * t + cells[number, 2]) * t
                + cells[number, 1]
            ) * t + cells[number, 0]
