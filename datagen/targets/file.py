"""The target ``file``."""

import os
import stat
from pathlib import Path
from typing import ClassVar

from pydantic import Field, PrivateAttr

from datagen.target import Encoded, Position, Target, Undelivered, write_lines


class File(Target):
    """A file, replaced when the run begins, or appended to.

    When it can't take all of the records, because the disk is full, say, it is cut back to its last whole record.

    Example: {"type": "file", "path": "events.json", "append": true}
    """

    kind: ClassVar[str] = "file"
    path: str = Field(min_length=1, description="where it is, from the current directory")
    append: bool = Field(False, description="keep what is there and add to it")
    _file: int = PrivateAttr(-1)
    _size: int = PrivateAttr(0)

    def __str__(self) -> str:
        return f"file {self.path}"

    def problem(self) -> str | None:
        path = Path(self.path)
        if "\0" in self.path:
            return "the path has a null character"
        if path.is_dir():
            return f"{self.path} is a directory"
        if not path.parent.is_dir():
            return f"the directory {path.parent} does not exist"
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            return f"{self.path} may not be written"
        return None

    def open(self, position: Position) -> None:
        keeps = self.append or position is not None
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if keeps else os.O_TRUNC)
        self._file = os.open(self.path, flags, 0o666)
        if position is not None and stat.S_ISREG(os.fstat(self._file).st_mode):
            os.ftruncate(self._file, position["size"])
        self._size = os.fstat(self._file).st_size
        if self._size and not _ends_with_a_line(self.path):
            self._size += os.write(self._file, b"\n")
        if self._size == 0:
            self._size += os.write(self._file, self._formatter.header().encode())

    def write(self, encoded: Encoded) -> None:
        try:
            write_lines(self._file, encoded.lines)
        except Undelivered as error:
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                whole = int(encoded.lines.ends[error.records - 1]) if error.records else 0
                self._size += whole
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(encoded.lines.data)

    def position(self) -> Position:
        return {"size": self._size}

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _ends_with_a_line(path: str) -> bool:
    if not os.path.isfile(path):
        return True
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
