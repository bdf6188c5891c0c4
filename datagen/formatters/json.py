"""The formatter ``json``."""

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.records.batch import Layout
from datagen.records.pieces import join
from datagen.records.text import object_pieces


class Json(Formatter):
    """One JSON object a line: compact, in UTF-8, each value with its JSON type. What is missing has no key.

    Example: {"type": "json"}
    """

    kind: ClassVar[str] = "json"

    def begin(self, layout: Layout) -> LineWriter:
        return LineWriter(_text)


def _text(columns: Mapping[str, pa.Array]) -> pa.Array:
    size = len(next(iter(columns.values())))
    return join([*object_pieces(columns.items()), "\n"], size)
