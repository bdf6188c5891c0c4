# What other modules of the core may call of this one, without Python in between; what is short in place.
from libc.math cimport fabs
from libc.string cimport memcpy

cdef double quantile(double q) noexcept nogil

cdef inline bint is_central(double q) noexcept nogil:
    """Return whether the standard normal quantile of q + 1/2 is ``central``."""
    return fabs(q) <= 0.425

cdef inline double horner(
    double x, double h, double g, double f, double e, double d, double c, double b, double a
) noexcept nogil:
    """Return the value of a polynomial, its highest coefficient first."""
    return ((((((h * x + g) * x + f) * x + e) * x + d) * x + c) * x + b) * x + a

cdef inline double central(double q) noexcept nogil:
    """Return the standard normal quantile of q + 1/2 in the middle, as in ``quantile``."""
    cdef double r = 0.180625 - q * q
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

cdef inline double log_series(double x) noexcept nogil:
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

cdef inline double logarithm(double x) noexcept nogil:
    """Return the natural logarithm of a normal positive number, to within one unit in the last place.

    The method of FreeBSD's msun/e_log.c: log(2**k * (1 + f)) with s = f / (2 + f) and a polynomial in s**2. Without
    branches and signed shifts, so that a compiler makes one of several numbers at once.
    """
    cdef unsigned long long pattern, scaled
    cdef double f, exponent
    memcpy(&pattern, &x, 8)
    # k + 1024, so that 1 + f lies between sqrt(1/2), whose bits these are, and sqrt(2)
    scaled = (pattern - <unsigned long long>0x3FE6A09E667F3BCDULL + (<unsigned long long>1024 << 52)) >> 52
    pattern -= (scaled - 1024) << 52
    scaled |= <unsigned long long>0x4330000000000000ULL  # 2**52, to whose bits a whole number is added
    memcpy(&f, &pattern, 8)
    memcpy(&exponent, &scaled, 8)
    f -= 1.0
    exponent -= 4503599627370496.0 + 1024.0
    cdef double s = f / (f + 2.0)
    cdef double half_square = f * f * 0.5
    cdef double square = s * s
    cdef double rest = half_square + square * log_series(square)
    cdef double low = s * rest + exponent * 1.90821492927058770002e-10
    return exponent * 6.93147180369123816490e-01 - ((half_square - low) - f)
