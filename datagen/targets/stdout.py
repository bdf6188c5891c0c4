"""The target ``stdout``."""

import os
import sys
from typing import ClassVar

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink, Target
from datagen.records.batch import Layout
from datagen.targets.descriptor import write_lines, write_whole


class Stdout(Target):
    """Standard output.

    Example: {"type": "stdout"}
    """

    kind: ClassVar[str] = "stdout"

    def __str__(self) -> str:
        return "standard output"

    def problem(self) -> str | None:
        return "is closed" if sys.stdout is None else None

    def occupies(self) -> list[str]:
        return ["standard output"]

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        return _Output(formatter.stream(layout), scope)


class _Output(Sink):
    """Writes to a copy of the descriptor of standard output, past Python's buffer."""

    _file: int
    _records = 0  # that were written

    def open(self, position: Position) -> None:
        sys.stdout.flush()
        self._file = os.dup(sys.stdout.fileno())
        self.opened.callback(os.close, self._file)
        if position is None or (self.writer.footer and not self._records):  # with which the run before has closed
            write_whole(self._file, self.writer.header)

    def write(self, encoded: Encoded) -> None:
        write_lines(self._file, self.writer.block(encoded.lines, self._records))
        self._records += len(encoded)

    def finish(self) -> None:
        write_whole(self._file, self.writer.footer)
