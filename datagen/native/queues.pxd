# Lines of workers for rows, for the walk.

cdef struct Post:
    long long first  # of two numbers: who has the smaller first one comes first,
    long long second  # then who has the smaller second one
    int line  # that the worker stands in; -1: none, -2: one that never moves
    int above  # who comes before it in the tree of the line; -1: nobody
    int left  # and who come behind,
    int right

cdef class Queues:
    cdef Post[::1] post  # (slots,)
    cdef int[::1] root  # (lines,) who is first in each; -1: nobody

    cdef void add(self, int line, int slot, long long first, long long second) noexcept nogil
    cdef void remove(self, int slot) noexcept nogil
    cdef bint is_before(self, int slot, int other) noexcept nogil
    cdef int _merged(self, int one, int other) noexcept nogil
    cdef void _put(self, int line, int above, int former, int slot) noexcept nogil
