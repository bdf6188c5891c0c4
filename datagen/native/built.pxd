# A number that the build gives to the compiler.
cdef extern from *:
    const unsigned int CORE_SOURCES
