"""A shuffle of any size that tells which number stands at a place without making the others."""

import cython
from cython.cimports.datagen.native.draws import high_word, numbered

LARGEST_SIDE = cython.declare(cython.ulonglong, 0xFFFFFFFF)
ROUNDS = cython.declare(cython.int, 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def scrambled(number: cython.ulonglong, side: cython.ulonglong, key: cython.ulonglong) -> cython.ulonglong:
    """Return another number below the square of ``side`` for each: a Feistel network on its two digits."""
    turn: cython.int
    left: cython.ulonglong = number // side
    right: cython.ulonglong = number % side
    other: cython.ulonglong
    for turn in range(ROUNDS):
        other = (left + high_word(numbered(numbered(key, turn), right), side)) % side
        left = right
        right = other
    return left * side + right


def shuffled(
    places: cython.const[cython.longlong][::1],
    size: cython.ulonglong,
    side: cython.ulonglong,
    key: cython.ulonglong,
    found: cython.longlong[::1],
) -> None:
    """Fill ``found`` (n,) with the numbers below a size that stand at some places (n,) of a shuffle of them.

    ``side`` is the root of the size, rounded up.
    """
    row: cython.Py_ssize_t
    number: cython.ulonglong
    if found.shape[0] != places.shape[0] or side > LARGEST_SIDE or side * side < size:
        raise ValueError("a shuffle of another size")
    for row in range(places.shape[0]):
        if cython.cast(cython.ulonglong, places[row]) >= size:
            raise ValueError("a place outside of the shuffle")
    with cython.nogil:
        for row in range(places.shape[0]):
            number = scrambled(cython.cast(cython.ulonglong, places[row]), side, key)
            while number >= size:
                number = scrambled(number, side, key)
            found[row] = cython.cast(cython.longlong, number)
