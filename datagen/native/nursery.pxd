# The births of children, for the walk.
from datagen.native.agenda cimport Agenda, Worker
from datagen.native.children cimport Children
from datagen.native.decision cimport Decision
from datagen.native.journal cimport Journal
from datagen.native.lasting cimport Lasting
from datagen.native.resources cimport Resources
from datagen.native.stays cimport Stays
from datagen.native.threshold cimport Threshold

cdef class Nursery:
    cdef Agenda agenda
    cdef Children children
    cdef Decision decision
    cdef Journal journal
    cdef Resources resources
    cdef Stays stays
    cdef Threshold threshold
    cdef Lasting lasting
    cdef Worker[::1] workers  # (slots,)

    cdef int conceive(self) noexcept nogil
    cdef int be_born(self, int slot, long long number) noexcept nogil
    cdef int _await(self, int slot, int spawn, unsigned long long key) noexcept nogil
    cdef bint stays_on(self, int slot, int state) noexcept nogil
    cdef void _give(self, int slot) noexcept nogil
