# Delays that follow from the instant at which they begin, for the walk.
from datagen.native.machine cimport Machine
from datagen.native.sources cimport Pace

cdef class Lasting:
    # Tables, an entry for each state.
    cdef const int[::1] family  # of a delay without expressions, as plugin.distribution.Linear has it
    cdef const double[::1] offset  # seconds
    cdef const double[::1] scale
    cdef const int[::1] formula  # the family of one with expressions
    cdef const int[::1] pace_of  # which of the paces it runs at; -1: that of time
    cdef const int[::1] begin  # (states + 1,) where the numbers of each begin
    cdef const int[:, ::1] numbers  # (numbers, 2) begin and end of the instructions for each
    cdef double[::1] values  # room for those of one state
    cdef unsigned long long purpose
    cdef int gift  # which of what is kept is the entry of the spawns, plus 1, that a worker is to be given; -1: none
    cdef int gift_key  # and which the key of what is drawn of it
    cdef Machine machine
    cdef Pace pace
    cdef readonly long long delay  # ns: the last one

    cdef long long until(self, int slot, int state, long long time, long long delay, unsigned long long key) noexcept nogil
    cdef int takes(self, int slot) noexcept nogil
    cdef unsigned long long key(self, int slot) noexcept nogil
    cdef long long _drawn(self, int slot, int state, unsigned long long row) noexcept nogil
