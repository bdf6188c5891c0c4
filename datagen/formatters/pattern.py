"""The formatter ``pattern``."""

import re
from typing import ClassVar

from pydantic import Field

from datagen.plugin.formatter import ColumnWriter, Formatter, LineWriter
from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern

_ESCAPE = re.compile(r"\\([tn\\])")
_MEANING = {"t": "\t", "n": "\n", "\\": "\\"}


class Pattern(Formatter):
    r"""A text of your own for each record, with `{{name}}` where the value of a dimension belongs.

    `{{a.b}}` is a key inside an object, `{{time|%H:%M}}` a time with strftime codes. `{name}` works too where `name`
    is a dimension; any other brace stands for itself. `\t`, `\n` and `\\` mean tab, newline and backslash.

    Example: {"type": "pattern", "text": "{{time}} hello"}
    """

    kind: ClassVar[str] = "pattern"
    pattern: str = Field(alias="text", description="the text of one record")

    def misfits(self, layout: Layout) -> list[str]:
        return self._read(layout).problems

    def begin(self, layout: Layout) -> LineWriter:
        pattern = self._read(layout)
        return _Writer(lambda columns: [*pattern.pieces(columns), "\n"])

    def _read(self, layout: Layout) -> TextPattern:
        text = self.pattern.removesuffix("\n").removesuffix("\r")
        return TextPattern(_ESCAPE.sub(lambda match: _MEANING[match[1]], text), layout)


class _Writer(ColumnWriter):
    reads_hidden: ClassVar[bool] = True
