"""Writing to a file descriptor: all of it, or as much as the system takes, whole records counted."""

import os
from typing import Any

import numpy as np

from datagen.plugin.target import ReaderGone, Undelivered
from datagen.problems import reason
from datagen.records.lines import Lines

_MOST_BYTES = 1 << 19  # of one write: for many at once Linux takes large pages, which a virtual machine may lack


def write_lines(file: int, lines: Lines) -> None:
    """Write all lines to a file descriptor.

    Raises Undelivered when it does not take them all, ReaderGone when nobody reads it any more.
    """
    done = 0
    try:
        while done < len(lines.data):
            done += os.write(file, lines.data[done : done + _MOST_BYTES])
    except BrokenPipeError as error:
        raise ReaderGone("nobody reads it any more") from error
    except OSError as error:
        raise Undelivered(reason(error), int(np.searchsorted(lines.ends, done, "right"))) from error


def write_whole(file: int, data: Any) -> None:
    """Write bytes to a file descriptor. Raises OSError, or ReaderGone when nobody reads it any more."""
    view = memoryview(data)
    done = 0
    try:
        while done < len(view):
            done += os.write(file, view[done : done + _MOST_BYTES])
    except BrokenPipeError as error:
        raise ReaderGone("nobody reads it any more") from error
