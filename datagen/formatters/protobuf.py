"""The formatter ``protobuf``."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.draw import Integers
from datagen.formatters.registered import Registered, RegisteredWriter, Schema
from datagen.native.octets import varint
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Layout
from datagen.records.conversion import common_types, exported_types, fitted
from datagen.records.schema.protobuf import members_of, protobuf_schema
from datagen.records.table import Style, Table
from datagen.records.text import Pieces, plain_text, put_dictionary

_VARINT, _EIGHT, _SIZED = 0, 1, 2  # wire types; protobuf.dev, "Encoding"
_FIRST = b"\x00"  # in a registry: the first message of its file


class Protobuf(Registered):
    """Protocol Buffers. The schema follows from the spec; `datagen types SPEC --as protobuf` prints it.

    It is one message with the dimensions of all emitters as `optional` fields, numbered in their order; what is null or
    missing is absent. Times are `google.protobuf.Timestamp`, lists `repeated` without their nulls, exact decimals
    and values of several types strings, the latter of JSON. In a file each record stands behind its length, as
    `parseDelimitedFrom` of the libraries takes it; elsewhere each is a message, behind the number of its schema where
    there is a `registry`.

    Example: {"type": "protobuf"}
    Example: {"type": "protobuf", "name": "Request", "package": "shop.v1"}
    """

    kind: ClassVar[str] = "protobuf"
    has_columns: ClassVar[bool] = True
    media_type: ClassVar[str] = "application/vnd.google.protobuf"
    language: ClassVar[str] = "protobuf"
    name: str = Field("Record", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="name of the message in the schema")
    package: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", description="package of that name"
    )

    def schema_of(self, layout: Layout) -> Schema:
        return Schema("PROTOBUF", protobuf_schema(exported_types(layout), self.name, self.package, layout.said()))

    def begin(self, layout: Layout) -> LineWriter:
        return RegisteredWriter(self.head(layout, _FIRST), partial(_pieces, common_types(layout)))

    def stream(self, layout: Layout) -> LineWriter:
        types = common_types(layout)
        return RegisteredWriter(bytes, lambda columns: [partial(_put_sized, _fields(types, columns))])


Put = Callable[[pa.Array, Table], None]
Fields = Mapping[int, pa.Array]  # by their numbers


def _pieces(types: Mapping[str, pa.DataType], columns: Mapping[str, pa.Array]) -> Pieces:
    return [partial(_put_fields, _fields(types, columns))]


def _fields(types: Mapping[str, pa.DataType], columns: Mapping[str, pa.Array]) -> Fields:
    return {
        number: fitted(columns[name], type_) for number, (name, type_) in enumerate(types.items(), 1) if name in columns
    }


def _put_sized(fields: Fields, table: Table) -> None:
    table.begin_sized()
    _put_fields(fields, table)
    table.end()


def _put_fields(fields: Fields, table: Table) -> None:
    for number, array in fields.items():
        _put_field(array, table, number)


def _put_field(array: pa.Array, table: Table, number: int) -> None:
    """Write a field where it is not null."""
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, partial(_put_field, number=number), "", table)
    elif pa.types.is_list(array.type):
        _put_repeated(array, table, number)
    elif array.null_count < len(array):
        _put_where(array, table, partial(_put_valid, number=number))


def _put_where(array: pa.Array, table: Table, put: Put) -> None:
    """Put values where they are not null, and nothing where they are."""
    if array.null_count:
        table.begin_valid(array, "")
    put(array, table)
    if array.null_count:
        table.end()


def _put_valid(array: pa.Array, table: Table, number: int) -> None:
    table.text(varint(number << 3 | _wire_type(array.type)))
    _put_value(array, table)


def _put_value(array: pa.Array, table: Table) -> None:
    type_ = array.type
    if pa.types.is_struct(type_):
        _put_sized({number: array.field(number - 1) for number in range(1, type_.num_fields + 1)}, table)
    elif pa.types.is_list(type_):
        _put_sized({1: array}, table)
    elif pa.types.is_timestamp(type_):
        _put_timestamp(array, table)
    elif pa.types.is_boolean(type_) or (pa.types.is_integer(type_) and not pa.types.is_uint64(type_)):
        table.numbers(pc.cast(array, pa.int64()), Style.PROTOBUF)
    elif pa.types.is_uint64(type_):
        table.numbers(array, Style.PROTOBUF)
    elif pa.types.is_floating(type_):
        table.doubles(array.cast(pa.float64()), Style.PROTOBUF)
    else:
        table.strings(array if pa.types.is_string(type_) else plain_text(array), Style.PROTOBUF)


def _put_timestamp(array: pa.Array, table: Table) -> None:
    """Write ``google.protobuf.Timestamp``: seconds and nanoseconds since 1970; what is 0 is absent."""
    moments = array.cast(pa.timestamp("ms", array.type.tz), safe=False).cast(pa.int64()).fill_null(0).to_numpy()
    seconds = moments // 1000
    table.begin_sized()
    for number, values in ((1, seconds), (2, (moments - 1000 * seconds) * 1_000_000)):
        _put_where(_null_where_zero(values), table, partial(_put_valid, number=number))
    table.end()


def _null_where_zero(values: Integers) -> pa.Array:
    return pa.array(values, mask=values == 0)


def _put_repeated(array: pa.Array, table: Table, number: int) -> None:
    """Write the items of lists: numbers packed into one field, of all else a field each."""
    array = _without_null_items(array)
    item = array.type.value_type
    if _wire_type(item) == _SIZED:
        _put_valid(table.begin_list(array, between=""), table, number)
        table.end()
        return
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
    filled = _null_where_zero(lengths.astype(np.int64))
    if filled.null_count == len(filled):
        return
    _put_where(filled, table, lambda _, table: _put_packed(array, table, number))


def _put_packed(array: pa.Array, table: Table, number: int) -> None:
    table.text(varint(number << 3 | _SIZED))
    table.begin_sized()
    _put_value(table.begin_list(array, between=""), table)
    table.end()
    table.end()


def _without_null_items(array: pa.Array) -> pa.Array:
    """Return lists without items that are null, which a repeated field can't have; one for each null."""
    items = array.flatten()
    if not items.null_count and not array.null_count:
        return array
    lengths = pc.list_value_length(array).fill_null(0).to_numpy()
    kept = np.concatenate([[0], np.cumsum(items.is_valid().to_numpy(zero_copy_only=False))])
    offsets = kept[np.concatenate([[0], np.cumsum(lengths)])]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items.filter(items.is_valid()))


def _wire_type(type_: pa.DataType) -> int:
    if pa.types.is_floating(type_):
        return _EIGHT
    is_number = pa.types.is_boolean(type_) or pa.types.is_integer(type_)
    return _VARINT if is_number and members_of(type_) is None else _SIZED
