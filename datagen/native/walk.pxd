# The walk, which nobody else compiled calls: what it keeps.
from datagen.native.agenda cimport Agenda, Worker
from datagen.native.decision cimport Decision
from datagen.native.journal cimport Journal
from datagen.native.resources cimport Resources
from datagen.native.sources cimport Sources
from datagen.native.stays cimport Stays

cdef class EventLoop:
    # Tables, an entry for each state.
    cdef const int[::1] ways  # (states + 1,) where its transitions begin
    cdef const unsigned long long[::1] bound  # (ways,) cumulative probability, in 2**-53
    cdef const int[::1] target  # (ways,)
    cdef int stop
    cdef Decision decision  # where conditions say where workers go
    cdef Resources resources
    cdef unsigned long long transition_purpose
    cdef Sources sources
    cdef readonly long long spawned
    # Workers, by slot.
    cdef Agenda agenda
    cdef Worker[::1] workers
    cdef int[::1] origin  # (slots,) source, or ~source of who was born outside of the limit
    cdef readonly int used  # slots from here on were never taken
    cdef int empty  # the first empty slot before these
    cdef public long long change  # ns: when the sources are to be changed next
    cdef long long instant  # of the last event
    cdef readonly long long at_once  # events then
    cdef readonly Journal journal
    cdef Stays stays
    cdef long long room  # for rows

    cdef int _walk(self, long long limit) noexcept nogil
    cdef int _arrive(self) noexcept nogil
    cdef int _bear(self, int place, bint is_outside) noexcept nogil
    cdef int _go_apart(self, int slot) noexcept nogil
    cdef int _go(self, int slot, bint is_apart) noexcept nogil
    cdef int _enter(self, int slot, bint is_apart) noexcept nogil
    cdef int _ask(self, int slot, unsigned long long key) noexcept nogil
    cdef void _look(self, int slot, long long steps) noexcept nogil
    cdef int _next_state(self, int state, unsigned long long key) noexcept nogil
    cdef int _drawn(self, int state, unsigned long long key) noexcept nogil
    cdef int _decide(self, int slot) noexcept nogil
    cdef int _stop(self, int slot) noexcept nogil
