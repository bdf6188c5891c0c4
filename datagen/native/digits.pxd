from datagen.native.entry cimport Entry

cdef unsigned char *number(unsigned char *out, unsigned long long value) noexcept nogil
cdef unsigned char *signed(unsigned char *out, long long value) noexcept nogil
cdef unsigned char *exact(unsigned char *out, long long value, long long digits) noexcept nogil
cdef unsigned char *real(unsigned char *out, double value, Entry *e) noexcept nogil
cdef unsigned char *time(unsigned char *out, long long milliseconds, Entry *e) noexcept nogil
