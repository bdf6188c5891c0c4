"""The formatter ``json``."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from datagen.formatters.reshape import clashes, nested, with_epochs, without_nulls
from datagen.native import spelling
from datagen.plugin.formatter import NDJSON, Formatter, LineWriter, PieceWriter
from datagen.problems import show
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.text import Pieces, json_pieces


class Json(Formatter):
    """One JSON object a line: compact, in UTF-8, each value with its JSON type. What is missing has no key.

    With keys, the same records look otherwise. With `indent` a record takes several lines, which programs that read one
    record a line don't take.

    Example: {"type": "json"}
    Example: {"type": "json", "times": "epoch_ms", "nulls": false}
    Example: {"type": "json", "nest": true, "indent": 2}
    """

    kind: ClassVar[str] = "json"
    media_type: ClassVar[str] = "application/json"
    times: Literal["iso", "epoch_ms"] = Field(
        "iso", description="how times are written: ISO 8601 with milliseconds, or milliseconds since 1970 as a number"
    )
    nulls: bool = Field(True, description="write keys whose value is null; else they are left out, inside objects too")
    nest: bool = Field(
        False, description="write dimensions whose names have points, such as `user.id`, as keys of nested objects"
    )
    indent: int | None = Field(
        None, ge=1, le=16, description="spaces for each level, and each value on a line of its own; one line without it"
    )
    ascii: bool = Field(False, description="write characters beyond ASCII as `\\u00e9` and the like")

    def __str__(self) -> str:
        return super().__str__() if self.is_json else f'{show(self.kind)} with "indent"'

    @property
    def is_json(self) -> bool:
        return self.indent is None

    @property
    def stream_type(self) -> str:
        return NDJSON if self.is_json else self.media_type

    def misfits(self, layout: Layout) -> list[str]:
        found: list[str] = []
        if layout.texts() and (self.indent or self.ascii):
            texts = ", ".join(map(show, layout.texts()))
            found.append(f'whole texts ({texts}) are written as they are: "indent" and "ascii" change nothing of them')
        return [*found, *(self._clashes(layout) if self.nest else ())]

    def _clashes(self, layout: Layout) -> list[str]:
        found = [pair for columns in layout.shown().emitters.values() for pair in clashes(columns)]
        return [
            f'"nest": {show(name)} would be inside of {show(other)}, which is a dimension itself'
            for name, other in dict.fromkeys(found)
        ]

    def begin(self, layout: Layout) -> LineWriter:
        return _Writer(json_pieces) if self == Json() else _Reshaped(self)


class _Writer(PieceWriter):
    """Writes the lines that a batch may have already."""

    def lines(self, batch: Batch) -> Lines:
        return batch.json


class _Reshaped(PieceWriter):
    """Writes records as the keys of a format say."""

    def __init__(self, format_: Json) -> None:
        super().__init__(self._reshaped)
        self._changes = [
            *([with_epochs] if format_.times == "epoch_ms" else []),
            *([nested] if format_.nest else []),
            *([without_nulls] if not format_.nulls else []),
        ]
        self._indent, self._ascii = format_.indent or 0, format_.ascii

    def lines(self, batch: Batch) -> Lines:
        lines = super().lines(batch)
        if not self._indent and (not self._ascii or pa.py_buffer(lines.data).to_pybytes().isascii()):
            return lines
        ends = lines.ends.copy()
        made = spelling.respell(lines.data.cast("B"), ends, self._indent, self._ascii, pa.allocate_buffer)
        return Lines(memoryview(made), ends)

    def _reshaped(self, columns: Mapping[str, pa.Array]) -> Pieces:
        for change in self._changes:
            columns = change(columns)
        return json_pieces(columns)
