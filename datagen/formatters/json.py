"""The formatter ``json``."""

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa

from datagen.plugin import Formatter
from datagen.text import join, object_pieces


class Json(Formatter):
    """One JSON object a line: compact, UTF-8, every value with its JSON type. What is missing has no key.

    Example: {"type": "json"}
    """

    kind: ClassVar[str] = "json"

    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        size = len(next(iter(columns.values())))
        return join([*object_pieces(columns.items()), "\n"], size)
