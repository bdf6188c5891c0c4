# The events to come, for the walk.

cdef extern from *:
    """
    #if defined(__GNUC__)
    /* The empty instruction, as gcc leaves out a call of what does nothing else. */
    #define fetch_ahead(place) do { __builtin_prefetch(place); __asm__ volatile(""); } while (0)
    #else
    #define fetch_ahead(place)
    #endif
    """
    void fetch_ahead(void *place) noexcept nogil  # into the cache

cdef struct Worker:
    long long time  # ns since the start: when it enters its next state
    long long number
    unsigned long long key
    long long step  # number of its next step
    int state  # that it enters then, or the stop; -1: an empty slot
    int origin  # source, or ~source of who was born outside of the limit; CHILD for a child


cdef class Agenda:
    cdef Worker[::1] workers  # (slots,)
    cdef readonly int used  # slots from here on were never taken
    cdef int empty  # the first empty slot before these
    cdef int[::1] behind  # (slots,) which slot follows in the list of a day, or of empty slots
    cdef int[:, ::1] stored  # (slots, groups)
    cdef long long[::1] when  # of the heap: times,
    cdef int[::1] who  # and slots
    cdef long long near  # how many the heap has
    cdef int[::1] day  # of the calendar: the first slot of each day,
    cdef long long days  # and the bits that tell its place, without a division
    cdef int later  # the first slot of all days beyond
    cdef long long far  # how many the calendar has, and of these
    cdef long long beyond
    cdef long long today
    cdef long long moved  # events in this year
    cdef readonly int shift  # a day has 2**shift ns

    cdef bint has_slot(self) noexcept nogil
    cdef int take_slot(self) noexcept nogil
    cdef void leave_slot(self, int slot) noexcept nogil
    cdef long long next(self) noexcept nogil
    cdef void move(self, int slot) noexcept nogil
    cdef void take(self) noexcept nogil
    cdef void add(self, int slot) noexcept nogil
    cdef bint _is_before(self, long long time, int slot, long long place) noexcept nogil
    cdef void _sink(self, int slot) noexcept nogil
    cdef void _begin_year(self, long long time) noexcept nogil
    cdef long long _add_all(self, int slot) noexcept nogil
    cdef inline void _fetch(self) noexcept nogil
    cdef inline void _fetch_worker(self, int slot) noexcept nogil
    cdef long long _first_beyond(self) noexcept nogil
