"""The formatter ``logfmt``."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from datagen.formatters.pairs import clashes, flattened, key, put_pairs
from datagen.plugin.formatter import Formatter, LineWriter, PieceWriter
from datagen.records.batch import Layout
from datagen.records.table import Table
from datagen.records.text import Pieces, json_text, plain_text

_NO_KEY = r'[\x00-\x20="\x7f]'
_QUOTED = r'[\x00-\x20="\\\x7f]|^$|^null$'


class Logfmt(Formatter):
    """Pairs of `key=value` with a space in between, as Heroku, Grafana Loki and many Go programs have them.

    Keys inside objects become `a.b`, lists are JSON. A value with spaces, quotes or control characters stands in
    quotes, with the escapes of JSON. What is missing or null is left out.

    Example: {"type": "logfmt"}
    """

    kind: ClassVar[str] = "logfmt"

    def misfits(self, layout: Layout) -> list[str]:
        return list(dict.fromkeys(clashes(layout, _NO_KEY)))

    def begin(self, layout: Layout) -> LineWriter:
        return PieceWriter(_pieces)


def _pieces(columns: Mapping[str, pa.Array]) -> Pieces:
    named = {key(name, _NO_KEY): array for name, array in flattened(columns.items())}
    return [partial(put_pairs, named, " ", _put), "\n"]


def _put(array: pa.Array, table: Table) -> None:
    texts = plain_text(array)
    quoted = pc.match_substring_regex(texts, _QUOTED)
    table.strings(pc.if_else(quoted, json_text(texts), texts) if pc.any(quoted).as_py() else texts)
