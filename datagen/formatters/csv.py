"""The formatters ``csv`` and ``tsv``."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import pyarrow as pa

from datagen.plugin.formatter import ColumnWriter, Formatter, LineWriter
from datagen.records.batch import Layout
from datagen.records.text import Piece, Pieces, plain_text, put_plain


class Csv(Formatter):
    """Comma-separated values: a header line with the names of all dimensions, cells quoted where RFC 4180 asks for it.

    What is missing or null is an empty cell, objects and lists are written as JSON. Lines end with a line feed.

    Example: {"type": "csv"}
    """

    kind: ClassVar[str] = "csv"
    media_type: ClassVar[str] = "text/csv"
    separator: ClassVar[str] = ","

    def begin(self, layout: Layout) -> LineWriter:
        names = layout.shown().names()
        header = self.separator.join(plain_text(pa.array(names), self.separator).to_pylist()) + "\n"
        return ColumnWriter(partial(self._pieces, names), header)

    def _pieces(self, names: list[str], columns: Mapping[str, pa.Array]) -> Pieces:
        pieces: list[Piece] = []
        for name in names:
            if name in columns:
                pieces.append(partial(put_plain, columns[name], separator=self.separator))
            pieces.append(self.separator)
        return [*pieces[:-1], "\n"]


class Tsv(Csv):
    """Tab-separated values; otherwise like `csv`.

    Example: {"type": "tsv"}
    """

    kind: ClassVar[str] = "tsv"
    media_type: ClassVar[str] = "text/tab-separated-values"
    separator: ClassVar[str] = "\t"
