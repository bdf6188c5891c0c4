"""The target ``file``."""

import os
import stat
from pathlib import Path
from typing import ClassVar

from pydantic import Field, PrivateAttr

from datagen.batch import Lines
from datagen.plugin import PartlyWritten, Target, write_lines


class File(Target):
    """A file, replaced when the run begins, or appended to.

    When it can't take all of the records, because the disk is full, say, it is cut back to its last whole record.

    Example: {"type": "file", "path": "events.json", "append": true}
    """

    kind: ClassVar[str] = "file"
    path: str = Field(min_length=1, description="where it is, from the current directory")
    append: bool = Field(False, description="keep what is there and add to it")
    _file: int = PrivateAttr(-1)

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

    def open(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self.append else os.O_TRUNC)
        self._file = os.open(self.path, flags, 0o666)
        size = os.fstat(self._file).st_size
        if size and not _ends_with_a_line(self.path):
            os.write(self._file, b"\n")
        return size == 0

    def write(self, lines: Lines) -> None:
        before = os.fstat(self._file)
        try:
            write_lines(self._file, lines)
        except PartlyWritten as error:
            if stat.S_ISREG(before.st_mode):
                os.ftruncate(self._file, before.st_size + int(lines.ends[error.records - 1] if error.records else 0))
            raise

    def close(self) -> None:
        os.close(self._file)


def _ends_with_a_line(path: str) -> bool:
    if not os.path.isfile(path):
        return True
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
