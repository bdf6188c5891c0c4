# The items that workers go through, for the walk.
from datagen.native.machine cimport Machine

cdef class Items:
    cdef const int[:, ::1] counts  # (states, 2) begin and end of the instructions for how many there are
    cdef Machine machine
    cdef int index  # which of what is kept of a worker is the place of its item,
    cdef int left  # and how many there are from that one on; -1: there are never any
    cdef readonly bint used  # whether there are any

    cdef bint are_in(self, int state) noexcept nogil
    cdef bint are_left(self, int slot) noexcept nogil
    cdef bint begin(self, int slot, int state) noexcept nogil
    cdef bint go_on(self, int slot) noexcept nogil
