cdef extern from *:
    """
    static inline unsigned long long high_product(unsigned long long a, unsigned long long b) {
        return (unsigned long long)(((unsigned __int128)a * b) >> 64);
    }
    """
    unsigned long long high_product(unsigned long long a, unsigned long long b) noexcept nogil

cdef enum:
    SLACK = 64  # bytes behind constants, texts of codes and lines, since texts are copied 16 bytes at a time

cdef enum:  # kinds of entries, as ``datagen.records.table`` numbers them
    CONSTANT, OPEN, CLOSE, CELL, CELL_END, MAYBE, LIST, CODES, TEXT, STRING, INTEGER, UNSIGNED, FLOAT, TIME, BOOLEAN, NUMBER, DOUBLE, SIZED, SIZED_END, DECIMAL

cdef enum:  # styles of numbers and lengths, as ``datagen.records.table`` numbers them
    PLAIN, AVRO, PROTOBUF, MESSAGE, NATURAL, GROUP  # of MessagePack: NATURAL of uint64, GROUP of maps and lists, MESSAGE of all else

cdef struct Entry:  # 24 numbers of 8 bytes
    long long kind
    long long before  # where the text before the value begins in the constants
    long long before_size
    long long after  # MAYBE: the text in place of a null; TIME: what follows a time; LIST: what stands between items
    long long after_size
    long long span  # MAYBE, LIST, CELL, SIZED: how many of the entries behind belong to it; ends: how far back it is
    long long size  # how many values there are
    const void *values  # MAYBE, BOOLEAN: bits; LIST: offsets of items; CODES: int32
    long long first  # MAYBE, BOOLEAN: the number of the first bit; LIST: of the first item
    const void *offsets  # TEXT, STRING: of the texts; CODES: int64, of the texts of all codes
    long long width  # TEXT, STRING: bytes of an offset; LIST: the style of its length before it
    const unsigned char *data  # TEXT, STRING, CODES: the texts
    long long data_size
    long long extra  # LIST: number of items; CODES: of codes; CELL_END: the separator; CLOSE: what the first octet becomes, 0: nothing; TIME: ms ahead of UTC; TEXT, NUMBER, DOUBLE: the style; DECIMAL: digits after the point
    # What ``write`` keeps.
    unsigned char *start  # OPEN, CELL, SIZED: where it begins in the lines
    double scale  # FLOAT: the power of ten that makes integers of most values, 0 for none
    long long digits  # FLOAT: its exponent; STRING: whether any needs escapes; TIME: length of the text
    long long second  # TIME: which one the text says
    unsigned char text[48]

cdef inline long long offset(const void *offsets, long long width, long long row) noexcept nogil:
    """Return an offset, which has 4 or 8 bytes."""
    return (<const long long *>offsets)[row] if width == 8 else (<const int *>offsets)[row]
