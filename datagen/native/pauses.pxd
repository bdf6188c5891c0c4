# Why the walk pauses.
cdef enum:
    REACHED = 0  # nothing is left before the limit
    FULL = 1  # there is no room for more steps
    CROWDED = 2  # there is no slot for a newcomer
    NO_TIMES = 3  # it is not known when the worker after the one to be born comes due
    NO_WAITS = 4  # a worker has used up the waits that were
    UNKNOWN = 5  # a wait is not a number
    STUCK = 6  # the clock does not move on
    ENDED = 7  # the last worker of a source that is awaited has stopped
    CHANGED = 8  # it is time for a change of the sources
    BEYOND = 9  # the table of a pace ends before the next worker of its source
    FAULT = 10  # a worker can't go on: no transition can be drawn, or it asks for what it has
    WAITING = 11  # no pause: a worker has no event to come before it gets what it waits for
    EXPLODED = 12  # there are too many children
    ASKED = 13  # how long a worker stays only Python can tell
    NO_GIFTS = 14  # what the next child is given only Python can draw
