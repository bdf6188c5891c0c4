"""One of several by weights, for a column of rows."""

import cython
from cython.cimports.datagen.native.choice import place_of
from cython.cimports.datagen.native.draws import mix


def weighted(
    keys: cython.const[cython.ulonglong][::1],
    purpose: cython.ulonglong,
    bounds: cython.const[cython.ulonglong][::1],
    guide: cython.const[cython.int][::1],
    shift: cython.int,
    chosen: cython.int[::1],
) -> None:
    """Fill ``chosen`` (n,) with the first of ``bounds`` that is above a number of 53 bits drawn for each row (n,).

    The last bound is 2**53. ``guide`` has that of every number whose last ``shift`` bits are 0: with it a choice among
    1000 takes as long as one among 2 (H.-C. Chen, Y. Asau, On generating random variates from an empirical
    distribution, 1974).
    """
    row: cython.Py_ssize_t
    whole: cython.ulonglong = 1
    whole <<= 53
    if chosen.shape[0] != keys.shape[0]:
        raise ValueError("a column of another length")
    if not 0 <= shift <= 53 or guide.shape[0] != cython.cast(cython.Py_ssize_t, whole >> shift):
        raise ValueError("a guide of another size")
    if bounds.shape[0] == 0 or bounds[bounds.shape[0] - 1] != whole:
        raise ValueError("bounds that do not end at 1")
    for row in range(guide.shape[0]):
        if not 0 <= guide[row] < bounds.shape[0]:
            raise ValueError("a guide out of the bounds")
    with cython.nogil:
        for row in range(keys.shape[0]):
            chosen[row] = place_of(mix(keys[row] ^ purpose) >> 11, bounds, guide, shift, 0, 0)
