# Resources that are rows of a table, for the walk.
from datagen.native.decision cimport Decision
from datagen.native.queues cimport Queues

cdef struct Row:
    long long since  # a number that grows: whoever has the smaller one has been as it is for longer
    long long places  # that are free
    int is_open  # whether it is available

cdef struct Link:
    int before  # which of the rows of a group have been free longer; -1: none, -2: it is not free itself
    int behind  # which less long

cdef struct Part:
    int begin  # of the instructions for what a row is to have in a column,
    int end
    int kind  # what these leave: the place of the value, or a whole or a real number
    int count  # how many values the column has
    long long values  # where, of the numbers, these begin

cdef struct Index:
    long long units  # that a row must have free to stand in a group
    long long keys  # where, of the keys, those of its groups begin,
    long long count  # and how many there are
    int group  # the first of its groups
    long long links  # where, of the links, those of its rows begin

cdef class Fleet:
    cdef readonly bint used  # whether there are any
    cdef Decision decision
    cdef readonly Queues queues  # a line for each group: who waits for a row of it
    cdef const int[::1] rows  # (resources + 1,) where the rows of each begin
    cdef const int[::1] kept  # (resources,) where it is kept which row of each a worker has; -1: it has no rows
    cdef const int[:, ::1] programs  # (resources, 2) begin and end of the instructions for whether a row is available
    cdef const unsigned char[::1] always  # (resources,) whether that may change at any time
    cdef const unsigned char[::1] recalls  # (resources,) and whether it follows from what templates remember
    cdef const int[::1] indexes  # (resources + 1,) where the indexes of each begin
    cdef Index[::1] index  # (indexes,)
    cdef const int[::1] wanted  # (requests,) which index each looks in; -1: it asks for no row
    cdef const int[::1] parts  # (requests + 1,) where the parts of each begin
    cdef Part[::1] part  # (parts,)
    cdef const long long[::1] numbers  # values of columns, ascending, and the same as real numbers
    cdef const double[::1] reals
    cdef const long long[::1] keys  # of groups, ascending in each index
    cdef const int[::1] members  # (links,) rows, group by group, in order
    cdef const int[::1] begins  # (groups + 1,) where the members of each group begin
    cdef const int[::1] group  # (links,) which group a row is of; -1: none
    cdef Row[::1] row  # (rows,)
    cdef Link[::1] link  # (links,)
    cdef int[::1] head  # (groups,) the row that has been free longest,
    cdef int[::1] tail  # and the one that has been so least
    cdef long long[::1] seen  # (groups,) the version at which all its rows were read,
    cdef long long[::1] version  # (resources,) and what it is: another one as soon as something else may be read
    cdef long long[::1] free  # (resources,) as Resources has them
    cdef long long[::1] waiting
    cdef int[:, ::1] held  # (slots, resources) places
    cdef long long[::1] wants  # (slots,) places that a worker waits for
    cdef readonly long long changes  # so often was a row taken or given back, or became available
    cdef int served  # who has got a row and is to go on, the first of a list,
    cdef int last  # and the last of it

    cdef bint has(self, int resource) noexcept nogil
    cdef void bear(self, int slot) noexcept nogil
    cdef void ask(self, int slot, int resource, int request, long long first, long long ticket, long long now) noexcept nogil
    cdef void give(self, int slot, int resource, long long now) noexcept nogil
    cdef void withdraw(self, int slot, int resource) noexcept nogil
    cdef int take_served(self) noexcept nogil
    cdef int _group_of(self, int slot, int request) noexcept nogil
    cdef long long _place(self, Part *part) noexcept nogil
    cdef void _refresh(self, int resource, int group, long long now) noexcept nogil
    cdef void _look(self, int resource, int row, long long now) noexcept nogil
    cdef void _offer(self, int resource, int row) noexcept nogil
    cdef void _hand_out(self, int resource, int row, int slot) noexcept nogil
    cdef void _unlink(self, int resource, int row) noexcept nogil
    cdef void _link(self, int resource, int row) noexcept nogil
