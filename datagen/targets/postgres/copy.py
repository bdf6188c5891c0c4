r"""Records as rows of PostgreSQL's COPY text format, and rows of a table as the same lines again.

Cells stand between tabs; backslash, tab and line ends inside one are escaped, ``\N`` is null
(https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"). Knows types of columns, but no server.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from datagen.plugin.target import Kept
from datagen.records.batch import Batch, Layout
from datagen.records.decimal import is_decimal
from datagen.records.lines import Lines, pieces
from datagen.records.schema.sql import column_types, sql_type
from datagen.records.text import Piece, Pieces, join, json_text, plain_text, written
from datagen.records.types import JSON_TEXT, plain, present

_NULL = "\\N"
GONE = b"t"  # a cell that is true
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


@dataclass(frozen=True)
class Column:
    """A column, as all records have it, whatever their emitter."""

    name: str
    kind: pa.DataType

    @cached_property
    def is_json(self) -> bool:
        """Return whether it holds objects, lists or values of several types."""
        return bool(self.kind == JSON_TEXT or pa.types.is_nested(self.kind))

    @cached_property
    def is_time(self) -> bool:
        return bool(pa.types.is_timestamp(self.kind))

    @cached_property
    def is_text(self) -> bool:
        """Return whether its values would be strings in JSON."""
        return self.is_time or bool(pa.types.is_string(self.kind))

    @cached_property
    def sql_type(self) -> str:
        """Return the type that a table gets for it; text for what is always null."""
        return sql_type(self.kind)


def columns_of(layout: Layout) -> list[Column]:
    """Return the columns of all emitters together."""
    return [Column(name, kind) for name, kind in column_types(layout).items()]


def copy_lines(
    batch: Batch, columns_of: Callable[[str], Sequence[Column]], last: Sequence[pa.Array] | None = None
) -> Lines:
    """Write each record as a row of the columns of its emitter; null for those that it does not have.

    ``last`` has one more cell for the records of each part, (k,).
    """
    rows = []
    for number, part in enumerate(batch.parts):
        shown = part.shown
        cells = [_cell(shown[c.name], c.is_json) if c.name in shown else _NULL for c in columns_of(part.emitter)]
        cells += [] if last is None else [last[number]]
        rows.append((part.rows, _row(cells)))
    return written(rows, len(batch)).lines()


def read_rows(data: bytes, columns: Sequence[Column]) -> Lines:
    """Write rows that came as CSV once more, each as ``copy_lines`` wrote it; times come as ms since 1970."""
    names = [str(number) for number in range(len(columns))]
    table = pa.csv.read_csv(
        pa.py_buffer(data),
        # No threads: one that is alive while Python ends can end the process with SIGABRT.
        pa.csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
        pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).combine_chunks()
    arrays = [array.chunk(0) if array.num_chunks else pa.nulls(0, pa.string()) for array in table.columns]
    cells = [_cell(_parsed(array, column), False) for array, column in zip(arrays, columns, strict=True)]
    return Lines.of(join(_row(cells), table.num_rows))


def comparable_rows(lines: Lines, columns: Sequence[Column]) -> list[bytes]:
    """Return each row in a form that is the same for the same values; about 3 µs for each cell of JSON."""
    rows = [bytes(row) for row in pieces(lines)]
    places = [number for number, column in enumerate(columns) if column.is_json]
    return [_comparable(row, places) for row in rows] if places else rows


def kept_rows(rows: Iterable[bytes], places: Sequence[int], table: str = "") -> list[Kept]:
    """Return rows as ``comparable_rows`` makes them with the cells at some places, and their table, as their key."""
    return [(_key(row.split(b"\t"), places, table), row) for row in rows]


def kept_change(row: bytes, columns: Sequence[Column], places: Sequence[int], table: str) -> Kept:
    """Return what a row leaves under its key; it ends with a cell that says whether it goes away."""
    row, _, last = row.rpartition(b"\t")
    row = _comparable(row, [number for number, column in enumerate(columns) if column.is_json])
    return _key(row.split(b"\t"), places, table), None if last == GONE else row


def _key(cells: Sequence[bytes], places: Sequence[int], table: str) -> bytes:
    return b"\t".join([table.encode(), *(cells[place] for place in places)])


def _comparable(row: bytes, places: Sequence[int]) -> bytes:
    cells = row.split(b"\t")
    for place in places:
        cells[place] = _canonical(cells[place])
    return b"\t".join(cells)


def _row(cells: Iterable[str | pa.Array]) -> Pieces:
    pieces: list[Piece] = []
    for cell in cells:
        pieces += [cell, "\t"]
    return [*pieces[:-1], "\n"]


def _cell(array: pa.Array, as_json: bool) -> pa.Array:
    """Write each value as a cell; a dictionary array stays one, so that each of its values is written once."""
    array = present(array)
    if not pa.types.is_dictionary(array.type):
        return _text(array, as_json)
    if len(array.dictionary) > len(array):
        return _cell(array.dictionary.take(array.indices), as_json)
    text = plain(_cell(array.dictionary, as_json))
    if array.indices.null_count:
        return pc.fill_null(text.take(array.indices), _NULL)
    return pa.DictionaryArray.from_arrays(array.indices, text)


def _text(array: pa.Array, as_json: bool) -> pa.Array:
    text = json_text(array) if as_json else plain_text(array)
    if as_json or pa.types.is_string(
        array.type
    ):  # all else has nothing to escape; looking for it took a third of the time
        text = _escaped(text)
    valid = array.is_valid()
    if pa.types.is_floating(array.type):
        valid = pc.and_(valid, pc.fill_null(pc.is_finite(array), False))  # as in JSON, which knows no infinity
    return text if pc.all(valid).as_py() is not False else pc.if_else(valid, text, _NULL)


def _escaped(text: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(text, "[\\\\\t\n\r]")).as_py():
        return text
    for character, escape in _ESCAPES.items():
        text = pc.replace_substring(text, character, escape)
    return text


def _parsed(text: pa.Array, column: Column) -> pa.Array:
    """Read values of a column's type; where one is of no such type, somebody has altered it, and the text stays."""
    kind = column.kind
    try:
        if column.is_time:
            return text.cast(pa.int64()).cast(kind)
        if pa.types.is_integer(kind):
            return _integers(text)
        return text.cast(kind) if pa.types.is_floating(kind) or is_decimal(kind) else text
    except pa.ArrowInvalid:
        return text


def _integers(text: pa.Array) -> pa.Array:
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:  # such as 5.00 in a column of type numeric(10, 2)
        return text.cast(pa.float64()).cast(pa.int64())


@lru_cache(65536)
def _canonical(cell: bytes) -> bytes:
    """Write JSON with sorted keys, and numbers as PostgreSQL's jsonb tells them apart: 1.0 is 1.

    What is none, such as null's cell, stays as it is.
    """
    try:
        value = json.loads(cell.replace(b"\\\\", b"\\"), parse_float=_number)
    except ValueError:
        return cell
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


def _number(text: str) -> int | float:
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)
