# What other modules of the core may call of this one, without Python in between; what is short in place.

cdef inline unsigned long long mix(unsigned long long z) noexcept nogil:
    """Scramble 64 bits: the finalizer of SplitMix64 (variant 13 of D. Stafford's mixers)."""
    z = (z ^ (z >> 30)) * <unsigned long long>0xBF58476D1CE4E5B9ULL
    z = (z ^ (z >> 27)) * <unsigned long long>0x94D049BB133111EBULL
    return z ^ (z >> 31)

cdef inline unsigned long long numbered(unsigned long long key, unsigned long long number) noexcept nogil:
    """Return the key of a numbered part of a row: a step of 2**64 / golden ratio (SplitMix64: Steele et al., 2014)."""
    return mix(key + (number + 1) * <unsigned long long>0x9E3779B97F4A7C15ULL)

cdef inline double unit(unsigned long long random) noexcept nogil:
    """Return a number in [0, 1), a multiple of 2**-53."""
    return <double>(random >> 11) * 1.1102230246251565e-16

cdef inline unsigned long long high_word(unsigned long long random, unsigned long long size) noexcept nogil:
    """Return a whole number below a size, where 0 stands for 2**64: the high word of ``random * size``.

    Source: D. Lemire, Fast random integer generation in an interval, 2019. The bias is at most size / 2**64.
    """
    cdef unsigned long long high = random >> 32
    cdef unsigned long long low = random & <unsigned long long>0xFFFFFFFF
    cdef unsigned long long size_high = size >> 32
    cdef unsigned long long size_low = size & <unsigned long long>0xFFFFFFFF
    cdef unsigned long long middle = high * size_low + ((low * size_low) >> 32)
    if size == size_low and size != 0:
        return middle >> 32
    if size == 0:
        return random
    return high * size_high + (middle >> 32) + ((low * size_high + (middle & <unsigned long long>0xFFFFFFFF)) >> 32)

cdef inline long long held(long long number, long long least, long long most) noexcept nogil:
    """Return the nearest number that is inside the bounds, both included."""
    return least if number < least else most if number > most else number

cdef double standard(int family, unsigned long long random) noexcept nogil
cdef long long to_whole(double x, bint down) noexcept nogil
cdef double off(double value, double scale) noexcept nogil
