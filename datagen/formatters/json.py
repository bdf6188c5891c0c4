"""The formatter ``json``."""

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa

from datagen.plugin.formatter import Formatter
from datagen.records.pieces import join
from datagen.records.text import object_pieces


class Json(Formatter):
    """One JSON object a line: compact, UTF-8, every value with its JSON type. What is missing has no key.

    Example: {"type": "json"}
    """

    kind: ClassVar[str] = "json"

    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        size = len(next(iter(columns.values())))
        return join([*object_pieces(columns.items()), "\n"], size)
