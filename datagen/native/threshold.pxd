# What happens beside the steps of a worker, for the walk.
from datagen.native.agenda cimport Agenda, Worker
from datagen.native.children cimport Children
from datagen.native.decision cimport Decision
from datagen.native.journal cimport Journal
from datagen.native.resources cimport Resources
from datagen.native.sources cimport Sources
from datagen.native.stays cimport Stays

cdef class Threshold:
    cdef Sources sources
    cdef Resources resources
    cdef Stays stays
    cdef Journal journal
    cdef Agenda agenda
    cdef Children children
    cdef Decision decision
    cdef bint shares  # whether workers wait for others
    cdef Worker[::1] workers

    cdef int bear(self, int place, bint is_outside) noexcept nogil
    cdef int ask(self, int slot, unsigned long long key) noexcept nogil
    cdef void _pass(self, int slot, int state) noexcept nogil
    cdef void put_off(self, int slot, bint is_apart) noexcept nogil
    cdef int stop(self, int slot) noexcept nogil
    cdef void look(self, int slot, long long steps) noexcept nogil
