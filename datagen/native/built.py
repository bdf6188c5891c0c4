"""What the libraries of the core were built from."""

from cython.cimports.datagen.native.built import CORE_SOURCES


def sources() -> int:
    """Return the checksum of the sources, which ``datagen.native`` compares with those that lie beside it."""
    return CORE_SOURCES
