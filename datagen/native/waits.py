"""Waits: how long a worker stays, drawn as seconds and kept as whole nanoseconds."""

import cython
from cython.cimports.datagen.native.draws import mix, standard
from cython.cimports.libc.math import rint

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
LONGEST = cython.declare(cython.double, 4611686018.0)  # seconds: from here on a wait counts as ``NEVER``
CONSTANT = cython.declare(cython.int, 0)  # the family, as in Linear, of what is not drawn


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def time_after(time: cython.longlong, delay: cython.longlong) -> cython.longlong:
    """Return the time that is a wait after another, both in ns; ``NEVER`` for what is beyond that."""
    return min(time + delay, NEVER)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def wait(family: cython.int, offset: cython.double, scale: cython.double, row: cython.ulonglong) -> cython.longlong:
    """Return a drawn wait, in whole ns; below 0 counts as 0, and what is beyond ``NEVER`` as that."""
    seconds: cython.double = offset
    if family != CONSTANT:
        seconds += scale * standard(family, mix(row))
    if not seconds > 0:
        return 0
    if seconds >= LONGEST:
        return NEVER
    return cython.cast(cython.longlong, rint(seconds * 1e9))
