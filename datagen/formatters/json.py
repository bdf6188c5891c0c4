"""The formatter ``json``."""

from typing import ClassVar

from datagen.plugin.formatter import Formatter, LineWriter, PieceWriter
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.text import json_pieces


class Json(Formatter):
    """One JSON object a line: compact, in UTF-8, each value with its JSON type. What is missing has no key.

    Example: {"type": "json"}
    """

    kind: ClassVar[str] = "json"

    def begin(self, layout: Layout) -> LineWriter:
        return _Writer(json_pieces)


class _Writer(PieceWriter):
    """Writes the lines that a batch may have already."""

    def lines(self, batch: Batch) -> Lines:
        return batch.json
