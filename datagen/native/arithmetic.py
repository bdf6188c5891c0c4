"""What the machine calculates of one or two numbers, as ``records.expression`` does it for columns."""

import cython
from cython.cimports.libc.math import ceil, copysign, floor, fmod, rint

MOST = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)
LEAST = cython.declare(cython.longlong, -MOST - 1)
BEYOND = cython.declare(cython.double, 9223372036854775808.0)  # 2**63
DOWN = cython.declare(cython.int, 0)
UP = cython.declare(cython.int, 1)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def divided(number: cython.longlong, by: cython.longlong) -> cython.longlong:
    """Return a number divided by one above 0, rounded down."""
    left: cython.longlong = number % by
    if left < 0:  # as in C
        left += by
    return (number - left) // by


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rest(a: cython.longlong, b: cython.longlong) -> cython.longlong:
    """Return what a division by a number other than 0 leaves, with the sign of that."""
    left: cython.longlong = 0 if b == -1 else a % b
    if left != 0 and (left < 0) != (b < 0):
        left += b
    return left


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rest_real(a: cython.double, b: cython.double) -> cython.double:
    """Return the same of real numbers."""
    left: cython.double = fmod(a, b)
    if left == 0:
        return copysign(0.0, b)
    return left + b if (left < 0) != (b < 0) else left


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fits(a: cython.longlong, b: cython.longlong) -> cython.bint:
    """Return whether 64 bits hold a product."""
    if a > 0:
        return b <= MOST // a if b > 0 else b >= -(MOST // a) or (b == LEAST // a and LEAST % a == 0)
    if b > 0:
        return a >= -(MOST // b) or (a == LEAST // b and LEAST % b == 0)
    if a == LEAST or b == LEAST:
        return a == 0 or b == 0
    return a == 0 or b == 0 or -a <= MOST // -b


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def whole_near(x: cython.double, how: cython.int) -> cython.double:
    """Return the next whole number down or up, or the nearest one, the even one of two."""
    return floor(x) if how == DOWN else ceil(x) if how == UP else rint(x)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_whole(x: cython.double) -> cython.bint:
    """Return whether 64 bits hold a whole number."""
    return x >= -BEYOND and x < BEYOND
