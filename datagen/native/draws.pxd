# What other modules of the core may call of this one without Python in between.
cdef unsigned long long mix(unsigned long long z) noexcept nogil
cdef unsigned long long numbered(unsigned long long key, unsigned long long number) noexcept nogil
cdef double standard(int family, unsigned long long random) noexcept nogil
cdef unsigned long long high_word(unsigned long long random, unsigned long long size) noexcept nogil
cdef double unit(unsigned long long random) noexcept nogil
cdef long long held(long long number, long long least, long long most) noexcept nogil
cdef long long to_whole(double x, bint down) noexcept nogil
cdef double off(double value, double scale) noexcept nogil
