# How long workers stay, for the walk.

cdef class Stays:
    # Tables, an entry for each state.
    cdef const int[::1] family  # of its delay, as plugin.distribution.Linear has it
    cdef const double[::1] offset  # seconds
    cdef const double[::1] scale
    cdef const int[::1] foreign  # which of the delays drawn ahead of time it has; -1: none
    cdef const int[::1] patience  # and the same of the time that one waits at most
    cdef const double[::1] patience_offset
    cdef const double[::1] patience_scale
    cdef const int[::1] patience_foreign
    cdef const int[::1] unborn  # (spawns,) and of the time before a birth
    cdef const double[::1] unborn_offset
    cdef const double[::1] unborn_scale
    cdef const int[::1] unborn_foreign
    cdef unsigned long long delay_purpose
    cdef unsigned long long timeout_purpose
    cdef unsigned long long spawn_purpose
    # Waits drawn ahead of time, in ns; -1: not a number.
    cdef const long long[:, :, :, ::1] first_waits  # (sources, known, delays, steps)
    cdef long long[:, :, ::1] waits  # (slots, delays, steps)
    cdef long long[::1] waits_from  # (slots,) number of the first of these steps

    cdef void bear(self, int slot, int place, long long entry) noexcept nogil
    cdef void conceive(self, int slot) noexcept nogil
    cdef long long until_birth(self, int slot, int spawn, unsigned long long key) noexcept nogil
    cdef bint is_used_up(self, int slot, int state, long long step, bint draws) noexcept nogil
    cdef long long ahead(self, int slot, int state, long long step) noexcept nogil
    cdef long long place(self, int slot, long long step) noexcept nogil
    cdef long long limit(self, int slot, int state, long long step, unsigned long long key) noexcept nogil
