# Transitions by condition, for the walk.
from datagen.native.agenda cimport Worker
from datagen.native.items cimport Items
from datagen.native.machine cimport Machine

cdef enum:  # flags of states that read what templates remember, and of those whose record may change it
    BEFORE = 1  # before their record: what it sets, and what a worker waits with
    BEHIND = 2  # behind it: how long a worker stays, and how many children it has
    LEAVING = 4
    TELLS = 8

cdef class Decision:
    cdef Machine machine
    cdef Items items
    cdef readonly bint used  # whether there are any, or the machine has anything to do at all
    cdef const int[::1] entry  # (states + sources + 1,) where the instructions of each begin
    cdef bint looks  # whether anything that is set or noted at a step follows from the instant,
    cdef bint asks  # and whether where workers go does
    cdef const unsigned char[::1] draws  # (states + sources,) whether they take what is drawn ahead
    cdef const unsigned char[::1] kind  # (states,) PLAIN, WEIGHED or ORDERED
    cdef const int[::1] ways  # (states + 1,) where the transitions of each begin
    cdef const int[::1] target  # (ways,)
    cdef const unsigned long long[::1] bound  # (ways,) cumulative probability, in 2**-53
    cdef const int[:, ::1] when  # (ways, 2) begin and end of the instructions for the condition
    cdef const int[:, ::1] weigh  # (ways, 2) and for the weight
    cdef const double[::1] weight  # (ways,) where there are no instructions for it
    cdef const unsigned char[::1] is_bare  # (ways,) whether there are none for either
    cdef const long long[:, ::1] ranges  # (ways, 3) of conditions that only ask how much is kept: what, least and most
    cdef const unsigned char[::1] first  # (kept,) whether what is kept of a worker has a value at first: 0
    cdef int fields  # so many of what is drawn ahead of time they read
    cdef int number  # which of what is kept is the worker's number in its source; -1: none
    cdef int begin  # which is the time of its birth
    cdef const int[:, ::1] batch  # (read, 2) which of what is kept is of a worker's batch: its number, the place, its size
    cdef const long long[:, :, ::1] batches  # (sources, known, 3) these of workers to come; of no batch if its size is 0
    cdef double[::1] sums  # (most ways of a state,)
    cdef const unsigned char[:, ::1] gives  # (spawns, kept) whether children are given a value
    cdef int spawn  # where, among all who set anything, these begin
    cdef const int[::1] counts  # (states,) which of what is kept counts the visits to each; -1: nothing
    cdef long long[::1] facts  # as the machine has them
    cdef const int[:, :, ::1] notes  # (notes, states, 2) begin and end of the instructions for a step into each
    cdef const int[::1] changes  # (states + 1,) where the instructions for what each changes for all begin
    cdef const unsigned char[::1] recalls  # (states,) flags of what each reads of memories, as the walk has them
    cdef bint has_changes  # whether there are any
    cdef int early  # so many notes, the first ones, are of before such a change
    cdef const unsigned char[::1] is_real  # (notes,) whether that is a real number
    cdef long long[:, ::1] noted  # (notes, rows) whole numbers, and the same as real ones
    cdef double[:, ::1] noted_real
    cdef int stop  # where a worker goes who stops
    cdef long long[:, :, ::1] drawn  # (slots, fields, steps) drawn ahead of time
    cdef unsigned char[:, :, ::1] there
    cdef const long long[:, :, :, ::1] first_drawn  # (sources, known, fields, steps) and for workers to come
    cdef const unsigned char[:, :, :, ::1] first_there
    cdef readonly long long stopped  # so many workers have stopped as conditions say,
    cdef long long[::1] stop_time  # (room,) when,
    cdef long long[::1] stop_worker  # (room,) who,
    cdef int[::1] stop_state  # (room,) and in which state, if none of its transitions was left; else -1
    cdef long long[::1] stop_row  # (room,) how many rows were written before

    cdef bint is_noted_full(self) noexcept nogil
    cdef void bear(
        self, int slot, int place, long long time, long long number, long long entry, unsigned long long key
    ) noexcept nogil
    cdef void enter(self, int slot, int owner, long long place, unsigned long long key) noexcept nogil
    cdef void conceive(self, int slot, int parent, int spawn, unsigned long long key) noexcept nogil
    cdef void be_born(self, int slot, long long time) noexcept nogil
    cdef void arrive(self, int slot, int state) noexcept nogil
    cdef void go_in(self, int slot, int state, long long place, long long row, unsigned long long key) noexcept nogil
    cdef void write(self, int slot, int state, long long row) noexcept nogil
    cdef void _note(self, Py_ssize_t number, int slot, int state, long long row) noexcept nogil
    cdef int choose(self, int slot, int state, Worker *worker, unsigned long long random, long long row) noexcept nogil
    cdef void note_stop(self, Worker *worker, int state, long long row) noexcept nogil
    cdef inline bint _holds(self, int slot, int way) noexcept nogil
    cdef int _first(self, int slot, int state) noexcept nogil
    cdef inline double _weight(self, int slot, int way) noexcept nogil
    cdef inline int _weighed(self, int slot, int state, unsigned long long random) noexcept nogil
    cdef void look(self, int slot, Worker *worker, long long steps, long long waited, long long alive) noexcept nogil
