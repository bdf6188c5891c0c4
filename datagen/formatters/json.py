"""The formatter ``json``."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import pyarrow as pa

from datagen.plugin.formatter import Formatter, LineWriter, PieceWriter
from datagen.records.batch import Layout
from datagen.records.text import Pieces, put_object


class Json(Formatter):
    """One JSON object a line: compact, in UTF-8, each value with its JSON type. What is missing has no key.

    Example: {"type": "json"}
    """

    kind: ClassVar[str] = "json"

    def begin(self, layout: Layout) -> LineWriter:
        return PieceWriter(_pieces)


def _pieces(columns: Mapping[str, pa.Array]) -> Pieces:
    return [partial(put_object, columns.items()), "\n"]
