"""Draws, one number at a time for the walk and a column at a time for Python.

A column comes straight from the row keys (n,) and the key of a purpose. Nothing is written before all lengths fit:
each function raises ValueError where they don't. No two columns share anything, so threads may fill them side by side.
"""

import cython
from cython.cimports.datagen.native.draws import held, high_word, mix, numbered, unit
from cython.cimports.datagen.native.quantile import central, is_central, logarithm, quantile
from cython.cimports.libc.math import copysign, fabs

WHOLE = cython.declare(cython.double, 4503599627370496.0)  # 2**52: from here on a float has no digits after the point
LOWEST = cython.declare(cython.double, -9223372036854775808.0)
HIGHEST = cython.declare(cython.double, 9223372036854774784.0)  # the largest float that fits into 64 bits


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def standard(family: cython.int, random: cython.ulonglong) -> cython.double:
    """Return a draw of the standard form of a family, numbered as in ``datagen.draw``."""
    return shaped(family, unit(random))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shaped(family: cython.int, u: cython.double) -> cython.double:
    """Return what a family's standard form makes of a number in [0, 1)."""
    if family == 0:
        return 0.0
    if family == 1:
        return u
    if family == 2:
        return -logarithm(1.0 - u)
    return quantile(centered(u))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shape(family: cython.int, drawn: cython.p_double, size: cython.Py_ssize_t) -> cython.void:
    """Put what a family's standard form makes of numbers in [0, 1), (size,), in their place."""
    row: cython.Py_ssize_t
    if family == 2:  # in a loop of its own, which makes several at once: 6 ns a number in place of 12
        for row in range(size):
            drawn[row] = -logarithm(1.0 - drawn[row])
    elif family == 3:
        for row in range(0, size, 64):
            quantiles(drawn + row, min(size - row, 64))
    elif family == 0:
        for row in range(size):
            drawn[row] = 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quantiles(drawn: cython.p_double, size: cython.Py_ssize_t) -> cython.void:
    """Put the standard normal quantiles of numbers in [0, 1), (size,), in their place; at most 64."""
    row: cython.Py_ssize_t
    q: cython.double[64]
    for row in range(size):
        q[row] = centered(drawn[row])
        drawn[row] = central(q[row])  # of several at once; 85 % are in the middle
    for row in range(size):
        if not is_central(q[row]):
            drawn[row] = quantile(q[row])


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def centered(u: cython.double) -> cython.double:
    """Return a number in [0, 1) less 1/2, but never -1/2, of which there is no quantile."""
    return u + -0.49999999999999994


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def nearest(x: cython.double) -> cython.double:
    """Return the nearest whole number, the even one of two; 2 ns less than a call of ``rint``."""
    return copysign((fabs(x) + WHOLE) - WHOLE, x) if fabs(x) < WHOLE else x


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def to_whole(x: cython.double, down: cython.bint) -> cython.longlong:
    """Return the nearest whole number or, rounded down, the next lower one, as far as 64 bits go."""
    rounded: cython.double = nearest(x)
    rounded -= cython.cast(
        cython.double, down & (rounded > x)
    )  # without a branch, which is guessed wrong each other time
    rounded = LOWEST if rounded < LOWEST else HIGHEST if rounded > HIGHEST else rounded
    return cython.cast(cython.longlong, rounded)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def off(value: cython.double, scale: cython.double) -> cython.double:
    """Return a number rounded to a multiple of 1 / ``scale``; itself where it has no digits after the point."""
    return nearest(value * scale) / scale + 0.0 if fabs(value) < 2.0 * WHOLE / scale else value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def total(lengths: cython.const[cython.longlong][::1], most: cython.longlong) -> cython.longlong:
    """Return the sum of lengths; -1 when one is below 0 or the sum above ``most``."""
    row: cython.Py_ssize_t
    room: cython.longlong = most
    for row in range(lengths.shape[0]):
        if lengths[row] < 0 or lengths[row] > room:
            return -1
        room -= lengths[row]
    return most - room


@cython.cfunc
def check(found: cython.Py_ssize_t, wanted: cython.Py_ssize_t) -> None:
    """Raise ValueError when a column has another length than its rows."""
    if found != wanted:
        raise ValueError(f"{found} in place of {wanted}")


def bits(keys: cython.const[cython.ulonglong][::1], purpose: cython.ulonglong, drawn: cython.ulonglong[::1]) -> None:
    """Fill ``drawn`` (n,) with the random bits of rows (n,) for a purpose."""
    row: cython.Py_ssize_t
    check(drawn.shape[0], keys.shape[0])
    with cython.nogil:
        for row in range(keys.shape[0]):
            drawn[row] = mix(keys[row] ^ purpose)


def part_keys(
    keys: cython.const[cython.ulonglong][:], numbers: cython.const[cython.ulonglong][:], made: cython.ulonglong[::1]
) -> None:
    """Fill ``made`` (n,) with the keys of numbered parts (n,) of rows (n,)."""
    row: cython.Py_ssize_t
    check(keys.shape[0], numbers.shape[0])
    check(made.shape[0], numbers.shape[0])
    with cython.nogil:
        for row in range(numbers.shape[0]):
            made[row] = numbered(keys[row], numbers[row])


def item_keys(
    keys: cython.const[cython.ulonglong][::1],
    purpose: cython.ulonglong,
    lengths: cython.const[cython.longlong][::1],
    made: cython.ulonglong[::1],
) -> None:
    """Fill ``made`` with the keys of the items of lists, so many (n,) for each row (n,), in order."""
    row: cython.Py_ssize_t
    item: cython.longlong
    done: cython.Py_ssize_t = 0
    place: cython.ulonglong
    check(lengths.shape[0], keys.shape[0])
    check(total(lengths, made.shape[0]), made.shape[0])
    with cython.nogil:
        for row in range(keys.shape[0]):
            place = mix(keys[row] ^ purpose)
            for item in range(lengths[row]):
                made[done] = numbered(place, item)
                done += 1


def units(random: cython.const[cython.ulonglong][::1], drawn: cython.double[::1]) -> None:
    """Fill ``drawn`` (n,) with numbers in [0, 1) made of random bits (n,)."""
    row: cython.Py_ssize_t
    check(drawn.shape[0], random.shape[0])
    with cython.nogil:
        for row in range(random.shape[0]):
            drawn[row] = unit(random[row])


def below(random: cython.const[cython.ulonglong][::1], size: cython.ulonglong, drawn: cython.ulonglong[::1]) -> None:
    """Fill ``drawn`` (n,) with whole numbers below a size, where 0 stands for 2**64, made of random bits (n,)."""
    row: cython.Py_ssize_t
    check(drawn.shape[0], random.shape[0])
    with cython.nogil:
        for row in range(random.shape[0]):
            drawn[row] = high_word(random[row], size)


def standards(family: cython.int, u: cython.const[cython.double][::1], drawn: cython.double[::1]) -> None:
    """Fill ``drawn`` (n,) with what the standard form of a family makes of numbers in [0, 1), (n,)."""
    check(drawn.shape[0], u.shape[0])
    with cython.nogil:
        drawn[:] = u
        if drawn.shape[0]:
            shape(family, cython.address(drawn[0]), drawn.shape[0])


def absences(
    keys: cython.const[cython.ulonglong][::1],
    missing_purpose: cython.ulonglong,
    percent_missing: cython.double,
    null_purpose: cython.ulonglong,
    percent_nulls: cython.double,
    missing: cython.uchar[::1],
    absent: cython.uchar[::1],
    rows: cython.longlong[::1],
    places: cython.int[::1],
) -> int:
    """Draw for rows (n,) whether they are ``missing`` (n,), and ``absent`` (n,): missing or null.

    Fill ``rows`` (n,) with the numbers of the others, and ``places`` (n,) with the place of each row among these.
    Return how many these are.
    """
    row: cython.Py_ssize_t
    there: cython.int = 0
    for row in (missing.shape[0], absent.shape[0], rows.shape[0], places.shape[0]):
        check(row, keys.shape[0])
    with cython.nogil:
        for row in range(keys.shape[0]):
            missing[row] = unit(mix(keys[row] ^ missing_purpose)) * 100.0 < percent_missing
            absent[row] = missing[row] | (unit(mix(keys[row] ^ null_purpose)) * 100.0 < percent_nulls)
            rows[there] = row
            places[row] = there
            there += 1 - absent[row]
    return there


def real(
    family: cython.int,
    offset: cython.double,
    scale: cython.double,
    keys: cython.const[cython.ulonglong][::1],
    purpose: cython.ulonglong,
    drawn: cython.double[::1],
) -> None:
    """Fill ``drawn`` (n,) with ``offset + scale * x``, x drawn for rows (n,) by a family; never with -0.0."""
    row: cython.Py_ssize_t
    check(drawn.shape[0], keys.shape[0])
    if not drawn.shape[0]:
        return
    with cython.nogil:
        for row in range(keys.shape[0]):
            drawn[row] = unit(mix(keys[row] ^ purpose))
        shape(family, cython.address(drawn[0]), drawn.shape[0])
        for row in range(keys.shape[0]):
            drawn[row] = offset + scale * drawn[row] + 0.0


def round_off(values: cython.double[::1], scale: cython.double) -> None:
    """Round values (n,) to multiples of 1 / ``scale``, but for those that have no digits after the point any more."""
    row: cython.Py_ssize_t
    with cython.nogil:
        for row in range(values.shape[0]):
            values[row] = off(values[row], scale)


def evenly(
    keys: cython.const[cython.ulonglong][::1],
    purpose: cython.ulonglong,
    first: cython.longlong,
    count: cython.ulonglong,
    least: cython.longlong,
    most: cython.longlong,
    drawn: cython.longlong[::1],
) -> None:
    """Fill ``drawn`` (n,) with whole numbers, each of ``count`` from ``first`` on equally likely, held inside bounds.

    A count of 0 stands for 2**64.
    """
    row: cython.Py_ssize_t
    number: cython.ulonglong
    check(drawn.shape[0], keys.shape[0])
    with cython.nogil:
        for row in range(keys.shape[0]):
            number = cython.cast(cython.ulonglong, first) + high_word(mix(keys[row] ^ purpose), count)
            drawn[row] = held(cython.cast(cython.longlong, number), least, most)


def whole(
    values: cython.const[cython.double][::1],
    down: cython.bint,
    least: cython.longlong,
    most: cython.longlong,
    drawn: cython.longlong[::1],
) -> bool:
    """Fill ``drawn`` (n,) with the nearest or next lower whole numbers to values (n,), held inside bounds.

    Return whether all values are numbers.
    """
    row: cython.Py_ssize_t
    valid: cython.bint = True
    check(drawn.shape[0], values.shape[0])
    with cython.nogil:
        for row in range(values.shape[0]):
            valid = valid and values[row] == values[row]
            drawn[row] = held(to_whole(values[row], down), least, most) if valid else 0
    return valid


def characters(
    keys: cython.const[cython.ulonglong][::1],
    place_purpose: cython.ulonglong,
    purpose: cython.ulonglong,
    lengths: cython.const[cython.longlong][::1],
    table: cython.const[cython.ulonglong][::1],
    ends: cython.int[::1],
    data: cython.uchar[::1],
) -> int:
    """Fill ``data`` with strings of so many characters (n,), and ``ends`` (n + 1,) with where they end in it.

    The characters are drawn from a table of their bytes in UTF-8, the first byte lowest, and from bit 32 on how many
    these are. All are written with as many bytes as the widest has, the next one over what is too much. Return how
    many bytes there are.
    """
    row: cython.Py_ssize_t
    item: cython.longlong
    done: cython.Py_ssize_t = 0
    place: cython.ulonglong
    code: cython.ulonglong
    width: cython.ulonglong = 1
    size: cython.ulonglong = table.shape[0]
    check(lengths.shape[0], keys.shape[0])
    check(ends.shape[0], keys.shape[0] + 1)
    for row in range(table.shape[0]):
        width = max(width, table[row] >> 32)
    if size == 0 or width > 4 or data.shape[0] > 0x7FFFFFFF or total(lengths, data.shape[0] // width) < 0:
        raise ValueError("strings that do not fit")
    ends[0] = 0
    with cython.nogil:
        for row in range(keys.shape[0]):
            place = mix(keys[row] ^ place_purpose)
            for item in range(lengths[row]):
                code = table[high_word(mix(numbered(place, item) ^ purpose), size)]
                data[done] = code & 255
                if width > 1:
                    data[done + 1] = (code >> 8) & 255
                if width > 2:
                    data[done + 2] = (code >> 16) & 255
                if width > 3:
                    data[done + 3] = (code >> 24) & 255
                done += code >> 32
            ends[row + 1] = done
    return done


def dotted(numbers: cython.const[cython.longlong][::1], ends: cython.int[::1], data: cython.uchar[::1]) -> int:
    """Fill ``data`` (16 * n,) with dotted quads of the low 32 bits of numbers (n,), ``ends`` (n + 1,) with their ends.

    Return the bytes written.
    """
    row: cython.Py_ssize_t
    shift: cython.int
    octet: cython.uint
    skipped: cython.int
    text: cython.uint
    done: cython.Py_ssize_t = 0
    check(ends.shape[0], numbers.shape[0] + 1)
    check(data.shape[0], 16 * numbers.shape[0])
    if data.shape[0] > 0x7FFFFFFF:
        raise ValueError("addresses that do not fit")
    ends[0] = 0
    with cython.nogil:
        for row in range(numbers.shape[0]):
            for shift in range(24, -1, -8):
                octet = cython.cast(cython.uint, (numbers[row] >> shift) & 255)
                # Three digits and the dot, from the lowest byte on; without branches that a processor guesses wrong.
                text = (octet // 100) | ((octet // 10 % 10) << 8) | ((octet % 10) << 16)
                text |= 0x2E303030
                skipped = (octet < 10) + (octet < 100)
                text >>= 8 * skipped
                data[done] = text & 255
                data[done + 1] = (text >> 8) & 255
                data[done + 2] = (text >> 16) & 255
                data[done + 3] = text >> 24
                done += 4 - skipped
            done -= 1
            ends[row + 1] = done
    return done
