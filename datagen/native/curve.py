"""Exponential function, power, sine and angles, of operations that IEEE 754 rounds exactly, so the same everywhere."""

import cython
from cython.cimports.datagen.native.quantile import logarithm
from cython.cimports.libc.math import fabs, fmin, ldexp, rint, sqrt

INFINITE = cython.declare(cython.double, float("inf"))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def exponential(x: cython.double) -> cython.double:
    """Return e**x, 0 below -708: the method of FreeBSD's msun/e_exp.c, 2**k times a rational function near 1."""
    k: cython.double
    high: cython.double
    low: cython.double
    square: cython.double
    c: cython.double
    if x != x:
        return x
    if x > 709.0:
        return INFINITE
    if x < -708.0:
        return 0.0
    k = rint(x * 1.44269504088896338700)
    high = x - k * 6.93147180369123816490e-01
    low = k * 1.90821492927058770002e-10
    x = high - low
    square = x * x
    c = (
        (4.13813679705723846039e-08 * square - 1.65339022054652515390e-06) * square + 6.61375632143793436117e-05
    ) * square
    c = x - square * (((c - 2.77777777770155933842e-03) * square) + 1.66666666666666019037e-01)
    return ldexp(1.0 - ((low - (x * c) / (2.0 - c)) - high), cython.cast(cython.int, k))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sine(turns: cython.double) -> cython.double:
    """Return the sine of an angle in turns: the nearest quarter, and the series of FreeBSD's msun/k_sin.c, k_cos.c."""
    quarter: cython.double = rint(4.0 * turns)
    x: cython.double = (4.0 * turns - quarter) * 1.57079632679489661923
    square: cython.double = x * x
    series: cython.double
    # Which of four it is; -1, -2, -3 are 3, 2, 1.
    place: cython.int = cython.cast(cython.int, quarter - 4.0 * rint(quarter * 0.25)) & 3
    if place & 1:
        series = (
            (-1.13596475577881948265e-11 * square + 2.08757232129817482790e-09) * square
        ) - 2.75573143513906633035e-07
        series = ((series * square + 2.48015872894767294178e-05) * square - 1.38888888888741095749e-03) * square
        series = 1.0 - (0.5 * square - square * square * (series + 4.16666666666666019037e-02))
    else:
        series = (
            (1.58969099521155010221e-10 * square - 2.50507602534068634195e-08) * square
        ) + 2.75573137070700676789e-06
        series = ((series * square - 1.98412698298579493134e-04) * square + 8.33333333332248946124e-03) * square
        series = x + x * square * (series - 1.66666666666666324348e-01)
    return -series if place & 2 else series


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def arcsine(x: cython.double) -> cython.double:
    """Return the arc sine of a number from 0 to 1: the rational function of FreeBSD's msun/e_asin.c."""
    beyond: cython.bint = x > 0.5
    square: cython.double = (1.0 - x) * 0.5 if beyond else x * x
    p: cython.double
    q: cython.double
    x = sqrt(square) if beyond else x
    p = (3.47933107596021167570e-05 * square + 7.91534994289814532176e-04) * square - 4.00555345006794114027e-02
    p = ((p * square + 2.01212532134862925881e-01) * square - 3.25565818622400915405e-01) * square
    p = (p + 1.66666666666666657415e-01) * square
    q = (7.70381505559019352791e-02 * square - 6.88283971605453293030e-01) * square + 2.02094576023350569471e00
    q = (q * square - 2.40339491173441421878e00) * square + 1.0
    x = x + x * (p / q)
    return 1.57079632679489661923 - 2.0 * x if beyond else x


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def angle(y: cython.double, x: cython.double) -> cython.double:
    """Return the direction of a point in degrees, from -180 to 180; 0 of the origin."""
    reach: cython.double = sqrt(x * x + y * y)
    degrees: cython.double
    if reach == 0.0:
        return 0.0
    degrees = arcsine(fmin(fabs(x), fabs(y)) / reach) * 57.295779513082320877
    if fabs(y) > fabs(x):
        degrees = 90.0 - degrees
    if x < 0.0:
        degrees = 180.0 - degrees
    return -degrees if y < 0.0 else degrees


@cython.cfunc
def check(found: cython.Py_ssize_t, wanted: cython.Py_ssize_t) -> None:
    """Raise ValueError when a column has another length than the one that it is made of."""
    if found != wanted:
        raise ValueError(f"{found} in place of {wanted}")


def exponentials(x: cython.const[cython.double][::1], out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with e**x of numbers (n,)."""
    row: cython.Py_ssize_t
    check(out.shape[0], x.shape[0])
    with cython.nogil:
        for row in range(x.shape[0]):
            out[row] = exponential(x[row])


def powers(base: cython.double, x: cython.const[cython.double][::1], out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with ``base``, a normal number above 0, to the power of numbers (n,)."""
    row: cython.Py_ssize_t
    check(out.shape[0], x.shape[0])
    with cython.nogil:
        for row in range(x.shape[0]):
            out[row] = exponential(x[row] * logarithm(base))


def logarithms(x: cython.const[cython.double][::1], out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with the natural logarithms of normal positive numbers (n,)."""
    row: cython.Py_ssize_t
    check(out.shape[0], x.shape[0])
    with cython.nogil:
        for row in range(x.shape[0]):
            out[row] = logarithm(x[row])


def raise_all(x: cython.const[cython.double][::1], exponent: cython.double, out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with numbers (n,), each 0 or a normal positive one, to the power of an exponent above 0."""
    row: cython.Py_ssize_t
    check(out.shape[0], x.shape[0])
    with cython.nogil:
        for row in range(x.shape[0]):
            out[row] = exponential(exponent * logarithm(x[row])) if x[row] > 0.0 else 0.0


def angles(y: cython.const[cython.double][::1], x: cython.const[cython.double][::1], out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with the directions of points (n,) and (n,) in degrees, from -180 to 180."""
    row: cython.Py_ssize_t
    check(x.shape[0], y.shape[0])
    check(out.shape[0], y.shape[0])
    with cython.nogil:
        for row in range(y.shape[0]):
            out[row] = angle(y[row], x[row])


def sines(turns: cython.const[cython.double][::1], out: cython.double[::1]) -> None:
    """Fill ``out`` (n,) with the sines of angles (n,) in turns."""
    row: cython.Py_ssize_t
    check(out.shape[0], turns.shape[0])
    with cython.nogil:
        for row in range(turns.shape[0]):
            out[row] = sine(turns[row])
