"""Bounds: whether the entries of a table of lines are sound, and how many bytes the text of rows takes at most."""

import cython
from cython.cimports.datagen.native.entry import (
    BOOLEAN,
    CELL,
    CELL_END,
    CLOSE,
    CODES,
    CONSTANT,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INTEGER,
    LIST,
    MAYBE,
    NUMBER,
    OPEN,
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

WIDEST_NUMBER = cython.declare(cython.longlong, 26)  # bytes of an integer or a float
MOST_DIGITS = cython.declare(cython.longlong, 18)  # of a decimal behind its point
LONGEST_LENGTH = cython.declare(cython.longlong, 10)  # bytes of a length before a text or a list
WIDEST_SECOND = cython.declare(cython.longlong, 40)  # bytes of a time without its suffix


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
    buffer: cython.p_const_void
    if not count:
        return 0
    while at < last:
        e = entries + at
        if not is_inside(e.before, e.before_size, room) or not is_inside(e.after, e.after_size, room):
            return -1
        if MAYBE <= e.kind <= DOUBLE or e.kind == DECIMAL:
            buffer = e.offsets if e.kind in (TEXT, STRING) else e.values
            if not buffer or first < 0 or first + count > e.size:
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
            more += items * e.after_size + 2 * LONGEST_LENGTH * count
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
        elif e.kind == SIZED:
            more = 0
        elif e.kind == SIZED_END:
            more = LONGEST_LENGTH * count if is_end(entries, at, SIZED) else -1
        elif e.kind == TIME:
            more = count * (WIDEST_SECOND + e.after_size)
            e.digits = 0
        elif e.kind == FLOAT:
            more = count * WIDEST_NUMBER
            look(e, first, count)
        elif e.kind == INTEGER or e.kind == UNSIGNED or e.kind == NUMBER or e.kind == DOUBLE:
            more = count * WIDEST_NUMBER
        elif e.kind == DECIMAL:
            more = count * WIDEST_NUMBER if 0 <= e.extra <= MOST_DIGITS else -1
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
    return size + LONGEST_LENGTH * count if e.extra else size


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
