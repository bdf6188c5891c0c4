# What other modules of the core may call of this one without Python in between.
cdef double log_density(double a, double b, double place) noexcept nogil
cdef double slope(double a, double b, double place) noexcept nogil
cdef double log_tail(double a, double b, double place, bint upper) noexcept nogil
