"""The formatter ``pattern``."""

import re
from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
from pydantic import Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern

_ESCAPE = re.compile(r"\\([tn\\])")
_MEANING = {"t": "\t", "n": "\n", "\\": "\\"}


class Pattern(Formatter):
    r"""The text of one record, with `{{name}}` where the value of a dimension belongs.

    `{{a.b}}` is a key inside an object, `{{time|%H:%M}}` a time with strftime codes. `{name}` works too where `name`
    is a dimension; any other brace stands for itself. `\t`, `\n` and `\\` mean tab, newline and backslash.

    Example: {"type": "pattern", "text": "{{time}} hello"}
    """

    kind: ClassVar[str] = "pattern"
    pattern: str = Field(alias="text", description="the text of one record")
    _made: TextPattern = PrivateAttr()

    def prepare(self, layout: Layout) -> list[str]:
        text = _ESCAPE.sub(lambda match: _MEANING[match[1]], self.pattern.removesuffix("\n").removesuffix("\r"))
        self._made = TextPattern(text, layout)
        return self._made.problems

    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        return self._made.text(columns, end="\n")
