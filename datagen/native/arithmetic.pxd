# What the machine calculates of numbers.
cdef long long divided(long long number, long long by) noexcept nogil
cdef long long rest(long long a, long long b) noexcept nogil
cdef double rest_real(double a, double b) noexcept nogil
cdef bint fits(long long a, long long b) noexcept nogil
cdef double whole_near(double x, int how) noexcept nogil
cdef bint is_whole(double x) noexcept nogil
