"""The formatter ``msgpack``."""

import json
import struct
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.formatters.reshape import with_epochs
from datagen.plugin.formatter import ColumnWriter, Formatter, LineWriter
from datagen.records.batch import Layout
from datagen.records.table import Style, Table
from datagen.records.text import Pieces, plain_text, put_codes, put_dictionary
from datagen.records.types import JSON_TEXT, is_optional

_NIL, _FALSE, _TRUE = b"\xc0", b"\xc2", b"\xc3"  # the specification of MessagePack at msgpack.org, "Formats"


class Msgpack(Formatter):
    """MessagePack: a map for each record, like `json` in binary and a third shorter. What is missing has no key, and
    exact decimals, which it does not know, are texts.

    In files records stand one after the other, as every reader of MessagePack takes them; elsewhere each is a message.

    Example: {"type": "msgpack"}
    Example: {"type": "msgpack", "times": "epoch_ms"}
    """

    kind: ClassVar[str] = "msgpack"
    media_type: ClassVar[str] = "application/vnd.msgpack"
    is_text: ClassVar[bool] = False
    times: Literal["iso", "epoch_ms"] = Field(
        "iso", description="how times are written: ISO 8601 with milliseconds, or milliseconds since 1970 as a number"
    )

    def begin(self, layout: Layout) -> LineWriter:
        return _Writer(partial(_pieces, is_iso=self.times == "iso"))


class _Writer(ColumnWriter):
    end: ClassVar[int] = 0


def _pieces(columns: Mapping[str, pa.Array], is_iso: bool) -> Pieces:
    return [partial(_put_map, columns if is_iso else with_epochs(columns))]


def _put_map(columns: Mapping[str, pa.Array], table: Table) -> None:
    """Write maps; a key whose value is missing is left out, and not counted."""
    gone = [column for column in columns.values() if _may_lack(column)]
    if gone:
        there = sum((_is_there(column) for column in gone), np.int64(len(columns) - len(gone)))
        table.numbers(pa.array(there), Style.GROUP)
    else:
        table.text(packed_head(0x80, 15, 0xDE, len(columns)))
    for name, array in columns.items():
        _put_member(array, table, packed(name))


def _put_member(array: pa.Array, table: Table, key: bytes) -> None:
    if pa.types.is_dictionary(array.type) and is_optional(array.type.value_type):
        put_dictionary(array, partial(_put_member, key=key), key + _NIL, table)
    elif is_optional(array.type) and array.null_count:
        table.begin_valid(array, b"")
        table.text(key)
        _put(array.field(0), table)
        table.end()
    else:
        table.text(key)
        _put(array, table)


def _put(array: pa.Array, table: Table) -> None:
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, _put, _NIL, table)
    elif array.null_count == len(array):
        table.text(_NIL)
    elif array.null_count:
        table.begin_valid(array, _NIL)
        _put_value(array, table)
        table.end()
    else:
        _put_value(array, table)


def _put_value(array: pa.Array, table: Table) -> None:
    """Write values; what is written for a null does not matter."""
    type_ = array.type
    if pa.types.is_floating(type_):
        table.doubles(array.cast(pa.float64()), Style.MESSAGE)
    elif pa.types.is_uint64(type_):
        table.numbers(array, Style.NATURAL)
    elif pa.types.is_integer(type_):
        table.numbers(array.cast(pa.int64()), Style.MESSAGE)
    elif pa.types.is_boolean(type_):
        put_codes(array.fill_null(False).cast(pa.int32()), _put_booleans, 2, _NIL, table)
    elif is_optional(type_):
        _put(array.field(0), table)
    elif pa.types.is_struct(type_):
        _put_map({field.name: array.field(index) for index, field in enumerate(type_)}, table)
    elif pa.types.is_list(type_):
        _put(table.begin_list(array, between="", length=Style.GROUP), table)
        table.end()
    elif type_ == JSON_TEXT:
        _put_json(array, table)
    else:
        table.strings(array if pa.types.is_string(type_) else plain_text(array), Style.MESSAGE)


def _put_booleans(table: Table) -> None:
    table.begin_valid(pa.array([None, 0]), _FALSE)
    table.text(_TRUE)
    table.end()


def _put_json(array: pa.Array, table: Table) -> None:
    """Write values whose types differ, each that is different once: about 1 µs for one."""
    encoded = array.dictionary_encode()
    values = [_NIL if text is None else packed(json.loads(text)) for text in encoded.dictionary.to_pylist()]
    put_codes(encoded.indices, partial(_strings, values), len(values), _NIL, table)


def _strings(values: list[bytes], table: Table) -> None:
    table.strings(pa.array(values, pa.binary()))


def _may_lack(array: pa.Array) -> bool:
    if pa.types.is_dictionary(array.type):
        return is_optional(array.type.value_type) and array.dictionary.null_count > 0
    return is_optional(array.type) and array.null_count > 0


def _is_there(array: pa.Array) -> Any:
    """Return 1 for each value (n,) that is not missing, else 0."""
    if pa.types.is_dictionary(array.type):
        there = array.dictionary.is_valid().take(array.indices).fill_null(True)
    else:
        there = array.is_valid()
    return there.cast(pa.int64()).to_numpy(zero_copy_only=False)


def packed(value: Any) -> bytes:
    """Return one value of JSON in MessagePack."""
    if value is None or isinstance(value, bool):
        return {None: _NIL, False: _FALSE, True: _TRUE}[value]
    if isinstance(value, int):
        return _packed_integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        is_medium = 31 < len(text) < 256
        return (b"\xd9%c" % len(text) if is_medium else packed_head(0xA0, 31, 0xDA, len(text))) + text
    if isinstance(value, list):
        return packed_head(0x90, 15, 0xDC, len(value)) + b"".join(map(packed, value))
    members = (packed(key) + packed(inner) for key, inner in value.items())
    return packed_head(0x80, 15, 0xDE, len(value)) + b"".join(members)


def packed_head(short: int, most: int, code: int, count: int) -> bytes:
    """Return a count: up to ``most`` within one octet, else behind a code."""
    if count <= most:
        return bytes([short | count])
    return struct.pack(">BH", code, count) if count < 0x10000 else struct.pack(">BI", code + 1, count)


def _packed_integer(value: int) -> bytes:
    if -32 <= value < 0x80:
        return struct.pack("b", value)
    for code, form, low, high in _INTEGERS:
        if low <= value < high:
            return struct.pack(f">B{form}", code, value)
    return b"\xcb" + struct.pack(">d", value)


_INTEGERS = [  # code, form, and what fits into it
    *((0xCC + size, "BHIQ"[size], 0, 1 << (8 << size)) for size in range(4)),
    *((0xD0 + size, "bhiq"[size], -(1 << ((8 << size) - 1)), 0) for size in range(4)),
]
