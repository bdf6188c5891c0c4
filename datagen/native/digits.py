"""Digits: the text of integers, floats and times."""

import cython
from cython.cimports.datagen.native.entry import Entry, high_product
from cython.cimports.libc.string import memcpy, memmove

PAIRS = cython.declare(
    cython.p_const_char,
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    b"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899",
)


def _power(exponent):
    """Return the 128 leading bits of a power of ten, rounded up."""
    power = 10 ** abs(exponent)
    shift = 128 - power.bit_length() if exponent >= 0 else 127 + power.bit_length()
    if exponent < 0:
        return -(-(1 << shift) // power)
    return power << shift if shift >= 0 else -(-power >> -shift)


HIDDEN = cython.declare(cython.ulonglong, 1 << 52)  # the bit before those of a float's fraction
LOWEST = cython.declare(cython.longlong, -292)  # power of ten in the table
TABLE = cython.declare(bytes, b"".join(_power(exponent).to_bytes(16, "little") for exponent in range(-292, 325)))
POWERS = cython.declare(cython.p_const_uchar, TABLE)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def digits_of(value: cython.ulonglong) -> cython.longlong:
    """Return how many decimal digits a number has."""
    count: cython.longlong = 1
    while value >= 10000:
        value //= 10000
        count += 4
    if value >= 1000:
        return count + 3
    if value >= 100:
        return count + 2
    return count + (value >= 10)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def fill(end: cython.p_uchar, value: cython.ulonglong, count: cython.longlong) -> cython.void:
    """Write a number of ``count`` digits, the last of them before ``end``."""
    while count >= 2:
        end -= 2
        memcpy(end, PAIRS + 2 * (value % 100), 2)
        value //= 100
        count -= 2
    if count:
        (end - 1)[0] = cython.cast(cython.uchar, 0x30 + value % 10)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def number(out: cython.p_uchar, value: cython.ulonglong) -> cython.p_uchar:
    """Write an integer without a sign."""
    count: cython.longlong = digits_of(value)
    fill(out + count, value, count)
    return out + count


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def signed(out: cython.p_uchar, value: cython.longlong) -> cython.p_uchar:
    """Write an integer."""
    if value < 0:
        out[0] = 0x2D
        return number(out + 1, 0 - cython.cast(cython.ulonglong, value))
    return number(out, cython.cast(cython.ulonglong, value))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def exact(out: cython.p_uchar, value: cython.longlong, digits: cython.longlong) -> cython.p_uchar:
    """Write an integer over a power of ten, at most 10**18, with all digits behind the point."""
    left: cython.ulonglong = value
    count: cython.longlong
    if value < 0:
        out[0] = 0x2D
        out += 1
        left = 0 - left
    count = digits_of(left)
    if count <= digits:
        count = digits + 1
    fill(out + count, left, count)
    if not digits:
        return out + count
    memmove(out + count - digits + 1, out + count - digits, digits)
    (out + count - digits)[0] = 0x2E
    return out + count + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def real(out: cython.p_uchar, value: cython.double, e: cython.pointer(Entry)) -> cython.p_uchar:
    """Write a float as the shortest text that reads back as the same; JSON has no infinity and no NaN, so as null."""
    whole: cython.longlong
    if value < 0:
        out[0] = 0x2D
        if value >= -1.7976931348623157e308:
            out += 1
        value = -value
    if not value <= 1.7976931348623157e308:
        memcpy(out, cython.cast(cython.p_const_char, b"null"), 4)
        return out + 4
    if value < 1e15:
        whole = cython.cast(cython.longlong, value)
        if whole == value:
            out = number(out, whole)
            memcpy(out, cython.cast(cython.p_const_char, b".0"), 2)
            return out + 2
        if value < 1e9 and e.digits <= 6:
            whole = cython.cast(cython.longlong, value * e.scale + 0.5)
            if cython.cast(cython.double, whole) / e.scale == value:
                return decimal(out, whole, e.digits)
    return shortest(out, value)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def decimal(out: cython.p_uchar, value: cython.ulonglong, digits: cython.longlong) -> cython.p_uchar:
    """Write an integer over a power of ten, at most 10**6, without zeros at the end."""
    whole: cython.ulonglong
    scale: cython.ulonglong
    if digits == 1:  # a division by a constant is a product
        whole = value // 10
        scale = 10
    elif digits == 2:
        whole = value // 100
        scale = 100
    elif digits == 3:
        whole = value // 1000
        scale = 1000
    else:
        scale = 10000 if digits == 4 else 100000 if digits == 5 else 1000000
        whole = value // scale
    out = number(out, whole)
    out[0] = 0x2E
    fill(out + 1 + digits, value - whole * scale, digits)
    out += 1 + digits
    while (out - 1)[0] == 0x30:
        out -= 1
    return out


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def shortest(out: cython.p_uchar, value: cython.double) -> cython.p_uchar:
    """Write a positive float: 1.5e+10 from 10**10 on, 1.5e-7 below 10**-6, else without an exponent."""
    pattern: cython.ulonglong
    digits: cython.ulonglong
    exponent: cython.int = 0
    text: cython.uchar[24]
    count: cython.longlong
    memcpy(cython.address(pattern), cython.address(value), 8)
    digits = nearest(pattern, cython.address(exponent))
    while digits % 10 == 0:
        digits //= 10
        exponent += 1
    count = digits_of(digits)
    fill(text + count, digits, count)
    exponent += cython.cast(cython.int, count) - 1  # of the first digit
    if exponent < -6 or exponent >= 10:
        out[0] = text[0]
        out += 1
        if count > 1:
            out[0] = 0x2E
            memcpy(out + 1, text + 1, count - 1)
            out += count
        out[0] = 0x65
        out[1] = 0x2D if exponent < 0 else 0x2B
        return number(out + 2, -exponent if exponent < 0 else exponent)
    if exponent < 0:
        memcpy(out, cython.cast(cython.p_const_char, b"0.000000"), 8)
        out += 1 - exponent
        memcpy(out, text, count)
        return out + count
    memcpy(out, text, exponent + 1)
    out += exponent + 1
    out[0] = 0x2E
    memcpy(out + 1, text + exponent + 1, count - exponent - 1)
    return out + count - exponent


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def nearest(pattern: cython.ulonglong, exponent: cython.pointer(cython.int)) -> cython.ulonglong:
    """Return the fewest digits that read back as a positive float, the nearest ones, and set their power of ten.

    Schubfach: R. Giulietti, "The Schubfach way to render doubles", 2021.
    """
    fraction: cython.ulonglong = pattern & (HIDDEN - 1)
    biased: cython.int = cython.cast(cython.int, pattern >> 52) & 0x7FF
    binary: cython.int = biased - 1075 if biased else -1074
    c: cython.ulonglong = fraction | HIDDEN if biased else fraction
    is_odd: cython.ulonglong = c & 1
    closer: cython.bint = fraction == 0 and biased > 1  # the float below is half as far away as the one above
    k: cython.int = (binary * 1262611 - (524031 if closer else 0)) >> 22
    h: cython.int = binary + ((-k * 1741647) >> 19) + 1
    g: cython.ulonglong[2]
    memcpy(g, POWERS + 16 * (-k - LOWEST), 16)
    lower: cython.ulonglong = scaled(g, (4 * c - 2 + closer) << h) + is_odd
    middle: cython.ulonglong = scaled(g, (4 * c) << h)
    upper: cython.ulonglong = scaled(g, (4 * c + 2) << h) - is_odd
    s: cython.ulonglong = middle // 4
    tens: cython.ulonglong = s // 10
    below: cython.bint
    above: cython.bint
    if s >= 10:
        below = lower <= 40 * tens
        above = 40 * tens + 40 <= upper
        if below != above:
            exponent[0] = k + 1
            return tens + above
    exponent[0] = k
    below = lower <= 4 * s
    above = 4 * s + 4 <= upper
    if below != above:
        return s + above
    return s + (middle > 4 * s + 2 or (middle == 4 * s + 2 and (s & 1) == 1))


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def scaled(g: cython.p_ulonglong, value: cython.ulonglong) -> cython.ulonglong:
    """Return a number times 128 bits of a power of ten, over 2**128; the last bit says whether there is a rest."""
    low: cython.ulonglong = g[1] * value
    high: cython.ulonglong = high_product(g[1], value)
    low += high_product(g[0], value)
    high += low < high_product(g[0], value)
    return high | (low > 1)


# Times


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def time(out: cython.p_uchar, milliseconds: cython.longlong, e: cython.pointer(Entry)) -> cython.p_uchar:
    """Write a time in ISO 8601 with milliseconds; one in the same second as the time before costs a copy."""
    second: cython.longlong = milliseconds // 1000
    rest: cython.longlong = milliseconds - 1000 * second
    if rest < 0:
        second -= 1
        rest += 1000
    if second != e.second or not e.digits:
        e.second = second
        e.digits = text_of_second(e.text, second) - cython.cast(cython.p_uchar, e.text)
    memcpy(out, e.text, 32)
    out += e.digits
    fill(out + 3, rest, 3)
    return out + 3


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def text_of_second(out: cython.p_uchar, second: cython.longlong) -> cython.p_uchar:
    """Write a second since 1970 as date and time with a point behind; Howard Hinnant's ``civil_from_days``."""
    days: cython.longlong = second // 86400
    rest: cython.longlong = second - 86400 * days
    if rest < 0:
        days -= 1
        rest += 86400
    days += 719468  # since March 1 of year 0
    era: cython.longlong = (days if days >= 0 else days - 146096) // 146097
    day: cython.longlong = days - 146097 * era
    year: cython.longlong = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month: cython.longlong = (5 * day + 2) // 153  # from March on
    day -= (153 * month + 2) // 5
    year += 400 * era + (month >= 10)
    month += 3 if month < 10 else -9
    if year < 0:
        out[0] = 0x2D
        out += 1
        year = -year
    width: cython.longlong = digits_of(year) if year > 9999 else 4
    fill(out + width, year, width)
    out += width
    memcpy(out, cython.cast(cython.p_const_char, b"-00-00T00:00:00."), 16)
    fill(out + 3, month, 2)
    fill(out + 6, day + 1, 2)
    fill(out + 9, rest // 3600, 2)
    fill(out + 12, rest // 60 % 60, 2)
    fill(out + 15, rest % 60, 2)
    return out + 16
