"""Waits in columns: how long somebody stays, or until the next one comes, drawn as seconds, kept as whole ns."""

import cython
from cython.cimports.datagen.native.waits import wait


def waits(
    family: cython.int,
    offset: cython.double,
    scale: cython.double,
    rows: cython.const[cython.ulonglong][::1],
    purpose: cython.ulonglong,
    drawn: cython.longlong[::1],
) -> None:
    """Fill ``drawn`` (n,) with a wait for each row (n,); raises ValueError when there is no room for each."""
    row: cython.Py_ssize_t
    if rows.shape[0] != drawn.shape[0]:
        raise ValueError("columns of different lengths")
    with cython.nogil:
        for row in range(rows.shape[0]):
            drawn[row] = wait(family, offset, scale, rows[row] ^ purpose)
