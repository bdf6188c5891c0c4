# Waits, for the walk.
cdef long long time_after(long long time, long long delay) noexcept nogil
cdef long long wait(int family, double offset, double scale, unsigned long long row) noexcept nogil
