"""Lines: the text of records, written row by row from the buffers of Arrow columns into one buffer.

A table says what a row looks like: entries, each a constant text and mostly a value behind it. Before anything is
written, all that the entries point to is checked, and how many bytes the lines take at most is known.
"""

import cython
from cython.cimports.datagen.native.bounds import bound
from cython.cimports.datagen.native.digits import exact, number, real, signed, time
from cython.cimports.datagen.native.entry import (
    AVRO,
    BOOLEAN,
    CELL,
    CELL_END,
    CLOSE,
    CODES,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INTEGER,
    LIST,
    MAYBE,
    NUMBER,
    OPEN,
    PLAIN,
    SIZED,
    SIZED_END,
    SLACK,
    STRING,
    TEXT,
    TIME,
    UNSIGNED,
    Entry,
    offset,
)
from cython.cimports.datagen.native.octets import binary, length, sized
from cython.cimports.datagen.native.octets import integer as octets
from cython.cimports.libc.string import memcpy, memmove


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
            out = put(entries, parts[part, 0], parts[part, 1], parts[part, 3], fixed, out)
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


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def put(
    entries: cython.pointer(Entry),
    at: cython.longlong,
    last: cython.longlong,
    row: cython.longlong,
    constants: cython.p_const_uchar,
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
            out = real(out, cython.cast(cython.pointer(cython.const[cython.double]), e.values)[row], e)
        elif kind == TIME:
            out = time(out, cython.cast(cython.pointer(cython.const[cython.longlong]), e.values)[row] + e.extra, e)
            out = padded(out, constants + e.after, e.after_size)
        elif kind in (TEXT, STRING):
            begin = offset(e.offsets, e.width, row)
            end = offset(e.offsets, e.width, row + 1)
            if e.extra != PLAIN:
                out = length(out, e.extra, end - begin)
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
            out = closed(entries[at - e.span].start, out, cython.cast(cython.uchar, e.extra))
        elif kind == LIST:
            begin = offset(e.values, 4, row) - e.first
            end = offset(e.values, 4, row + 1) - e.first
            if e.width != PLAIN:
                out = length(out, e.width, end - begin)
            for integer in range(begin, end):
                if integer > begin:
                    out = padded(out, constants + e.after, e.after_size)
                out = put(entries, at + 1, at + 1 + e.span, integer, constants, out)
            if e.width == AVRO and end > begin:
                out[0] = 0  # there is no further block of items
                out += 1
            at += e.span
        elif kind == NUMBER:
            out = octets(out, e.extra, cython.cast(cython.pointer(cython.const[cython.longlong]), e.values)[row])
        elif kind == DOUBLE:
            out = binary(out, e.extra, cython.cast(cython.pointer(cython.const[cython.double]), e.values)[row])
        elif kind == DECIMAL:  # two words each, of which the lower one holds 18 digits
            integer = cython.cast(cython.pointer(cython.const[cython.longlong]), e.values)[2 * row]
            out = exact(out, integer, e.extra)
        elif kind == SIZED:
            e.start = out
        elif kind == SIZED_END:
            out = sized(entries[at - e.span].start, out)
        at += 1
    return out


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def closed(begin: cython.p_uchar, end: cython.p_uchar, first: cython.uchar) -> cython.p_uchar:
    """Put an octet in place of what separates the first member from nothing, or take that away; return the end."""
    if first:
        begin[0] = first
        return end + (begin == end)
    if begin == end:
        return end
    memmove(begin, begin + 1, end - begin - 1)
    return end - 1


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
