# Heaps of workers, for the walk.

cdef struct Rank:
    long long first  # of two numbers: who has the smaller first one comes first,
    long long second  # then who has the smaller second one
    int heap  # that the worker is in; -1: none
    int place  # in it

cdef class Heaps:
    cdef Rank[::1] rank  # (slots,)
    cdef int[:, ::1] who  # (slots, heaps) slots, by their places
    cdef long long[::1] size  # (heaps,)

    cdef int top(self, int heap) noexcept nogil
    cdef void add(self, int heap, int slot, long long first, long long second) noexcept nogil
    cdef void remove(self, int slot) noexcept nogil
    cdef bint _is_before(self, int slot, int other) noexcept nogil
    cdef void _put(self, int slot, int heap, long long place) noexcept nogil
    cdef void _rise(self, int slot, int heap, long long place) noexcept nogil
    cdef void _sink(self, int slot, int heap, long long place) noexcept nogil
