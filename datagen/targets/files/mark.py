"""Marks of files: by which a run that goes on knows that a file is still what it has left.

A mark is made of the size and the last bytes, so it costs the same for every file and survives a copy to another disk.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from datagen.plugin.target import Undelivered
from datagen.targets.files.rotation import Filled

TAIL = 1024  # bytes: some records, or the end of a Parquet file, which says what is in its columns
_LENGTH = 8  # of a mark, in a text of several


def mark(size: int, tail: Any) -> str:
    """Return the mark of a file of so many bytes that ends like this."""
    return f"{crc32(memoryview(tail)[-TAIL:], size % 2**32):0{_LENGTH}x}"


def marks(several: str) -> Iterator[str]:
    """Yield each of several marks that were written one after the other."""
    return (several[begin : begin + _LENGTH] for begin in range(0, len(several), _LENGTH))


def tail_of(name: str, size: int) -> bytes:
    """Return the last bytes of the first so many of a file; fewer if it is shorter, none if it is no file."""
    if size == 0 or not os.path.isfile(name):
        return b""
    with open(name, "rb") as file:
        file.seek(max(size - TAIL, 0))
        return file.read(min(size, TAIL))


def mark_of(name: str) -> str:
    """Return the mark of a file, "" if there is none. Raises OSError."""
    if not os.path.isfile(name):
        return ""
    size = os.path.getsize(name)
    return mark(size, tail_of(name, size))


def mark_of_all(marked: Iterable[tuple[str, str]]) -> str:
    """Return the mark of several files, from the name and the mark of each."""
    return f"{crc32(repr(sorted(marked)).encode()):0{_LENGTH}x}"


def changed(name: str) -> Undelivered:
    """Make what says that a file is not what the run has left."""
    text = f"{name} was changed, replaced or removed after the run had written it; begin a new run, with another state"
    return Undelivered(text, lasting=True)


@dataclass
class Begun:
    """How far the file of a path is."""

    number: int
    size: int  # bytes on the disk
    tail: bytes = b""  # the last of them
    finished: str = ""  # the marks of the files before it, of this run
    filled: Filled = field(default_factory=Filled)
    is_kept: bool = True  # what goes through a named pipe is not, and has no size

    def kept(self) -> list[Any]:
        """Return all of it for the position."""
        filled = self.filled
        marked = mark(self.size, self.tail)
        return [self.number, self.size, marked, self.finished, filled.records, filled.bytes, filled.window]

    def copy(self) -> "Begun":
        """Return one that stays as this one is now."""
        return replace(self, filled=replace(self.filled))

    def add(self, data: Any) -> None:
        """Take note of bytes that are on the disk now."""
        if not self.is_kept:
            return
        self.size += len(data)
        self.tail = (self.tail + bytes(data[-TAIL:]))[-TAIL:]
