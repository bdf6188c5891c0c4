"""The formatters ``csv`` and ``tsv``."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.records.batch import Layout
from datagen.records.pieces import Pieces, join
from datagen.records.text import plain_text


class Csv(Formatter):
    """Comma-separated values: a header line with the names of all dimensions, cells quoted where RFC 4180 asks for it.

    What is missing or null is an empty cell, objects and lists are written as JSON. Lines end with a line feed.

    Example: {"type": "csv"}
    """

    kind: ClassVar[str] = "csv"
    separator: ClassVar[str] = ","

    def begin(self, layout: Layout) -> LineWriter:
        names = layout.names()
        header = self.separator.join(self._quoted(pa.array(names, pa.string())).to_pylist()) + "\n"
        return LineWriter(partial(self._text, names), header)

    def _text(self, names: list[str], columns: Mapping[str, pa.Array]) -> pa.Array:
        pieces: Pieces = []
        for name in names:
            pieces += [self._cell(columns[name]) if name in columns else "", self.separator]
        pieces[-1] = "\n"
        return join(pieces, len(next(iter(columns.values()))))

    def _cell(self, array: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(array.type) and len(array.dictionary) <= len(array):
            return pc.fill_null(self._cell(array.dictionary).take(array.indices), "")
        return self._quoted(plain_text(array))

    def _quoted(self, text: pa.Array) -> pa.Array:
        """Quote what holds a separator, a quote or a line break (RFC 4180, section 2)."""
        special = pc.match_substring_regex(text, f'[{self.separator}"\r\n]')
        if not pc.any(special).as_py():
            return text
        doubled = pc.replace_substring(text, '"', '""')
        return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), text)


class Tsv(Csv):
    """Tab-separated values; otherwise like `csv`.

    Example: {"type": "tsv"}
    """

    kind: ClassVar[str] = "tsv"
    separator: ClassVar[str] = "\t"
