"""Lines: the text of records, written row by row from the buffers of Arrow columns into one buffer.

A table says what a row looks like: entries, each a constant text and mostly a value behind it. Before anything is
written, all that the entries point to is checked, and how many bytes the lines take at most is known.
"""

import cython
from cython.cimports.datagen.native.entry import (
    BOOLEAN,
    CELL,
    CELL_END,
    CLOSE,
    CODES,
    CONSTANT,
    FLOAT,
    INTEGER,
    LIST,
    MAYBE,
    OPEN,
    STRING,
    TEXT,
    TIME,
    UNSIGNED,
    Entry,
    high_product,
)
from cython.cimports.libc.string import memcpy

SLACK = cython.declare(cython.longlong, 64)  # bytes behind constants, texts of codes and lines: copies are 16 at a time
WIDEST_NUMBER = cython.declare(cython.longlong, 26)  # bytes of an integer or a float
WIDEST_SECOND = cython.declare(cython.longlong, 40)  # bytes of a time without its suffix
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
POWERS = b"".join(_power(exponent).to_bytes(16, "little") for exponent in range(-292, 325))


def write(
    table: cython.longlong[:, ::1],
    parts: cython.longlong[:, ::1],
    owners: cython.const[cython.int][::1],
    constants: bytes,
    ends: cython.longlong[::1],
    allocate,
):
    """Return a buffer with the lines of rows, and fill ``ends`` (n,) with where each ends in it.

    ``table`` (m, 24) holds the entries of all parts, ``parts`` (p, 4) the first and the last entry of each, how many
    rows it has and 0; ``owners`` (n,) says to which part each row belongs. ``allocate`` makes a buffer of some bytes.
    """
    entries: cython.pointer(Entry)
    fixed: cython.p_const_uchar = constants
    powers: cython.p_const_uchar = POWERS
    room: cython.longlong
    more: cython.longlong
    part: cython.Py_ssize_t
    row: cython.Py_ssize_t
    size: cython.longlong = 0
    out: cython.p_uchar
    begin: cython.p_uchar
    if table.shape[1] * 8 != cython.sizeof(Entry) or parts.shape[1] != 4 or owners.shape[0] != ends.shape[0]:
        raise ValueError("tables of lines don't fit together")
    if not table.shape[0] or not ends.shape[0]:
        ends[:] = 0
        return allocate(SLACK)
    entries = cython.cast(cython.pointer(Entry), cython.address(table[0, 0]))
    room = len(constants) - SLACK
    with cython.nogil:
        for part in range(parts.shape[0]):
            if parts[part, 0] < 0 or parts[part, 1] < parts[part, 0] or parts[part, 1] > table.shape[0]:
                size = -1
                break
            more = bound(entries, parts[part, 0], parts[part, 1], 0, parts[part, 2], room)
            if more < 0:
                size = -1
                break
            size += more
        if size >= 0 and not fits(parts, owners):
            size = -1
    if size < 0:
        raise ValueError("a column of the lines points beyond its buffers")
    buffer = allocate(size + SLACK)
    lines: cython.uchar[::1] = memoryview(buffer).cast("B")
    if lines.shape[0] < size + SLACK:
        raise ValueError("the buffer for the lines is too small")
    begin = out = cython.address(lines[0])
    with cython.nogil:
        for row in range(ends.shape[0]):
            part = owners[row]
            out = put(entries, parts[part, 0], parts[part, 1], parts[part, 3], fixed, powers, out)
            parts[part, 3] += 1
            ends[row] = out - begin
    return buffer


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fits(parts: cython.longlong[:, ::1], owners: cython.const[cython.int][::1]) -> cython.bint:
    """Return whether each part owns as many rows as it has."""
    part: cython.Py_ssize_t
    row: cython.Py_ssize_t
    for part in range(parts.shape[0]):
        parts[part, 3] = 0
    for row in range(owners.shape[0]):
        if owners[row] < 0 or owners[row] >= parts.shape[0]:
            return False
        parts[owners[row], 3] += 1
    for part in range(parts.shape[0]):
        if parts[part, 3] != parts[part, 2]:
            return False
        parts[part, 3] = 0
    return True


# Bounds


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def bound(
    entries: cython.pointer(Entry),
    at: cython.longlong,
    last: cython.longlong,
    first: cython.longlong,
    count: cython.longlong,
    room: cython.longlong,
) -> cython.longlong:
    """Return how many bytes ``count`` rows from ``first`` on take at most, -1 where an entry can't be right."""
    e: cython.pointer(Entry)
    most: cython.longlong = 0
    more: cython.longlong
    begin: cython.longlong
    items: cython.longlong
    if not count:
        return 0
    while at < last:
        e = entries + at
        if not is_inside(e.before, e.before_size, room) or not is_inside(e.after, e.after_size, room):
            return -1
        if e.kind >= MAYBE and (first < 0 or first + count > e.size):
            return -1
        if e.kind == CODES:
            more = bound_of_codes(e, first, count)
        elif e.kind == TEXT or e.kind == STRING:
            more = bound_of_texts(e, first, count)
        elif e.kind == LIST:
            if e.span < 0 or at + e.span >= last or not ascend(e.values, 4, first, count, e.first + e.extra):
                return -1
            begin = offset(e.values, 4, first)
            items = offset(e.values, 4, first + count) - begin
            more = bound(entries, at + 1, at + 1 + e.span, begin - e.first, items, room)
            if more < 0:
                return -1
            more += items
            at += e.span
        elif e.kind == MAYBE:
            more = -1 if e.span < 0 or at + e.span >= last else count * e.after_size
        elif e.kind == CLOSE:
            more = count if is_end(entries, at, OPEN) else -1
        elif e.kind == CELL:
            if e.span < 0 or at + e.span >= last or entries[at + e.span].kind != CELL_END:
                return -1
            more = bound(entries, at + 1, at + e.span, first, count, room)  # once more, were it all quotes
            more = -1 if more < 0 else more + 2 * count
        elif e.kind == CELL_END:
            more = 0 if is_end(entries, at, CELL) else -1
        elif e.kind == TIME:
            more = count * (WIDEST_SECOND + e.after_size)
            e.digits = 0
        elif e.kind == FLOAT:
            more = count * WIDEST_NUMBER
            look(e, first, count)
        elif e.kind == INTEGER or e.kind == UNSIGNED:
            more = count * WIDEST_NUMBER
        elif e.kind == BOOLEAN:
            more = count * 5
        elif e.kind == OPEN or e.kind == CONSTANT:
            more = 0
        else:
            return -1
        if more < 0:
            return -1
        most += more + count * e.before_size
        at += 1
    return most


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_end(entries: cython.pointer(Entry), at: cython.longlong, kind: cython.longlong) -> cython.bint:
    """Return whether an entry ends one of a kind."""
    span: cython.longlong = entries[at].span
    return 0 <= span <= at and entries[at - span].kind == kind


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_inside(begin: cython.longlong, size: cython.longlong, room: cython.longlong) -> cython.bint:
    """Return whether a text lies within the constants."""
    return begin >= 0 and size >= 0 and begin <= room and size <= room - begin


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def offset(offsets: cython.p_const_void, width: cython.longlong, row: cython.longlong) -> cython.longlong:
    """Return an offset, which has 4 or 8 bytes."""
    if width == 8:
        return cython.cast(cython.pointer(cython.const[cython.longlong]), offsets)[row]
    return cython.cast(cython.pointer(cython.const[cython.int]), offsets)[row]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def ascend(
    offsets: cython.p_const_void,
    width: cython.longlong,
    first: cython.longlong,
    count: cython.longlong,
    limit: cython.longlong,
) -> cython.bint:
    """Return whether offsets ascend from 0 or more to at most a limit."""
    row: cython.longlong
    falls: cython.longlong = 0
    for row in range(first, first + count):
        falls += offset(offsets, width, row) > offset(offsets, width, row + 1)
    return falls == 0 and offset(offsets, width, first) >= 0 and offset(offsets, width, first + count) <= limit


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def bound_of_codes(e: cython.pointer(Entry), first: cython.longlong, count: cython.longlong) -> cython.longlong:
    """Return how many bytes the texts of codes take, -1 when there is a code without a text."""
    codes: cython.pointer(cython.const[cython.int]) = cython.cast(cython.pointer(cython.const[cython.int]), e.values)
    ends: cython.pointer(cython.const[cython.longlong]) = cython.cast(
        cython.pointer(cython.const[cython.longlong]), e.offsets
    )
    row: cython.longlong
    code: cython.longlong
    most: cython.longlong = 0
    if not ascend(e.offsets, 8, 0, e.extra, e.data_size - SLACK):
        return -1
    for row in range(first, first + count):
        code = codes[row]
        if code < 0 or code >= e.extra:
            return -1
        most += ends[code + 1] - ends[code]
    return most


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def bound_of_texts(e: cython.pointer(Entry), first: cython.longlong, count: cython.longlong) -> cython.longlong:
    """Return how many bytes texts take at most with all that is escaped, -1 when their offsets are wrong."""
    begin: cython.longlong
    place: cython.longlong
    size: cython.longlong
    special: cython.longlong = 0
    byte: cython.uchar
    if not ascend(e.offsets, e.width, first, count, e.data_size):
        return -1
    begin = offset(e.offsets, e.width, first)
    size = offset(e.offsets, e.width, first + count) - begin
    if e.kind == STRING:
        for place in range(begin, begin + size):
            byte = e.data[place]
            special += (byte < 0x20) | (byte == 0x22) | (byte == 0x5C)
        e.digits = special > 0
        return size + 2 * count + 5 * special
    return size


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def look(e: cython.pointer(Entry), first: cython.longlong, count: cython.longlong) -> cython.void:
    """Find how many digits behind the point the first values have."""
    values: cython.pointer(cython.const[cython.double]) = cython.cast(
        cython.pointer(cython.const[cython.double]), e.values
    )
    row: cython.longlong
    most: cython.longlong = first + (count if count < 64 else 64)
    e.digits = 1
    e.scale = 10.0
    row = first
    while row < most and e.digits <= 6:
        if is_scaled(values[row], e.scale):
            row += 1
        else:
            e.digits += 1
            e.scale *= 10.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_scaled(value: cython.double, scale: cython.double) -> cython.bint:
    """Return whether a value is an integer over a power of ten of at most 10**6, or 10**9 and more, or NaN."""
    if value < 0:
        value = -value
    if not value < 1e9:
        return True
    return cython.cast(cython.double, cython.cast(cython.longlong, value * scale + 0.5)) / scale == value


# Text


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def put(
    entries: cython.pointer(Entry),
    at: cython.longlong,
    last: cython.longlong,
    row: cython.longlong,
    constants: cython.p_const_uchar,
    powers: cython.p_const_uchar,
    out: cython.p_uchar,
) -> cython.p_uchar:
    """Write what some entries say of a row, and return where it ends."""
    e: cython.pointer(Entry)
    begin: cython.longlong
    end: cython.longlong
    integer: cython.longlong
    while at < last:
        e = entries + at
        out = padded(out, constants + e.before, e.before_size)
        kind: cython.int = cython.cast(cython.int, e.kind)
        if kind == CODES:
            integer = cython.cast(cython.pointer(cython.const[cython.int]), e.values)[row]
            begin = cython.cast(cython.pointer(cython.const[cython.longlong]), e.offsets)[integer]
            end = cython.cast(cython.pointer(cython.const[cython.longlong]), e.offsets)[integer + 1]
            out = padded(out, e.data + begin, end - begin)
        elif kind == INTEGER:
            out = signed(out, cython.cast(cython.pointer(cython.const[cython.longlong]), e.values)[row])
        elif kind == UNSIGNED:
            out = number(out, cython.cast(cython.pointer(cython.const[cython.ulonglong]), e.values)[row])
        elif kind == FLOAT:
            out = real(out, cython.cast(cython.pointer(cython.const[cython.double]), e.values)[row], e, powers)
        elif kind == TIME:
            out = time(out, cython.cast(cython.pointer(cython.const[cython.longlong]), e.values)[row] + e.extra, e)
            out = padded(out, constants + e.after, e.after_size)
        elif kind in (TEXT, STRING):
            begin = offset(e.offsets, e.width, row)
            end = offset(e.offsets, e.width, row + 1)
            out = string(out, e, begin, end) if kind == STRING else copied(out, e, begin, end)
        elif kind == MAYBE:
            if not bit(e, row):
                out = padded(out, constants + e.after, e.after_size)
                at += e.span
        elif kind == BOOLEAN:
            if bit(e, row):
                memcpy(out, cython.cast(cython.p_const_char, b"true"), 4)
                out += 4
            else:
                memcpy(out, cython.cast(cython.p_const_char, b"false"), 5)
                out += 5
        elif kind in (OPEN, CELL):
            e.start = out
        elif kind == CELL_END:
            out = quoted(entries[at - e.span].start, out, e.extra)
        elif kind == CLOSE:
            if entries[at - e.span].start == out:
                out += 1
            entries[at - e.span].start[0] = 0x7B  # in place of the comma before the first member
        elif kind == LIST:
            begin = offset(e.values, 4, row) - e.first
            end = offset(e.values, 4, row + 1) - e.first
            for integer in range(begin, end):
                if integer > begin:
                    out[0] = 0x2C
                    out += 1
                out = put(entries, at + 1, at + 1 + e.span, integer, constants, powers, out)
            at += e.span
        at += 1
    return out


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def bit(e: cython.pointer(Entry), row: cython.longlong) -> cython.int:
    """Return a bit of a bitmap."""
    place: cython.longlong = e.first + row
    return (cython.cast(cython.p_const_uchar, e.values)[place >> 3] >> (place & 7)) & 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def padded(out: cython.p_uchar, text: cython.p_const_uchar, size: cython.longlong) -> cython.p_uchar:
    """Copy a text that has slack behind it."""
    done: cython.longlong = 16
    memcpy(out, text, 16)
    while done < size:
        memcpy(out + done, text + done, 16)
        done += 16
    return out + size


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def copied(
    out: cython.p_uchar, e: cython.pointer(Entry), begin: cython.longlong, end: cython.longlong
) -> cython.p_uchar:
    """Copy a text that may have nothing behind it."""
    if end - begin <= 16 and begin + 16 <= e.data_size:
        memcpy(out, e.data + begin, 16)
    elif end > begin:
        memcpy(out, e.data + begin, end - begin)
    return out + (end - begin)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def string(
    out: cython.p_uchar, e: cython.pointer(Entry), begin: cython.longlong, end: cython.longlong
) -> cython.p_uchar:
    """Write a JSON string: escaped is what has to be (RFC 8259, section 7), the short way where there is one."""
    place: cython.longlong
    byte: cython.uchar
    out[0] = 0x22
    out += 1
    if not e.digits:
        out = copied(out, e, begin, end)
    else:
        for place in range(begin, end):
            byte = e.data[place]
            if byte >= 0x20 and byte != 0x22 and byte != 0x5C:
                out[0] = byte
                out += 1
            else:
                out = escaped(out, byte)
    out[0] = 0x22
    return out + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def escaped(out: cython.p_uchar, byte: cython.uchar) -> cython.p_uchar:
    """Write a character that may not stand in a JSON string."""
    out[0] = 0x5C
    if byte == 0x22 or byte == 0x5C:
        out[1] = byte
    elif byte == 8:
        out[1] = 0x62
    elif byte == 9:
        out[1] = 0x74
    elif byte == 10:
        out[1] = 0x6E
    elif byte == 12:
        out[1] = 0x66
    elif byte == 13:
        out[1] = 0x72
    else:
        memcpy(out + 1, cython.cast(cython.p_const_char, b"u00"), 3)
        out[4] = 0x30 + (byte >> 4)
        byte = byte & 15
        out[5] = (0x30 if byte < 10 else 0x57) + byte
        return out + 6
    return out + 2


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def quoted(begin: cython.p_uchar, end: cython.p_uchar, separator: cython.longlong) -> cython.p_uchar:
    """Quote a cell in place if it holds a separator, a quote or a line break (RFC 4180, section 2)."""
    place: cython.p_uchar
    special: cython.longlong = 0
    quotes: cython.longlong = 0
    place = begin
    while place < end:
        quotes += place[0] == 0x22
        special += (place[0] == 10) | (place[0] == 13) | (place[0] == separator)
        place += 1
    if not special + quotes:
        return end
    last: cython.p_uchar = end + quotes + 1
    last[0] = 0x22
    place = last
    while end > begin:
        end -= 1
        place -= 1
        place[0] = end[0]
        if end[0] == 0x22:
            place -= 1
            place[0] = 0x22
    begin[0] = 0x22
    return last + 1


# Numbers


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
def real(
    out: cython.p_uchar, value: cython.double, e: cython.pointer(Entry), powers: cython.p_const_uchar
) -> cython.p_uchar:
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
    return shortest(out, value, powers)


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
def shortest(out: cython.p_uchar, value: cython.double, powers: cython.p_const_uchar) -> cython.p_uchar:
    """Write a positive float: 1.5e+10 from 10**10 on, 1.5e-7 below 10**-6, else without an exponent."""
    pattern: cython.ulonglong
    digits: cython.ulonglong
    exponent: cython.int = 0
    text: cython.uchar[24]
    count: cython.longlong
    memcpy(cython.address(pattern), cython.address(value), 8)
    digits = nearest(pattern, cython.address(exponent), powers)
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
def nearest(
    pattern: cython.ulonglong, exponent: cython.pointer(cython.int), powers: cython.p_const_uchar
) -> cython.ulonglong:
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
    memcpy(g, powers + 16 * (-k - LOWEST), 16)
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
