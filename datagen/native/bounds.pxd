from datagen.native.entry cimport Entry

cdef long long bound(
    Entry *entries, long long at, long long last, long long first, long long count, long long room
) noexcept nogil
