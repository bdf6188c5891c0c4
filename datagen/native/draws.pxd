# What other modules of the core may call of this one without Python in between.
cdef unsigned long long mix(unsigned long long z) noexcept nogil
cdef unsigned long long numbered(unsigned long long key, unsigned long long number) noexcept nogil
cdef double standard(int family, unsigned long long random) noexcept nogil
cdef unsigned long long high_word(unsigned long long random, unsigned long long size) noexcept nogil
