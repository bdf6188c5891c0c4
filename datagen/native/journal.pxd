# The steps that the walk writes.
from datagen.native.agenda cimport Worker

cdef class Journal:
    cdef const unsigned char[:, ::1] sets  # (states + sources, groups) which groups of variables each sets
    cdef const unsigned char[:, ::1] inherits  # (spawns, groups) which of them children have as they are of the parent
    cdef const unsigned char[::1] former  # (groups,) which of them are read as they were before a step
    cdef int stop
    cdef readonly bint gives  # whether a source sets any
    cdef int[:, ::1] stored  # (slots, groups) positions of the values set last
    cdef readonly long long rows
    cdef readonly long long held  # births later than they were due
    cdef readonly long long born  # births that set variables
    cdef long long[::1] time
    cdef long long[::1] worker
    cdef long long[::1] step
    cdef int[::1] state
    cdef unsigned long long[::1] keys
    cdef int[:, ::1] after  # (groups, rows)
    cdef int[:, ::1] before  # (groups, rows) of ``former`` groups
    cdef long long[::1] held_at
    cdef long long[::1] held_for
    cdef long long[::1] birth_row
    cdef int[::1] birth_source
    cdef long long[::1] birth_number  # in its source
    cdef int[:, ::1] given  # (groups, births) positions of the values set at birth
    cdef long long[::1] sizes  # (groups,) of the stores of values

    cdef bint is_full_of_births(self) noexcept nogil
    cdef void bear(self, int slot, Worker *worker, int place, long long number, long long late) noexcept nogil
    cdef bint conceive(self, int slot, int parent, long long number, int spawn, unsigned long long key, long long now) noexcept nogil
    cdef void forget(self, int slot) noexcept nogil
