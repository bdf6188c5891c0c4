"""The inverse of the normal distribution, of operations that IEEE 754 rounds exactly."""

import cython
from cython.cimports.datagen.native.quantile import central, horner, is_central, logarithm
from cython.cimports.libc.math import fabs, sqrt


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quantile(q: cython.double) -> cython.double:
    """Return the standard normal quantile of q + 1/2: algorithm AS 241 (PPND16), M. J. Wichura, 1988."""
    r: cython.double
    value: cython.double
    if is_central(q):
        return central(q)
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
