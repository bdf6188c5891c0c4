"""Tails of the gamma and the beta distribution, of operations that IEEE 754 rounds exactly.

Both are looked at on a line without ends, where their densities are log-concave: gamma by the logarithm of the number,
beta by the logarithm of its odds, x / (1 - x). A *place* is a number on that line. ``b`` is 0 for gamma of shape
``a``, else both are those of beta.
"""

import cython
from cython.cimports.datagen.native.curve import exponential
from cython.cimports.datagen.native.quantile import logarithm
from cython.cimports.libc.math import fabs

HALF_LOG_2PI = cython.declare(cython.double, 0.91893853320467274178)
PRECISE = cython.declare(cython.double, 1e-16)  # where a series or a fraction ends
TINY = cython.declare(cython.double, 1e-300)  # in place of a denominator of 0
LONGEST = cython.declare(cython.int, 100_000)  # terms; a shape of a million takes about 9,000


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def stirling_rest(n: cython.double) -> cython.double:
    """Return log(gamma(n + 1)) less Stirling's formula, n > 0: its series, after as many steps up as it needs."""
    rest: cython.double = 0.0
    square: cython.double
    while n < 16.0:
        rest += (n + 0.5) * logarithm((n + 1.0) / n) - 1.0
        n += 1.0
    square = 1.0 / (n * n)
    return (
        rest
        + ((((square / 1188.0 - 1.0 / 1680.0) * square + 1.0 / 1260.0) * square - 1.0 / 360.0) * square + 1.0 / 12.0)
        / n
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def deviance(x: cython.double, mean: cython.double, log_mean: cython.double) -> cython.double:
    """Return x log(x / mean) + mean - x: C. Loader, Fast and accurate computation of binomial probabilities, 2000."""
    ratio: cython.double
    term: cython.double
    sum: cython.double
    former: cython.double
    j: cython.int = 3
    if fabs(x - mean) >= 0.1 * (x + mean):
        return x * (logarithm(x) - log_mean) + mean - x
    ratio = (x - mean) / (x + mean)
    sum = (x - mean) * ratio
    term = 2.0 * x * ratio
    former = sum + 1.0
    while sum != former:
        former = sum
        term *= ratio * ratio
        sum += term / j
        j += 2
    return sum


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def log_odds_part(place: cython.double) -> cython.double:
    """Return log(x) of the x whose odds have a logarithm."""
    if place > 0.0:
        return -logarithm(1.0 + exponential(-place))
    return place - logarithm(1.0 + exponential(place))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def log_density(a: cython.double, b: cython.double, place: cython.double) -> cython.double:
    """Return the logarithm of the density at a place of the line."""
    n: cython.double = a + b
    log_n: cython.double
    if b == 0.0:
        return 0.5 * logarithm(a) - HALF_LOG_2PI - stirling_rest(a) - deviance(a, exponential(place), place)
    log_n = logarithm(n)
    return (
        0.5 * (logarithm(a) + logarithm(b) - log_n)
        - HALF_LOG_2PI
        + stirling_rest(n)
        - stirling_rest(a)
        - stirling_rest(b)
        - deviance(a, n / (1.0 + exponential(-place)), log_n + log_odds_part(place))
        - deviance(b, n / (1.0 + exponential(place)), log_n + log_odds_part(-place))
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def slope(a: cython.double, b: cython.double, place: cython.double) -> cython.double:
    """Return the slope of the logarithm of the density at a place of the line."""
    if b == 0.0:
        return a - exponential(place)
    return a / (1.0 + exponential(place)) - b / (1.0 + exponential(-place))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def gamma_series(a: cython.double, x: cython.double) -> cython.double:
    """Return the lower tail over the density, for x below a + 1."""
    term: cython.double = 1.0 / a
    sum: cython.double = term
    n: cython.int
    for n in range(1, LONGEST):
        term *= x / (a + n)
        sum += term
        if term < sum * PRECISE:
            break
    return sum


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def gamma_fraction(a: cython.double, x: cython.double) -> cython.double:
    """Return the upper tail over the density, for x from a + 1 on: W. Lentz's way through its continued fraction."""
    b: cython.double = x + 1.0 - a
    c: cython.double = 1.0 / TINY
    d: cython.double = 1.0 / b
    h: cython.double = d
    n: cython.int
    for n in range(1, LONGEST):
        b += 2.0
        d = 1.0 / filled(b - n * (n - a) * d)
        c = filled(b - n * (n - a) / c)
        h *= d * c
        if fabs(d * c - 1.0) < 2.0 * PRECISE:
            break
    return h


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def beta_fraction(a: cython.double, b: cython.double, x: cython.double) -> cython.double:
    """Return the lower tail over the density, for x below (a + 1) / (a + b + 2): as above."""
    c: cython.double = 1.0
    d: cython.double = 1.0 / filled(1.0 - (a + b) * x / (a + 1.0))
    h: cython.double = d
    n: cython.double
    even: cython.double
    odd: cython.double
    turn: cython.int
    for turn in range(1, LONGEST):
        n = turn
        even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n))
        d = 1.0 / filled(1.0 + even * d)
        c = filled(1.0 + even / c)
        h *= d * c
        odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0))
        d = 1.0 / filled(1.0 + odd * d)
        c = filled(1.0 + odd / c)
        h *= d * c
        if fabs(d * c - 1.0) < 2.0 * PRECISE:
            break
    return h / a


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def filled(x: cython.double) -> cython.double:
    """Return a number that can be divided by."""
    return TINY if fabs(x) < TINY else x


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def log_tail(a: cython.double, b: cython.double, place: cython.double, upper: cython.bint) -> cython.double:
    """Return the logarithm of what lies below, or above, a place of the line."""
    x: cython.double
    is_high: cython.bint  # which of the tails the formula at hand gives
    tail: cython.double
    if b == 0.0:
        x = exponential(place)
        is_high = x >= a + 1.0
        tail = gamma_fraction(a, x) if is_high else gamma_series(a, x)
    else:
        x = 1.0 / (1.0 + exponential(-place))
        is_high = x * (a + b + 2.0) >= a + 1.0
        tail = beta_fraction(b, a, 1.0 / (1.0 + exponential(place))) if is_high else beta_fraction(a, b, x)
    tail = logarithm(tail) + log_density(a, b, place)
    if is_high == upper:
        return tail
    return logarithm(filled(1.0 - exponential(tail)))
