"""Draws, one number at a time for the walk and a column at a time for Python."""

import cython
from cython.cimports.libc.math import fabs, sqrt
from cython.cimports.libc.string import memcpy

MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)  # cuts to 64 bits where integers have no end
GAMMA = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
FIRST_FACTOR = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
SECOND_FACTOR = cython.declare(cython.ulonglong, 0x94D049BB133111EB)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def mix(z: cython.ulonglong) -> cython.ulonglong:
    """Scramble 64 bits: the finalizer of SplitMix64 (variant 13 of D. Stafford's mixers)."""
    z = ((z ^ (z >> 30)) * FIRST_FACTOR) & MASK
    z = ((z ^ (z >> 27)) * SECOND_FACTOR) & MASK
    return z ^ (z >> 31)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def numbered(key: cython.ulonglong, number: cython.ulonglong) -> cython.ulonglong:
    """Return the key of a numbered part of a row."""
    return mix((key + (number + 1) * GAMMA) & MASK)



@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unit(random: cython.ulonglong) -> cython.double:
    """Return a number in [0, 1), a multiple of 2**-53."""
    return cython.cast(cython.double, random >> 11) * 1.1102230246251565e-16


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def standard(family: cython.int, random: cython.ulonglong) -> cython.double:
    """Return a draw of the standard form of a family, numbered as in ``datagen.plugin.distribution``."""
    if family == 1:
        return unit(random)
    if family == 2:
        return -logarithm(1.0 - unit(random))
    return quantile(unit(random) + -0.49999999999999994)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quantile(q: cython.double) -> cython.double:
    """Return the standard normal quantile of q + 1/2: algorithm AS 241 (PPND16), M. J. Wichura, 1988."""
    r: cython.double
    value: cython.double
    if fabs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * (centre_over(r) / centre_under(r))
    r = sqrt(-logarithm(0.5 - fabs(q)))
    if r <= 5.0:
        value = tail_over(r - 1.6) / tail_under(r - 1.6)
    else:
        value = far_over(r - 5.0) / far_under(r - 5.0)
    return -value if q < 0 else value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def logarithm(x: cython.double) -> cython.double:
    """Return the natural logarithm of a normal positive number, to within one unit in the last place.

    The method of FreeBSD's msun/e_log.c: log(2**k * (1 + f)) with s = f / (2 + f) and a polynomial in s**2.
    """
    pattern: cython.longlong
    k: cython.longlong
    f: cython.double
    memcpy(cython.address(pattern), cython.address(x), 8)
    k = (pattern - cython.cast(cython.longlong, 0x3FE6A09E667F3BCD)) >> 52  # so that 1 + f lies between sqrt(1/2) and sqrt(2)
    pattern -= k * cython.cast(cython.longlong, 0x10000000000000)  # 2**52: C knows no shift of a negative number
    memcpy(cython.address(f), cython.address(pattern), 8)
    f -= 1.0
    s: cython.double = f / (f + 2.0)
    half_square: cython.double = f * f * 0.5
    square: cython.double = s * s
    rest: cython.double = half_square + square * log_series(square)
    exponent: cython.double = cython.cast(cython.double, k)
    low: cython.double = s * rest + exponent * 1.90821492927058770002e-10
    return exponent * 6.93147180369123816490e-01 - ((half_square - low) - f)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def log_series(x: cython.double) -> cython.double:
    """Return the series of the logarithm."""
    return (
        (((((1.479819860511658591e-01 * x + 1.531383769920937332e-01)
        * x + 1.818357216161805012e-01)
        * x + 2.222219843214978396e-01)
        * x + 2.857142874366239149e-01)
        * x + 3.999999999940941908e-01)
        * x + 6.666666666666735130e-01
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def centre_over(x: cython.double) -> cython.double:
    """Return the numerator near the median."""
    return (
        ((((((2.5090809287301226727e3 * x + 3.3430575583588128105e4)
        * x + 6.7265770927008700853e4)
        * x + 4.5921953931549871457e4)
        * x + 1.3731693765509461125e4)
        * x + 1.9715909503065514427e3)
        * x + 1.3314166789178437745e2)
        * x + 3.3871328727963666080e0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def centre_under(x: cython.double) -> cython.double:
    """Return the denominator near the median."""
    return (
        ((((((5.2264952788528545610e3 * x + 2.8729085735721942674e4)
        * x + 3.9307895800092710610e4)
        * x + 2.1213794301586595867e4)
        * x + 5.3941960214247511077e3)
        * x + 6.8718700749205790830e2)
        * x + 4.2313330701600911252e1)
        * x + 1.0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def tail_over(x: cython.double) -> cython.double:
    """Return the numerator in the tails."""
    return (
        ((((((7.74545014278341407640e-4 * x + 2.27238449892691845833e-2)
        * x + 2.41780725177450611770e-1)
        * x + 1.27045825245236838258e0)
        * x + 3.64784832476320460504e0)
        * x + 5.76949722146069140550e0)
        * x + 4.63033784615654529590e0)
        * x + 1.42343711074968357734e0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def tail_under(x: cython.double) -> cython.double:
    """Return the denominator in the tails."""
    return (
        ((((((1.05075007164441684324e-9 * x + 5.47593808499534494600e-4)
        * x + 1.51986665636164571966e-2)
        * x + 1.48103976427480074590e-1)
        * x + 6.89767334985100004550e-1)
        * x + 1.67638483018380384940e0)
        * x + 2.05319162663775882187e0)
        * x + 1.0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def far_over(x: cython.double) -> cython.double:
    """Return the numerator far out in the tails."""
    return (
        ((((((2.01033439929228813265e-7 * x + 2.71155556874348757815e-5)
        * x + 1.24266094738807843860e-3)
        * x + 2.65321895265761230930e-2)
        * x + 2.96560571828504891230e-1)
        * x + 1.78482653991729133580e0)
        * x + 5.46378491116411436990e0)
        * x + 6.65790464350110377720e0
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def far_under(x: cython.double) -> cython.double:
    """Return the denominator far out in the tails."""
    return (
        ((((((2.04426310338993978564e-15 * x + 1.42151175831644588870e-7)
        * x + 1.84631831751005468180e-5)
        * x + 7.86869131145613259100e-4)
        * x + 1.48753612908506148525e-2)
        * x + 1.36929880922735805310e-1)
        * x + 5.99832206555887937690e-1)
        * x + 1.0
    )



def real(
    family: cython.int,
    offset: cython.double,
    scale: cython.double,
    random: cython.const[cython.ulonglong][::1],
    drawn: cython.double[::1],
) -> None:
    """Fill ``drawn`` (n,) with ``offset + scale * x``, x drawn from random bits (n,) by a family."""
    row: cython.Py_ssize_t
    if len(random) != len(drawn):
        raise ValueError("as many draws as random bits")
    with cython.nogil:
        for row in range(random.shape[0]):
            drawn[row] = offset + scale * standard(family, random[row])
