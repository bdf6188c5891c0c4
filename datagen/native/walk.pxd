# The walk, which nobody else compiled calls: what it keeps.
from datagen.native.agenda cimport Agenda, Worker
from datagen.native.children cimport Children
from datagen.native.decision cimport Decision
from datagen.native.journal cimport Journal
from datagen.native.lasting cimport Lasting
from datagen.native.nursery cimport Nursery
from datagen.native.resources cimport Resources
from datagen.native.sources cimport Sources
from datagen.native.stays cimport Stays
from datagen.native.threshold cimport Threshold

cdef class EventLoop:
    # Of the tables and arrays of its parts those that each step needs: through the parts they cost 120 instructions.
    cdef const int[::1] family  # (states,) of the delay, as plugin.distribution.Linear has it
    cdef const double[::1] offset  # (states,) seconds
    cdef const double[::1] scale
    cdef const int[::1] ways  # (states + 1,) where the transitions of each begin
    cdef const unsigned long long[::1] bound  # (ways,) cumulative probability, in 2**-53
    cdef const int[::1] target  # (ways,)
    cdef const unsigned char[:, ::1] sets  # (owners, groups) which groups of variables each sets
    cdef const unsigned char[::1] former  # (groups,) which of them are read as they were before a step
    cdef int[:, ::1] stored  # (slots, groups) positions of the values set last
    cdef long long[::1] time  # (rows,) of steps,
    cdef long long[::1] worker
    cdef long long[::1] step
    cdef int[::1] state
    cdef unsigned long long[::1] keys
    cdef int[:, ::1] after  # (groups, rows)
    cdef int[:, ::1] before  # (groups, rows) of ``former`` groups
    cdef long long[::1] sizes  # (groups,) of the stores of values
    cdef unsigned long long delay_purpose
    cdef bint shares  # whether workers wait for others
    cdef bint is_plain  # whether nothing is decided, shared or drawn ahead of time
    cdef int stop
    cdef int made  # from here on states stand for those in which a worker has made its record, and is to go on behind it
    cdef public bint hears  # whether records are made that change what templates remember, and states read it
    cdef readonly bint is_ahead  # whether the texts of some steps are still to be made that may change it
    cdef Decision decision  # where conditions say where workers go
    cdef Resources resources
    cdef Children children
    cdef unsigned long long transition_purpose
    cdef Sources sources
    # Workers, by slot.
    cdef readonly Agenda agenda
    cdef Worker[::1] workers
    cdef public long long change  # ns: when the sources are to be changed next
    cdef readonly long long instant  # of the last event
    cdef readonly long long at_once  # events then
    cdef readonly Journal journal
    cdef Stays stays
    cdef Threshold threshold
    cdef Lasting lasting
    cdef readonly int guest  # slot of the worker whose delay is asked for,
    cdef unsigned long long guest_key  # the key of its step,
    cdef bint guest_is_apart  # and whether it is apart from the agenda
    cdef Nursery nursery
    cdef bint waits_ahead  # whether anything is drawn ahead of time
    cdef long long room  # for rows

    cdef int _walk(self, long long limit) noexcept nogil
    cdef int _arrive(self) noexcept nogil
    cdef int _take_turn(self, bint is_late) noexcept nogil
    cdef inline int _go(self, int slot, bint is_apart) noexcept nogil
    cdef int _enter(self, int slot, bint is_apart) noexcept nogil
    cdef int _enter_plainly(self, int slot, bint is_apart) noexcept nogil
    cdef inline bint _make_step(self, int slot, int state, unsigned long long key) noexcept nogil
    cdef inline void _stay(self, int slot, unsigned long long key, long long until, bint is_apart) noexcept nogil
    cdef inline void _write(self, int slot, int state, unsigned long long key) noexcept nogil
    cdef int _next_state(self, int state, unsigned long long key) noexcept nogil
    cdef int _decide(self, int slot) noexcept nogil
