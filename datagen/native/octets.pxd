from datagen.native.entry cimport Entry

cdef unsigned char *integer(unsigned char *out, long long style, long long value) noexcept nogil
cdef unsigned char *length(unsigned char *out, long long style, long long count) noexcept nogil
cdef unsigned char *binary(unsigned char *out, long long style, double value) noexcept nogil
cdef unsigned char *sized(unsigned char *begin, unsigned char *end) noexcept nogil
