# Resources, for the walk.
from datagen.native.agenda cimport Agenda, Worker
from datagen.native.children cimport Children
from datagen.native.decision cimport Decision
from datagen.native.fleet cimport Fleet
from datagen.native.gathering cimport Gathering
from datagen.native.heaps cimport Heaps

cdef class Resources:
    cdef readonly bint used  # whether there are any
    cdef Agenda agenda
    cdef Decision decision
    cdef readonly Children children
    cdef readonly Fleet fleet  # resources that are rows
    cdef readonly Heaps lines  # a heap for each resource: who waits for it
    cdef readonly Heaps timers  # one: who waits no longer than until then
    cdef const int[::1] begin  # (states + 1,) where the requests of each begin
    cdef const int[::1] resource  # (requests,) what is asked for; CHILDREN: that they have stopped,
    cdef const long long[::1] units  # (requests,) how many of it,
    cdef const double[::1] priority  # (requests,) with which priority, where
    cdef const int[:, ::1] priorities  # (requests, 2) there are no instructions for it
    cdef const int[::1] releases  # (states + 1,) where what each gives back on entry begins
    cdef const int[::1] released  # (n,) resources
    cdef const int[::1] uses  # (states + 1,) where what each gives back at its end begins
    cdef const int[::1] used_up  # (n,) resources
    cdef const int[::1] following  # (states,) where who has waited too long goes; -1: nobody has
    cdef long long[::1] free  # (resources,) units,
    cdef long long[::1] waiting  # (resources,) and how many workers wait for some
    cdef const int[::1] gathered  # (2,) which of what is kept are the number of a group and a worker's place; -1: none
    cdef long long[::1] groups  # (states,) how many groups have gone on from each
    cdef Gathering gathering  # who waits for others
    cdef readonly long long tickets  # of all who ever waited
    cdef Worker[::1] workers  # (slots,)
    cdef int[:, ::1] held  # (slots, resources) units
    cdef long long[::1] wait  # (slots,) ns: since when it waits; once it has all, for how long it did
    cdef int[::1] asked  # (slots,) how many of its requests are met; -1: it waits for nothing
    cdef int ready  # who goes on before all others; -1: nobody
    cdef readonly int culprit  # who asks for what it has,
    cdef readonly int twice  # and which resource that is

    cdef bint waits_in(self, int state) noexcept nogil
    cdef bint recalls(self, int slot) noexcept nogil
    cdef long long next_timeout(self) noexcept nogil
    cdef bint is_late(self, long long now) noexcept nogil
    cdef void wait_until(self, int slot, long long time) noexcept nogil
    cdef void bear(self, int slot) noexcept nogil
    cdef void enter(self, int slot, int state) noexcept nogil
    cdef int go_on(self, int slot, int state) noexcept nogil
    cdef void leave(self, int slot, int state) noexcept nogil
    cdef void stop(self, int slot) noexcept nogil
    cdef void stop_child(self, int slot) noexcept nogil
    cdef int give_up(self) noexcept nogil
    cdef void make_ready(self, int slot) noexcept nogil
    cdef int take_ready(self) noexcept nogil
    cdef void _gather(self, int slot, int state, int request, long long now) noexcept nogil
    cdef void _go_together(self, int last, int state, long long count, long long now) noexcept nogil
    cdef void _give(self, int slot, int resource, long long now) noexcept nogil
    cdef bint _hand_on(self, int asker, long long now) noexcept nogil
    cdef void _let_go_on(self, int slot, long long now) noexcept nogil
    cdef void _serve(self, int resource, int asker, long long now) noexcept nogil
