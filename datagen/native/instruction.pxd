# What the machine can do.
cdef enum:
    # What puts a value on the stack: a constant, what is kept of a worker, what was drawn, what is known of the instant, a
    # cell of what all workers share;
    WHOLE = 0
    REAL = 1
    KNOWN = 2
    KNOWN_REAL = 3
    DRAWN = 4
    DRAWN_REAL = 5
    FACT = 6
    SECONDS = 7
    FACTOR = 8  # of a profile
    CELL = 9
    CELL_REAL = 10
    # keeps the one on top;
    KEEP = 11
    KEEP_REAL = 12
    # makes another one of it: a place of a list what is there;
    LISTED = 13
    LISTED_REAL = 14
    TO_REAL = 15
    DIVIDED = 16  # a whole number by a constant, rounded down
    IS_NULL = 17
    NOT = 18
    # makes one of several;
    CHOOSE = 19
    COALESCE = 20
    AND = 21
    OR = 22
    # reads the cell of a row, by its number, and shares the one on top, or does so in the cell of the row below it;
    CELL_AT = 23
    CELL_AT_REAL = 24
    SHARE = 25
    SHARE_REAL = 26
    SHARE_AT = 27
    SHARE_AT_REAL = 28
    # makes a whole number of the bits of a real one;
    BITS = 29
    # makes a time (µs) of one and real seconds;
    MOVED = 30
    # makes one of two numbers, whole ones and then real ones;
    ADD = 31
    SUBTRACT = 32
    MULTIPLY = 33
    MODULO = 34
    EQUAL = 35
    UNEQUAL = 36
    LESS = 37
    AT_MOST = 38
    ADD_REAL = 39
    SUBTRACT_REAL = 40
    MULTIPLY_REAL = 41
    MODULO_REAL = 42
    DIVIDE_REAL = 43
    EQUAL_REAL = 44
    UNEQUAL_REAL = 45
    LESS_REAL = 46
    AT_MOST_REAL = 47
    # draws a whole value of the step and puts it on the stack, or keeps it at once, or a real one;
    DRAW = 48
    DRAW_TO = 49
    DRAW_TO_REAL = 50
    # makes another number of it.
    FLOOR = 51
    CEIL = 52
    ROUND = 53
    ABS = 54
    ABS_REAL = 55
    OFF = 56  # rounded to multiples of 1 / a constant
    ROOT = 57
