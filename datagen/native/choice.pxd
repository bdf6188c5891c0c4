# A choice by weights: in place where it is called, as that has arrays at hand.

cdef inline int place_of(
    unsigned long long random,
    const unsigned long long[::1] bounds,
    const int[::1] guide,
    int shift,
    int begin,
    int guided
) noexcept nogil:
    """Return which of the bounds from ``begin`` on is the first above a number of 53 bits, by a guide from ``guided`` on."""
    cdef int place = guide[guided + <int>(random >> shift)]
    while bounds[begin + place] <= random:
        place += 1
    return place

cdef inline int first_above(unsigned long long random, const unsigned long long[::1] bounds, int first, int last) noexcept nogil:
    """Return which of the bounds from ``first`` on is above a number of 53 bits; ``last`` when none before it is."""
    cdef int middle
    while first < last:
        middle = (first + last) >> 1
        if random < bounds[middle]:
            last = middle
        else:
            first = middle + 1
    return first
