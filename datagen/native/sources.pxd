# The sources of arrivals, for the walk.
from datagen.native.rhythm cimport Rhythm

cdef struct Source:
    long long due  # ns since the start: when its next worker comes due; NEVER: none is known
    long long until  # ns: from then on none comes due
    long long number  # of its next worker, among those of this source
    long long total  # so many come due
    long long alive  # under the limit
    long long outside  # alive, but turned away at birth, so outside of every limit
    long long most  # alive at once
    unsigned long long key  # of its workers
    long long first  # number of the worker whose entry is the first in ``times``
    long long known  # how many entries there are
    int awaited  # whether somebody waits for its end
    int is_kept  # whether a number of its workers is kept alive: then nobody comes late
    int counts_from_birth  # entries are gaps from a birth, not times
    int when_full  # what becomes of who comes due when no place is free
    int state  # that its workers begin in
    int turned  # that those begin in who are turned away
    int pace  # which of the paces its gaps run at; -1: that of time
    int crowd  # which its workers are of


cdef struct Crowd:
    long long most  # alive at once, of all sources
    long long alive  # under the limit
    long long outside  # born outside of it
    long long children  # alive
    long long opened  # ns: when a place last fell free
    long long number  # of its next worker, behind that of the crowd


cdef class Pace:
    cdef Rhythm rhythm
    cdef Pace behind

    cdef long long reached(self, int number, long long time, long long span) noexcept nogil
    cdef double factor(self, int number, long long time) noexcept nogil


cdef class Sources:
    cdef Pace pace  # the first of those there are
    cdef Source[::1] source  # (sources,)
    cdef Crowd[::1] crowd  # (crowds,) the workers of each population
    cdef const long long[:, ::1] times  # (sources, known) ns: when who follows a worker comes due
    cdef readonly long long alive  # of all crowds, under their limits
    cdef readonly long long outside
    cdef readonly long long coming  # ns: when the next worker comes
    cdef readonly int comer  # of which source; -1: none comes
    cdef readonly int beyond  # a source of which the next time is not known, since its pace is not; -1: none
    cdef readonly long long since  # ns: there it is to count from,
    cdef readonly long long gap  # and so long
    cdef readonly int ended  # a source that is awaited, through, and without anybody alive; -1: none
    cdef readonly long long ended_at  # ns
    cdef long long[::1] refused_at  # (room,) ns: when a worker came due for whom no place was free,
    cdef int[::1] refused_by  # (room,) and of which source
    cdef readonly long long refused  # so many of these
    cdef bint blocked  # by a limit: some source could have been the next otherwise

    cdef bint is_full(self, int place) noexcept nogil
    cdef void choose(self) noexcept nogil
    cdef void pass_on(self, int place, long long birth) noexcept nogil
    cdef void refuse(self, int place) noexcept nogil
    cdef bint is_noted_full(self) noexcept nogil
    cdef void enter(self, int place, bint is_outside) noexcept nogil
    cdef void leave(self, int origin, long long time) noexcept nogil
    cdef long long number_of_child(self, long long number) noexcept nogil
    cdef void bear_child(self, long long number) noexcept nogil
    cdef void lose_child(self, long long number) noexcept nogil
    cdef long long fellows(self, long long number) noexcept nogil
    cdef void _look_whether_ended(self, int place, long long time) noexcept nogil
