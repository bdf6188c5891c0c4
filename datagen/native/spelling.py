"""Spelling: lines of compact JSON written once more, indented or in ASCII only."""

import cython


def respell(
    data: cython.const[cython.uchar][::1], ends: cython.longlong[::1], indent: cython.int, ascii: cython.bint, allocate
):
    """Return a buffer with lines that end at ``ends`` (n,), spelled as is wanted; ``ends`` then says where these end.

    ``indent`` is the number of spaces for each level, 0 for one line. ``allocate`` makes a buffer of some bytes.
    """
    row: cython.Py_ssize_t
    begin: cython.longlong = 0
    size: cython.longlong = 0
    text: cython.p_const_uchar
    out: cython.p_uchar
    if ends.shape[0] == 0:
        return allocate(0)
    for row in range(ends.shape[0]):
        if ends[row] < begin or ends[row] > data.shape[0]:
            raise ValueError("lines that end beyond their buffer")
        begin = ends[row]
    if begin == 0:
        return allocate(0)
    text = cython.address(data[0])
    begin = 0
    with cython.nogil:
        for row in range(ends.shape[0]):
            size += spell(text + begin, ends[row] - begin, indent, ascii, cython.NULL)
            begin = ends[row]
    buffer = allocate(size)
    made: cython.uchar[::1] = memoryview(buffer).cast("B")
    if made.shape[0] < size:
        raise ValueError("the buffer for the lines is too small")
    out = cython.address(made[0])
    begin = size = 0
    with cython.nogil:
        for row in range(ends.shape[0]):
            size += spell(text + begin, ends[row] - begin, indent, ascii, out + size)
            begin = ends[row]
            ends[row] = size
    return buffer


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def spell(
    text: cython.p_const_uchar, size: cython.longlong, indent: cython.int, ascii: cython.bint, out: cython.p_uchar
) -> cython.longlong:
    """Write a text of JSON, nowhere when ``out`` is null; return its length."""
    place: cython.longlong = 0
    done: cython.longlong = 0
    depth: cython.longlong = 0
    is_inside: cython.bint = False  # of a string
    byte: cython.uchar
    while place < size:
        byte = text[place]
        if is_inside and ascii and byte >= 0x80:
            done += escape(text, cython.address(place), size, out, done)
            continue
        if not is_inside and indent and (byte == 0x7D or byte == 0x5D):
            depth -= depth > 0  # a plug-in may give texts with more ends than beginnings
            done += line_end(out, done, indent * depth)
        done += put(out, done, byte)
        place += 1
        if is_inside:
            if byte == 0x5C and place < size:
                done += put(out, done, text[place])
                place += 1
            elif byte == 0x22:
                is_inside = False
        elif byte == 0x22:
            is_inside = True
        elif not indent:
            continue
        elif byte == 0x3A:
            done += put(out, done, 0x20)
        elif byte == 0x2C:
            done += line_end(out, done, indent * depth)
        elif byte == 0x7B or byte == 0x5B:
            if place < size and (text[place] == 0x7D or text[place] == 0x5D):
                done += put(out, done, text[place])  # nothing is in it
                place += 1
            else:
                depth += 1
                done += line_end(out, done, indent * depth)
    return done


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def put(out: cython.p_uchar, done: cython.longlong, byte: cython.uchar) -> cython.longlong:
    """Write a byte; return 1."""
    if out != cython.NULL:
        out[done] = byte
    return 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def line_end(out: cython.p_uchar, done: cython.longlong, spaces: cython.longlong) -> cython.longlong:
    """Write a line feed and spaces; return how many bytes they are."""
    number: cython.longlong
    put(out, done, 0x0A)
    for number in range(spaces):
        put(out, done + 1 + number, 0x20)
    return 1 + spaces


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def escape(
    text: cython.p_const_uchar,
    place: cython.pointer(cython.longlong),
    size: cython.longlong,
    out: cython.p_uchar,
    done: cython.longlong,
) -> cython.longlong:
    """Write the character at a place of UTF-8 as one or two escapes of JSON, and go on behind it; return their size."""
    first: cython.uchar = text[place[0]]
    code: cython.uint = first
    more: cython.int = 0
    if first >= 0xF0:
        code, more = first & 0x07, 3
    elif first >= 0xE0:
        code, more = first & 0x0F, 2
    elif first >= 0xC0:
        code, more = first & 0x1F, 1
    place[0] += 1
    while more and place[0] < size:
        code = (code << 6) | (text[place[0]] & 0x3F)
        place[0] += 1
        more -= 1
    if code < 0x10000:
        return unit(out, done, code)
    code -= 0x10000  # a pair of surrogates, RFC 8259, section 7
    return unit(out, done, 0xD800 + (code >> 10)) + unit(out, done + 6, 0xDC00 + (code & 0x3FF))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unit(out: cython.p_uchar, done: cython.longlong, code: cython.uint) -> cython.longlong:
    """Write an escape of 16 bits; return its size."""
    place: cython.int
    digit: cython.uint
    put(out, done, 0x5C)
    put(out, done + 1, 0x75)
    for place in range(4):
        digit = (code >> (12 - 4 * place)) & 15
        put(out, done + 2 + place, cython.cast(cython.uchar, digit + (0x30 if digit < 10 else 0x57)))
    return 6
