# The stack machine of expressions, for the walk.
from datagen.native.recipe cimport Recipes
from datagen.native.sources cimport Pace

cdef class Machine:
    cdef Pace pace  # the first of the profiles that are read
    cdef Recipes recipes
    cdef unsigned long long row  # the key of the step that values are drawn for
    cdef const int[::1] code  # (instructions,) what to do
    cdef const int[::1] argument  # (instructions,) with what
    cdef const long long[::1] whole  # (constants,) and the same as real numbers
    cdef const double[::1] real
    cdef const unsigned char[::1] valid  # (constants,) whether there is a value
    cdef long long[:, ::1] known  # (slots, kept) what is kept of workers, and the same as real numbers
    cdef double[:, ::1] known_real
    cdef unsigned char[:, ::1] has  # (slots, kept) whether there is a value
    cdef const long long[:, :, ::1] drawn  # (slots, fields, steps) drawn ahead of time, and the same as real numbers
    cdef const double[:, :, ::1] drawn_real
    cdef const unsigned char[:, :, ::1] there  # (slots, fields, steps) whether there is a value
    cdef long long[::1] facts  # (facts,) what is known of the instant: by the numbers of FACTS, then of resources
    cdef long long[::1] cells  # (cells,) what all workers share, and the same as real numbers
    cdef double[::1] cells_real
    cdef long long stack[256]  # the values calculated so far, as they are whole numbers or
    cdef double reals[256]  # real ones,
    cdef bint holds[256]  # and whether there are any

    cdef void run(self, int begin, int end, int slot, long long place) noexcept nogil
    cdef bint is_true(self) noexcept nogil
    cdef double number(self) noexcept nogil
    cdef void _compare(self, int code, int top) noexcept nogil
    cdef int _go_on(self, int code, int argument, int top) noexcept nogil
    cdef void _move(self, int top) noexcept nogil
    cdef int _share(self, int code, int argument, int top) noexcept nogil
    cdef int _two_whole(self, int code, int top) noexcept nogil
    cdef int _two_real(self, int code, int top) noexcept nogil
    cdef void _turn(self, int code, int argument, int top) noexcept nogil
