"""The target ``stdout``."""

import os
import sys
from typing import ClassVar

from pydantic import PrivateAttr

from datagen.batch import Lines
from datagen.plugin import Target


class Stdout(Target):
    """Standard output.

    Example: {"type": "stdout"}
    """

    kind: ClassVar[str] = "stdout"
    _file: int = PrivateAttr(-1)

    def open(self) -> bool:
        sys.stdout.flush()
        self._file = os.dup(sys.stdout.fileno())
        return True

    def write(self, lines: Lines) -> None:
        data = lines.data
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)
