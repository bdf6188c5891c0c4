"""Logarithm and power of columns, from operations that IEEE 754 rounds exactly (decision 0001).

The functions of numpy and of C libraries differ in the last digit from one processor to the next.
"""

import numpy as np

from datagen import draw
from datagen.draw import Floats, Integers

# FreeBSD's msun/e_log.c: ln 2 in two parts, and the coefficients of the series.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
_ROOT_OF_HALF = 0.7071067811865476
_WHOLE = 1024  # exponents up to here are multiplied out


def logarithm(x: Floats) -> Floats:
    """Return the natural logarithm of numbers above 0, (n,), to within one unit in the last place."""
    fraction, exponent = np.frexp(x)  # from 1/2 to 1
    is_low = fraction < _ROOT_OF_HALF
    f = np.where(is_low, 2.0 * fraction, fraction) - 1.0
    k = (exponent - is_low).astype(np.float64)
    s = f / (f + 2.0)
    half_square = f * f * 0.5
    low = s * (half_square + s * s * _horner(_LOG, s * s)) + k * _LN2_LOW
    return k * _LN2_HIGH - ((half_square - low) - f)


def power(base: Floats, exponent: Floats) -> Floats:
    """Return powers (n,), NaN where there is none.

    Whole exponents up to 1024 are multiplied out, so 2 to the power of 10 is 1024; others go by the logarithm, to
    within some 13 digits.
    """
    is_whole = (exponent == np.rint(exponent)) & (np.abs(exponent) <= _WHOLE)
    whole = _multiplied(base, np.where(is_whole, exponent, 0.0).astype(np.int64))
    is_above = base > 0
    other = draw.exp(np.where(is_whole, 0.0, exponent) * logarithm(np.where(is_above, base, 1.0)))
    other = np.where(is_above, other, np.where((base == 0) & (exponent > 0), 0.0, np.nan))
    return np.where(is_whole, whole, other)


def _multiplied(base: Floats, exponent: Integers) -> Floats:
    result, square, left = np.ones(len(base)), base.copy(), np.abs(exponent)
    while left.any():
        result = np.where(left & 1 == 1, result * square, result)
        left = left >> 1
        square = np.where(left > 0, square * square, square)
    return np.where(exponent < 0, 1.0 / result, result)


def _horner(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """Return the value of a polynomial, its highest coefficient first."""
    result = np.full(len(x), coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result
