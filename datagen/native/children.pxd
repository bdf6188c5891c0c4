# Children, for the walk.
from datagen.native.agenda cimport Worker
from datagen.native.decision cimport Decision

cdef struct Kin:
    long long number  # of its parent
    int parent  # slot of that; -1: none
    int count  # of its children, born or not
    int entry  # that it is of, while it is not known when it is born; else -1


cdef class Children:
    cdef readonly bint used  # whether there are any
    cdef Decision decision
    cdef const int[::1] begin  # (states + 1,) where the entries of each begin
    cdef const int[::1] state  # (entries,) that the children begin in
    cdef const long long[::1] crowd  # (entries,) that they are of
    cdef const unsigned long long[::1] purpose  # (entries,) of their keys
    cdef const long long[::1] count  # (entries,) how many, where
    cdef const int[:, ::1] counts  # (entries, 2) there are no instructions for it
    cdef readonly long long most  # at once
    cdef readonly long long alive
    cdef readonly long long unborn
    cdef readonly long long conceived  # of all that there were
    cdef Kin[::1] kin  # (slots,)
    # What a worker is at:
    cdef readonly int parent  # its slot; -1: nobody is at it
    cdef readonly int parent_state
    cdef readonly long long now
    cdef unsigned long long key  # of its step
    cdef readonly int entry
    cdef readonly long long place  # of the next child among those of the entry,
    cdef long long left  # and how many there are, from that place on
    cdef public bint has_gifts  # whether what the next one is given is drawn, as far as only Python can

    cdef void begin_brood(self, int slot, int state, unsigned long long key, long long now) noexcept nogil
    cdef bint has_next(self) noexcept nogil
    cdef void conceive(self, int slot, Worker *child, Worker *parent) noexcept nogil
    cdef void bear(self, int slot) noexcept nogil
    cdef void be_born(self) noexcept nogil
    cdef int stop(self, int slot, Worker[::1] workers) noexcept nogil
    cdef void _count(self) noexcept nogil
