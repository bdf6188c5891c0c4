# What other modules of the core may call of this one without Python in between.
cdef double quantile(double q) noexcept nogil
cdef double logarithm(double x) noexcept nogil
