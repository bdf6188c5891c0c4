"""The target ``stdout``."""

import os
import sys
from typing import ClassVar

from pydantic import PrivateAttr

from datagen.batch import Lines
from datagen.plugin import Target, write_lines


class Stdout(Target):
    """Standard output.

    Example: {"type": "stdout"}
    """

    kind: ClassVar[str] = "stdout"
    _file: int = PrivateAttr(-1)

    def __str__(self) -> str:
        return "standard output"

    def problem(self) -> str | None:
        return "is closed" if sys.stdout is None else None

    def open(self) -> bool:
        sys.stdout.flush()
        self._file = os.dup(sys.stdout.fileno())
        return True

    def write(self, lines: Lines) -> None:
        write_lines(self._file, lines)

    def close(self) -> None:
        os.close(self._file)
