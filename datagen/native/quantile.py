"""The inverse of the normal distribution and the logarithm, of operations that IEEE 754 rounds exactly."""

import cython
from cython.cimports.libc.math import fabs, sqrt
from cython.cimports.libc.string import memcpy

ROOT_OF_HALF = cython.declare(cython.longlong, 0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
EXPONENT = cython.declare(cython.longlong, 0x10000000000000)  # a step of the exponent in the bits of a float


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quantile(q: cython.double) -> cython.double:
    """Return the standard normal quantile of q + 1/2: algorithm AS 241 (PPND16), M. J. Wichura, 1988."""
    r: cython.double
    value: cython.double
    if fabs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * (
            horner(
                r,
                2.5090809287301226727e3,
                3.3430575583588128105e4,
                6.7265770927008700853e4,
                4.5921953931549871457e4,
                1.3731693765509461125e4,
                1.9715909503065514427e3,
                1.3314166789178437745e2,
                3.3871328727963666080e0,
            )
            / horner(
                r,
                5.2264952788528545610e3,
                2.8729085735721942674e4,
                3.9307895800092710610e4,
                2.1213794301586595867e4,
                5.3941960214247511077e3,
                6.8718700749205790830e2,
                4.2313330701600911252e1,
                1.0,
            )
        )
    r = sqrt(-logarithm(0.5 - fabs(q)))
    if r <= 5.0:
        r -= 1.6
        value = horner(
            r,
            7.74545014278341407640e-4,
            2.27238449892691845833e-2,
            2.41780725177450611770e-1,
            1.27045825245236838258e0,
            3.64784832476320460504e0,
            5.76949722146069140550e0,
            4.63033784615654529590e0,
            1.42343711074968357734e0,
        ) / horner(
            r,
            1.05075007164441684324e-9,
            5.47593808499534494600e-4,
            1.51986665636164571966e-2,
            1.48103976427480074590e-1,
            6.89767334985100004550e-1,
            1.67638483018380384940e0,
            2.05319162663775882187e0,
            1.0,
        )
    else:
        r -= 5.0
        value = horner(
            r,
            2.01033439929228813265e-7,
            2.71155556874348757815e-5,
            1.24266094738807843860e-3,
            2.65321895265761230930e-2,
            2.96560571828504891230e-1,
            1.78482653991729133580e0,
            5.46378491116411436990e0,
            6.65790464350110377720e0,
        ) / horner(
            r,
            2.04426310338993978564e-15,
            1.42151175831644588870e-7,
            1.84631831751005468180e-5,
            7.86869131145613259100e-4,
            1.48753612908506148525e-2,
            1.36929880922735805310e-1,
            5.99832206555887937690e-1,
            1.0,
        )
    return -value if q < 0 else value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def logarithm(x: cython.double) -> cython.double:
    """Return the natural logarithm of a normal positive number, to within one unit in the last place.

    The method of FreeBSD's msun/e_log.c: log(2**k * (1 + f)) with s = f / (2 + f) and a polynomial in s**2.
    """
    pattern: cython.longlong = 0
    f: cython.double = 0.0
    memcpy(cython.address(pattern), cython.address(x), 8)
    k: cython.longlong = (pattern - ROOT_OF_HALF) >> 52  # so that 1 + f lies between sqrt(1/2) and sqrt(2)
    pattern -= k * EXPONENT
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
        (
            (
                ((1.479819860511658591e-01 * x + 1.531383769920937332e-01) * x + 1.818357216161805012e-01) * x
                + 2.222219843214978396e-01
            )
            * x
            + 2.857142874366239149e-01
        )
        * x
        + 3.999999999940941908e-01
    ) * x + 6.666666666666735130e-01


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def horner(
    x: cython.double,
    h: cython.double,
    g: cython.double,
    f: cython.double,
    e: cython.double,
    d: cython.double,
    c: cython.double,
    b: cython.double,
    a: cython.double,
) -> cython.double:
    """Return the value of a polynomial, its highest coefficient first."""
    return ((((((h * x + g) * x + f) * x + e) * x + d) * x + c) * x + b) * x + a
