# What the core draws by itself, for the machine.

cdef struct Recipe:
    unsigned long long purpose  # keys of the draws of the value,
    unsigned long long missing  # of whether it is missing,
    unsigned long long null  # and whether it is null
    double percent_missing
    double percent_nulls
    double offset  # as plugin.distribution.Linear has it; the share of what is true
    double scale
    double digits  # 10 ** digits after the point; 0: all there are
    long long first  # of some whole numbers,
    unsigned long long count  # and how many; 0: 2**64
    long long least  # of whole numbers, which are held between the two
    long long most
    int kind
    int is_odd  # whether a value may be missing or null
    int family
    int begin  # of a list among those of all variables; 0: it makes no place in a list
    int kept  # which of what is kept it is, where it is drawn to that
    int bounds  # where the weights begin, as draw.Weighted has them,
    int guide
    int shift


cdef class Recipes:
    cdef const Recipe[::1] recipe  # (recipes,)
    cdef const unsigned long long[::1] bounds  # of all weights, one after the other
    cdef const int[::1] guide
    cdef long long whole  # what was drawn last, as a whole number or a place in a list,
    cdef double real  # or a real number

    cdef bint draw(self, int number, unsigned long long row) noexcept nogil
    cdef double _number(self, int number, unsigned long long random) noexcept nogil
    cdef bint _is_absent(self, int number, unsigned long long row) noexcept nogil
    cdef long long _place(self, int number, unsigned long long random) noexcept nogil
