# What other modules of the core may call of this one without Python in between.
cdef extern from *:
    """
    typedef __int128 int128;
    """
    ctypedef long long int128  # wider than that, in C

cdef struct Piece:
    long long start  # ns since the run's start
    unsigned long long base  # base time before it, of which only differences mean anything
    long long first  # the factor at its begin and at its end, in 2**-30
    long long last


cdef class Rhythm:
    cdef Piece[::1] pieces  # ascending; the last one stands for the end
    cdef Py_ssize_t count  # without that one
    cdef Py_ssize_t place  # of the latest look-up
    cdef bint whole

    cdef unsigned long long elapsed(self, long long time) noexcept nogil
    cdef double factor(self, long long time) noexcept nogil
    cdef long long reached(self, long long time, long long span) noexcept nogil
    cdef long long _gone(self, Py_ssize_t place, long long span) noexcept nogil
    cdef long long _needed(self, Py_ssize_t place, long long base) noexcept nogil
    cdef Py_ssize_t _at_time(self, long long time) noexcept nogil
    cdef Py_ssize_t _at_base(self, unsigned long long base) noexcept nogil
