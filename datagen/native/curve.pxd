# What other modules of the core may call of this one without Python in between.
cdef double exponential(double x) noexcept nogil
