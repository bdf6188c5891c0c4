"""The target ``stdout``."""

import os
import sys
from typing import ClassVar

from pydantic import PrivateAttr

from datagen.plugin.target import Encoded, Position, Target
from datagen.targets.descriptor import write_lines


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

    def open(self, position: Position) -> None:
        sys.stdout.flush()
        self._file = os.dup(sys.stdout.fileno())
        if position is None:
            os.write(self._file, self._formatter.header().encode())

    def write(self, encoded: Encoded) -> None:
        write_lines(self._file, encoded.lines)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
