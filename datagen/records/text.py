"""Arrow arrays to text: JSON, and the plain text of a cell in a table or a pattern.

The text of a record is a list of *pieces*: constants, and what is to be written of columns. The pieces of many records
are put on a table, which the core writes from. The values of a dictionary become text once, together with the text
around them; and once for all dictionary columns that share their indices.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.records.decimal import is_decimal
from datagen.records.table import Table, Texts
from datagen.records.types import JSON_TEXT, is_optional, present

Put = Callable[[Table], None]  # writes a value of each record
Piece: TypeAlias = str | bytes | pa.Array | Put  # an array stands for its plain text
Pieces: TypeAlias = Sequence[Piece]


def json_text(array: pa.Array) -> pa.Array:
    """Write each value as compact JSON."""
    return join([partial(put_json, array)], len(array))


def plain_text(array: pa.Array, separator: str = "") -> pa.Array:
    """Write each value as in a cell: strings without quotes, null and missing as the empty text, all else as JSON.

    With a separator, what a table needs in quotes is quoted (RFC 4180, section 2).
    """
    return join([partial(put_plain, array, separator=separator)], len(array))


def join(pieces: Pieces, size: int) -> pa.Array:
    """Write the pieces of ``size`` records as a string array."""
    table = Table()
    _put_part(pieces, size, table)
    return table.write(np.zeros(size, np.int32)).array()


def written(parts: Iterable[tuple[Integers, Pieces]], size: int) -> Texts:
    """Write the records of several parts, each with its rows, in the order of all ``size`` rows."""
    table = Table()
    owners = np.zeros(size, np.int32)
    for number, (rows, pieces) in enumerate(parts):
        if number:
            owners[rows] = number
        _put_part(pieces, len(rows), table)
    return table.write(owners)


def json_pieces(columns: Mapping[str, pa.Array]) -> Pieces:
    """Return the pieces of records as lines of compact JSON."""
    return [partial(put_object, columns.items()), "\n"]


def put_json(array: pa.Array, table: Table) -> None:
    """Write values as compact JSON."""
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, put_json, "null", table)
    elif array.null_count == len(array):
        table.text("null")
    elif array.null_count:
        table.begin_valid(array, "null")
        _put_value(array, table)
        table.end()
    else:
        _put_value(array, table)


def put_object(fields: Iterable[tuple[str, pa.Array]], table: Table) -> None:
    """Write JSON objects; a key whose value is missing is left out."""
    table.begin_object()
    for group in _sharing_indices(fields):
        _put_members(group, table)
    table.end()


def put_plain(array: pa.Array, table: Table, separator: str = "") -> None:
    """Write values as in a cell; with a separator, quoted where a table needs it (RFC 4180, section 2)."""
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, partial(put_plain, separator=separator), "", table)
    elif array.null_count == len(array):
        return
    elif array.null_count:
        table.begin_valid(array, "")
        _put_plain_value(array, table, separator)
        table.end()
    else:
        _put_plain_value(array, table, separator)


def _put_part(pieces: Pieces, size: int, table: Table) -> None:
    for piece in pieces:
        if isinstance(piece, str | bytes):
            table.text(piece)
        elif callable(piece):
            piece(table)
        elif len(piece) != size:
            raise ValueError(f"{len(piece)} texts for {size} records")
        else:
            put_plain(piece, table)
    table.end_part(size)


def put_valid(array: pa.Array, put: Callable[[pa.Array, Table], None], null: str | bytes, table: Table) -> None:
    """Write values, and a text for what is null or missing."""
    array = present(array)
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, lambda values, table: put_valid(values, put, null, table), null, table)
    elif array.null_count == len(array):
        table.text(null)
    elif array.null_count:
        table.begin_valid(array, null)
        put(array, table)
        table.end()
    else:
        put(array, table)


def put_dictionary(
    array: pa.DictionaryArray, put: Callable[[pa.Array, Table], None], null: str | bytes, table: Table
) -> None:
    """Write each value of a dictionary once, unless there are more of them than rows."""
    if len(array.dictionary) > len(array):
        put(array.dictionary.take(array.indices), table)
    else:
        put_codes(array.indices, partial(put, array.dictionary), len(array.dictionary), null, table)


def put_codes(codes: pa.Array, put: Put, size: int, null: str | bytes, table: Table) -> None:
    """Write what is put for each of ``size`` codes; null is one more code."""
    codes = codes.cast(pa.int32()) if codes.type != pa.int32() else codes
    texts = Table()
    _put_part([put], size, texts)
    owners = np.zeros(size + 1, np.int32)
    owners[-1] = 1
    _put_part([null], 1, texts)
    table.codes(codes.fill_null(size) if codes.null_count else codes, texts.write(owners))


def _sharing_indices(fields: Iterable[tuple[str, pa.Array]]) -> list[list[tuple[str, pa.Array]]]:
    """Group neighbours that are dictionary arrays with the same indices in memory."""
    groups: list[list[tuple[str, pa.Array]]] = []
    last = None
    for name, array in fields:
        address = None
        if pa.types.is_dictionary(array.type):
            buffers = [0 if buffer is None else buffer.address for buffer in array.indices.buffers()]
            address = (*buffers, array.offset, len(array.dictionary))
        if address is not None and address == last:
            groups[-1].append((name, array))
        else:
            groups.append([(name, array)])
        last = address
    return groups


def _put_members(group: list[tuple[str, pa.Array]], table: Table) -> None:
    """Write ``,"name":value`` for fields that share their indices, or for one field."""
    name, array = group[0]
    key = _key(name)
    if pa.types.is_dictionary(array.type):
        fields = [(name, array.dictionary) for name, array in group]
        if len(array.dictionary) > len(array):
            for name, values in fields:
                _put_members([(name, values.take(array.indices))], table)
        else:
            nulls = "".join(f"{_key(name)}null" for name, _ in group)
            put_codes(array.indices, partial(_put_all_members, fields), len(array.dictionary), nulls, table)
    elif is_optional(array.type) and array.null_count:
        table.begin_valid(array, "")
        table.text(key)
        put_json(array.field(0), table)
        table.end()
    else:
        table.text(key)
        put_json(array, table)


def _put_all_members(fields: list[tuple[str, pa.Array]], table: Table) -> None:
    for field in fields:
        _put_members([field], table)


@cache
def _key(name: str) -> str:
    return f",{json.dumps(name, ensure_ascii=False)}:"


def _put_value(array: pa.Array, table: Table) -> None:
    """Write values as JSON; what is written for a null does not matter."""
    type_ = array.type
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        table.json_strings(array)
    elif pa.types.is_floating(type_):
        table.floats(_doubles(array))
    elif pa.types.is_integer(type_):
        table.integers(array if type_ in (pa.int64(), pa.uint64()) else array.cast(pa.int64()))
    elif pa.types.is_boolean(type_):
        table.booleans(array)
    elif is_decimal(type_):
        table.decimals(array)
    elif pa.types.is_timestamp(type_):
        table.text('"')
        _put_time(array, table)
        table.text('"')
    elif is_optional(type_):
        put_json(array.field(0), table)
    elif pa.types.is_struct(type_):
        put_object(((type_.field(index).name, array.field(index)) for index in range(type_.num_fields)), table)
    elif pa.types.is_list(type_):
        table.text("[")
        put_json(table.begin_list(array), table)
        table.end()
        table.text("]")
    else:
        table.strings(array if type_ == JSON_TEXT else array.cast(pa.string()))


def _put_plain_value(array: pa.Array, table: Table, separator: str) -> None:
    type_ = array.type
    if is_optional(type_):
        put_plain(array.field(0), table, separator)
    elif pa.types.is_timestamp(type_):
        _put_time(array, table)
    elif pa.types.is_primitive(type_) or is_decimal(type_):
        _put_value(array, table)
    else:
        if separator:
            table.begin_cell(separator)
        _put_plain_text(array, table)
        if separator:
            table.end()


def _put_plain_text(array: pa.Array, table: Table) -> None:
    """Write values that may hold separators, quotes or line breaks."""
    type_ = array.type
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        table.strings(array)
    elif type_ == JSON_TEXT:
        table.strings(_plain_json(array))
    else:
        _put_value(array, table)


def _put_time(array: pa.Array, table: Table) -> None:
    """Write times as ISO 8601 with milliseconds."""
    zone = array.type.tz
    ahead, suffix = (0, "") if zone is None else (offset_milliseconds(zone), "Z" if zone == "UTC" else zone)
    table.times(as_milliseconds(array), ahead, suffix)


def as_milliseconds(values: pa.Array) -> pa.Array:
    """Return times rounded down to milliseconds; other values as they are."""
    if not pa.types.is_timestamp(values.type) or values.type.unit == "ms":
        return values
    there = values.is_valid().to_numpy(zero_copy_only=False)
    at = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64()).fill_null(0).to_numpy()
    return pa.array(at // 1000, mask=~there).cast(pa.timestamp("ms", values.type.tz))


def _doubles(array: pa.Array) -> pa.Array:
    """Return floats as float64; those of fewer bits as the number that their shortest text says."""
    if pa.types.is_float64(array.type):
        return array
    wide = array.cast(pa.float64())
    whole = pc.and_(pc.equal(pc.round(wide), wide), pc.less(pc.abs(wide), 1e15))
    return pc.if_else(whole, wide, array.cast(pa.string()).cast(pa.float64()))


def offset_milliseconds(zone: str) -> int:
    """Return how many milliseconds the clocks of an offset such as ``+02:00``, or of ``UTC``, are ahead of UTC."""
    offset = datetime.fromisoformat(f"2000-01-01T00:00:00{'Z' if zone == 'UTC' else zone}").utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def _plain_json(array: pa.Array) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [None if text is None else (text.decode(), json.loads(text)) for text in encoded.dictionary.to_pylist()]
    text = [
        "" if pair is None or pair[1] is None else pair[1] if isinstance(pair[1], str) else pair[0] for pair in values
    ]
    return pc.fill_null(pa.array(text, pa.string()).take(encoded.indices), "")
