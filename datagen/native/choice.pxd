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
