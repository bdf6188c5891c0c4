# Who waits for others, for the walk.
from datagen.native.agenda cimport Worker
from datagen.native.decision cimport Decision
from datagen.native.heaps cimport Heaps

cdef class Gathering:
    cdef int[::1] heads  # (a power of 2,) who came last of those who wait for others, by a hash of what they share
    cdef Heaps lines
    cdef Decision decision
    cdef Worker[::1] workers  # (slots,)

    cdef long long wait(self, int slot, int state, int begin, int end, long long ticket) noexcept nogil
    cdef void add(self, int slot, int state) noexcept nogil
    cdef void forget(self, int slot, int state) noexcept nogil
    cdef bint has(self, int slot, int state, long long key, int heap) noexcept nogil
    cdef int _head(self, int slot, int state) noexcept nogil
