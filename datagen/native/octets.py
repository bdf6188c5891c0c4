"""Octets: numbers and lengths as the binary formats write them.

Avro: Apache Avro 1.12 Specification, "Binary encoding". Protocol Buffers: protobuf.dev, "Encoding". MessagePack: its
specification at msgpack.org, "Formats".
"""

import cython
from cython.cimports.datagen.native.entry import AVRO, GROUP, NATURAL, PROTOBUF
from cython.cimports.libc.string import memcpy, memmove


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def integer(out: cython.p_uchar, style: cython.longlong, value: cython.longlong) -> cython.p_uchar:
    """Write an integer."""
    if style == AVRO:  # zigzag: small numbers are short, whatever their sign
        return put_varint(out, (cython.cast(cython.ulonglong, value) << 1) ^ cython.cast(cython.ulonglong, value >> 63))
    if style == PROTOBUF:
        return put_varint(out, cython.cast(cython.ulonglong, value))
    if style == GROUP:
        return head(out, 0x80, 15, 0xDE, value)
    if value >= 0 or style == NATURAL:
        return packed(out, cython.cast(cython.ulonglong, value))
    if value >= -32:
        out[0] = cython.cast(cython.uchar, value & 0xFF)
        return out + 1
    if value >= -0x80:
        return big_endian(out, 0xD0, cython.cast(cython.ulonglong, value), 1)
    if value >= -0x8000:
        return big_endian(out, 0xD1, cython.cast(cython.ulonglong, value), 2)
    if value >> 31 == -1:
        return big_endian(out, 0xD2, cython.cast(cython.ulonglong, value), 4)
    return big_endian(out, 0xD3, cython.cast(cython.ulonglong, value), 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def length(out: cython.p_uchar, style: cython.longlong, count: cython.longlong) -> cython.p_uchar:
    """Write the length of a text, or of a list in a style for lists."""
    if style == AVRO:
        return put_varint(out, cython.cast(cython.ulonglong, count) << 1)
    if style == PROTOBUF:
        return put_varint(out, cython.cast(cython.ulonglong, count))
    if style == GROUP:  # of a list
        return head(out, 0x90, 15, 0xDC, count)
    if 31 < count < 256:
        return big_endian(out, 0xD9, cython.cast(cython.ulonglong, count), 1)
    return head(out, 0xA0, 31, 0xDA, count)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def binary(out: cython.p_uchar, style: cython.longlong, value: cython.double) -> cython.p_uchar:
    """Write a float of 64 bits: the low octet first, in MessagePack the high one."""
    pattern: cython.ulonglong
    memcpy(cython.address(pattern), cython.address(value), 8)
    if style in (AVRO, PROTOBUF):
        memcpy(out, cython.address(pattern), 8)
        return out + 8
    return big_endian(out, 0xCB, pattern, 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sized(begin: cython.p_uchar, end: cython.p_uchar) -> cython.p_uchar:
    """Put the length of what was written before it, as a varint; return the end."""
    size: cython.longlong = end - begin
    count: cython.longlong = 1
    while size >> (7 * count):
        count += 1
    memmove(begin + count, begin, size)
    put_varint(begin, cython.cast(cython.ulonglong, size))
    return end + count


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def put_varint(out: cython.p_uchar, value: cython.ulonglong) -> cython.p_uchar:
    """Write seven bits an octet, the low ones first."""
    while value >= 0x80:
        out[0] = cython.cast(cython.uchar, value & 0x7F | 0x80)
        value >>= 7
        out += 1
    out[0] = cython.cast(cython.uchar, value)
    return out + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def packed(out: cython.p_uchar, value: cython.ulonglong) -> cython.p_uchar:
    """Write a number without a sign for MessagePack."""
    if value < 0x80:
        out[0] = cython.cast(cython.uchar, value)
        return out + 1
    if value < 0x100:
        return big_endian(out, 0xCC, value, 1)
    if value < 0x10000:
        return big_endian(out, 0xCD, value, 2)
    if value >> 32 == 0:
        return big_endian(out, 0xCE, value, 4)
    return big_endian(out, 0xCF, value, 8)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def head(
    out: cython.p_uchar, short: cython.uchar, most: cython.longlong, code: cython.uchar, count: cython.longlong
) -> cython.p_uchar:
    """Write a count for MessagePack: up to ``most`` in one octet, else 16 bits behind a code, or 32 behind the next."""
    if count <= most:
        out[0] = short | cython.cast(cython.uchar, count)
        return out + 1
    if count < 0x10000:
        return big_endian(out, code, cython.cast(cython.ulonglong, count), 2)
    return big_endian(out, code + 1, cython.cast(cython.ulonglong, count), 4)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def big_endian(out: cython.p_uchar, code: cython.uchar, value: cython.ulonglong, size: cython.int) -> cython.p_uchar:
    """Write a code and the low octets of a value, the high one first."""
    place: cython.int
    out[0] = code
    for place in range(size):
        out[size - place] = cython.cast(cython.uchar, (value >> (8 * place)) & 0xFF)
    return out + 1 + size


def zigzag(value: cython.longlong) -> bytes:
    """Return an integer as Avro has it."""
    text: cython.uchar[10]
    return cython.cast(cython.p_char, text)[: integer(text, AVRO, value) - cython.cast(cython.p_uchar, text)]


def varint(value: cython.longlong) -> bytes:
    """Return an integer as Protocol Buffers have it."""
    text: cython.uchar[10]
    return cython.cast(cython.p_char, text)[: integer(text, PROTOBUF, value) - cython.cast(cython.p_uchar, text)]
