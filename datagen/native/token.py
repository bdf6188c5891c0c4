"""Texts of random bits, a column at a time: hexadecimal and base64, addresses, numbers with a check digit."""

import cython
from cython.cimports.datagen.native.draws import mix, numbered
from cython.cimports.libc.string import memcpy

BASE64 = cython.declare(cython.p_const_char, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
PADDING = cython.declare(cython.uchar, 61)  # =
COLON = cython.declare(cython.uchar, 58)
HYPHEN = cython.declare(cython.uchar, 45)
ONES = cython.declare(cython.ulonglong, 0x0101010101010101)
LOW_OCTETS = cython.declare(cython.ulonglong, 0x000000FF000000FF)
LOW_NIBBLES = cython.declare(cython.ulonglong, 0x000F000F000F000F)


@cython.cfunc
def check(found: cython.Py_ssize_t, wanted: cython.Py_ssize_t) -> None:
    """Raise ValueError when a column has another length than it must have, or one that Arrow can't have."""
    if found != wanted or found > 0x7FFFFFFF:
        raise ValueError(f"{found} in place of {wanted}")


def words(
    keys: cython.const[cython.ulonglong][::1], purpose: cython.ulonglong, count: cython.int, made: cython.ulonglong[::1]
) -> None:
    """Fill ``made`` (n * count,) with so many times 64 random bits for each row (n,)."""
    row: cython.Py_ssize_t
    number: cython.int
    key: cython.ulonglong
    done: cython.Py_ssize_t = 0
    if count < 0 or made.shape[0] != keys.shape[0] * count:
        raise ValueError("words that do not fit")
    with cython.nogil:
        for row in range(keys.shape[0]):
            key = mix(keys[row] ^ purpose)
            for number in range(count):
                made[done] = numbered(key, number)
                done += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def digit(number: cython.uint) -> cython.uchar:
    """Return the hexadecimal digit of a number below 16."""
    return cython.cast(cython.uchar, number + 48 + 39 * (number > 9))


def hexadecimal(
    octets: cython.const[cython.uchar][:, :],
    gaps: cython.const[cython.uchar][::1],
    separator: cython.uchar,
    data: cython.uchar[::1],
) -> None:
    """Fill ``data`` with the hexadecimal digits of octets (n, width), all texts of one length.

    ``gaps`` (width,) says how often a separator stands before each: never or once. Those of one row are side by side.
    """
    row: cython.Py_ssize_t
    place: cython.Py_ssize_t
    digits: cython.uint
    width: cython.Py_ssize_t = octets.shape[1]
    line: cython.p_const_uchar
    text: cython.p_uchar
    length: cython.Py_ssize_t = 0
    check(gaps.shape[0], width)
    for place in range(width):
        length += 2 + gaps[place]
    check(data.shape[0], octets.shape[0] * length)
    if octets.shape[0] == 0 or width == 0:
        return
    if octets.strides[1] != 1:
        raise ValueError("octets that are not side by side")
    text = cython.address(data[0])
    with cython.nogil:
        for row in range(octets.shape[0]):
            line = cython.address(octets[row, 0])
            for place in range(width):
                text[0] = separator  # which the next digits go over, where none is to stand
                text += gaps[place]
                digits = line[place]
                digits = (digits >> 4) | ((digits & 15) << 8)  # a digit a byte, both written at once
                digits += 0x3030 + 39 * (((digits + 0x0606) >> 4) & 0x0101)
                text[0] = digits & 255
                text[1] = digits >> 8
                text += 2


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def eight_digits(number: cython.ulonglong) -> cython.ulonglong:
    """Return the hexadecimal digits of the low 32 bits of a number, one an octet, the first one in the lowest."""
    number = ((number & 0xFFFF) << 32) | ((number >> 16) & 0xFFFF)
    number = ((number & LOW_OCTETS) << 16) | ((number >> 8) & LOW_OCTETS)
    number = ((number & LOW_NIBBLES) << 8) | ((number >> 4) & LOW_NIBBLES)
    return number + 0x30 * ONES + 39 * (((number + 6 * ONES) >> 4) & ONES)


def uuids(words: cython.ulonglong[::1], version: cython.ulonglong, data: cython.uchar[::1]) -> None:
    """Fill ``data`` (36 * n,) with UUIDs of a version, of two words (2 * n,) each; see RFC 9562, section 4."""
    row: cython.Py_ssize_t
    text: cython.p_uchar
    word: cython.ulonglong
    digits: cython.ulonglong
    place: cython.int
    check(2 * data.shape[0], 36 * words.shape[0])
    with cython.nogil:
        for row in range(words.shape[0] >> 1):
            text = cython.address(data[36 * row])
            word = (words[2 * row] & ~cython.cast(cython.ulonglong, 0xF000)) | (version << 12)
            digits = eight_digits(word >> 32)
            memcpy(text, cython.address(digits), 8)
            digits = eight_digits(word)
            memcpy(text + 9, cython.address(digits), 4)
            digits >>= 32
            memcpy(text + 14, cython.address(digits), 4)
            word = ((words[2 * row + 1] << 2) >> 2) | (cython.cast(cython.ulonglong, 1) << 63)  # the variant
            digits = eight_digits(word >> 32)
            memcpy(text + 19, cython.address(digits), 4)
            digits >>= 32
            memcpy(text + 24, cython.address(digits), 4)
            digits = eight_digits(word)
            memcpy(text + 28, cython.address(digits), 8)
            for place in range(8, 24, 5):
                text[place] = HYPHEN


def base64(octets: cython.const[cython.uchar][:, :], data: cython.uchar[::1]) -> None:
    """Fill ``data`` with octets (n, width) in base64, all texts of one length (RFC 4648, section 4)."""
    row: cython.Py_ssize_t
    place: cython.Py_ssize_t
    left: cython.Py_ssize_t
    bits: cython.uint
    done: cython.Py_ssize_t = 0
    check(data.shape[0], octets.shape[0] * ((octets.shape[1] + 2) // 3) * 4)
    with cython.nogil:
        for row in range(octets.shape[0]):
            for place in range(0, octets.shape[1], 3):
                left = octets.shape[1] - place
                bits = cython.cast(cython.uint, octets[row, place]) << 16
                if left > 1:
                    bits |= cython.cast(cython.uint, octets[row, place + 1]) << 8
                if left > 2:
                    bits |= octets[row, place + 2]
                data[done] = BASE64[bits >> 18]
                data[done + 1] = BASE64[(bits >> 12) & 63]
                data[done + 2] = BASE64[(bits >> 6) & 63] if left > 1 else PADDING
                data[done + 3] = BASE64[bits & 63] if left > 2 else PADDING
                done += 4


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def group(address: cython.p_const_ulonglong, place: cython.int) -> cython.uint:
    """Return one of the eight groups of 16 bits of an address of two words."""
    return cython.cast(cython.uint, (address[place >> 2] >> (48 - 16 * (place & 3))) & 0xFFFF)


def colons(words: cython.const[cython.ulonglong][::1], ends: cython.int[::1], data: cython.uchar[::1]) -> int:
    """Fill ``data`` (39 * n,) with IPv6 addresses of two words (2 * n,) each, ``ends`` (n + 1,) with their ends.

    As RFC 5952 wants them: small letters, no zeros in front, the first of the longest runs of zeros as ``::``. Return
    the bytes written.
    """
    row: cython.Py_ssize_t
    place: cython.int
    run: cython.int
    first: cython.int
    longest: cython.int
    shift: cython.int
    number: cython.uint
    address: cython.p_const_ulonglong
    done: cython.Py_ssize_t = 0
    check(words.shape[0], 2 * (ends.shape[0] - 1))
    check(data.shape[0], 39 * (ends.shape[0] - 1))
    ends[0] = 0
    with cython.nogil:
        for row in range(ends.shape[0] - 1):
            address = cython.address(words[2 * row])
            longest, first, run = 1, -1, 0
            for place in range(8):
                run = 0 if group(address, place) else run + 1
                if run > longest:
                    longest, first = run, place - run + 1
            place = 0
            while place < 8:
                if place == first:
                    data[done] = data[done + 1] = COLON
                    done += 2
                    place += longest
                    continue
                if place and place != first + longest:
                    data[done] = COLON
                    done += 1
                number = group(address, place)
                shift = 4 * ((number > 0xF) + (number > 0xFF) + (number > 0xFFF))
                while shift >= 0:
                    data[done] = digit((number >> shift) & 15)
                    done += 1
                    shift -= 4
                place += 1
            ends[row + 1] = done
    return done


def luhn(numbers: cython.const[cython.longlong][::1], ends: cython.int[::1], data: cython.uchar[::1]) -> int:
    """Fill ``data`` (20 * n,) with numbers (n,) of at least 0 and a check digit behind each, by the formula of Luhn.

    ``ends`` (n + 1,) are their ends. Return the bytes written. Source: ISO/IEC 7812-1, annex B.
    """
    row: cython.Py_ssize_t
    place: cython.Py_ssize_t
    number: cython.longlong
    value: cython.int
    total: cython.int
    twice: cython.int
    done: cython.Py_ssize_t = 0
    check(ends.shape[0], numbers.shape[0] + 1)
    check(data.shape[0], 20 * numbers.shape[0])
    for row in range(numbers.shape[0]):
        if numbers[row] < 0:
            raise ValueError("a number below 0")
    ends[0] = 0
    with cython.nogil:
        for row in range(numbers.shape[0]):
            number = numbers[row] // 10
            done += 1
            while number:
                number //= 10
                done += 1
            number, total, twice = numbers[row], 0, 1
            for place in range(done - 1, cython.cast(cython.Py_ssize_t, ends[row]) - 1, -1):
                value = cython.cast(cython.int, number % 10)
                number //= 10
                data[place] = 48 + value
                value <<= twice
                total += value - 9 if value > 9 else value
                twice ^= 1
            data[done] = 48 + (10 - total % 10) % 10
            done += 1
            ends[row + 1] = done
    return done
