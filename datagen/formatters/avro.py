"""The formatter ``avro``."""

import json
import zlib
from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.draw import fingerprint
from datagen.formatters.registered import Registered, RegisteredWriter, Schema
from datagen.native.octets import zigzag
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Layout
from datagen.records.conversion import common_types, exported_types, fitted
from datagen.records.decimal import is_decimal, octets_of
from datagen.records.lines import Lines
from datagen.records.schema.avro import avro_schema
from datagen.records.table import Style, Table
from datagen.records.text import Pieces, plain_text, put_dictionary

# Apache Avro 1.12 Specification, "Binary encoding": the place in the union of null and a type.
_NULL, _VALUE = b"\x00", b"\x02"
_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


class Avro(Registered):
    """Apache Avro. The schema follows from the spec; `datagen types SPEC --as avro` prints it.

    It is one record with the dimensions of all emitters, each of which may be null; times are `timestamp-millis`,
    exact decimals `decimal`, values of several types are strings of JSON. In a file records stand in blocks behind the
    schema (an object container file); elsewhere each record is a message without it, behind the number of its schema
    where there is a `registry`.

    Example: {"type": "avro"}
    Example: {"type": "avro", "name": "Request", "namespace": "shop", "codec": "deflate"}
    """

    kind: ClassVar[str] = "avro"
    has_columns: ClassVar[bool] = True
    media_type: ClassVar[str] = "avro/binary"  # Apache Avro 1.12 Specification, "HTTP as Transport"
    language: ClassVar[str] = "avro"
    name: str = Field("Record", pattern=_NAME, description="name of the record in the schema")
    namespace: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", description="namespace of that name"
    )
    codec: Literal["null", "deflate", "zstandard"] = Field("null", description="how blocks of a file are compressed")

    @property
    def stream_type(self) -> str:
        return "application/vnd.apache.avro"

    def schema_of(self, layout: Layout) -> Schema:
        return Schema("AVRO", json.dumps(self._schema(layout)))

    def begin(self, layout: Layout) -> LineWriter:
        return RegisteredWriter(self.head(layout), partial(_pieces, common_types(layout)))

    def stream(self, layout: Layout) -> LineWriter:
        return _Container(json.dumps(self._schema(layout)), self.codec, partial(_pieces, common_types(layout)))

    def _schema(self, layout: Layout) -> dict[str, object]:
        return avro_schema(exported_types(layout), self.name, self.namespace, layout.said())


def _pieces(types: Mapping[str, pa.DataType], columns: Mapping[str, pa.Array]) -> Pieces:
    return [partial(_put, fitted(columns[name], type_)) if name in columns else _NULL for name, type_ in types.items()]


def _put(array: pa.Array, table: Table) -> None:
    """Write values of the union of null and a type."""
    if pa.types.is_dictionary(array.type):
        put_dictionary(array, _put, _NULL, table)
        return
    if array.null_count == len(array):
        table.text(_NULL)
        return
    if array.null_count:
        table.begin_valid(array, _NULL)
    table.text(_VALUE)
    _put_value(array, table)
    if array.null_count:
        table.end()


def _put_value(array: pa.Array, table: Table) -> None:
    """Write values; what is written for a null does not matter."""
    type_ = array.type
    if pa.types.is_struct(type_):
        for index in range(type_.num_fields):
            _put(array.field(index), table)
    elif pa.types.is_list(type_):
        _put(table.begin_list(array, between="", length=Style.AVRO), table)
        table.end()
    elif pa.types.is_timestamp(type_):
        moments = array.cast(pa.timestamp("ms", type_.tz), safe=False)
        table.numbers(moments.cast(pa.int64()), Style.AVRO)
    elif pa.types.is_boolean(type_):
        table.numbers(pc.cast(array, pa.int64()), Style.PROTOBUF)  # an octet of 0 or 1
    elif is_decimal(type_):
        table.strings(octets_of(array), Style.AVRO)
    elif pa.types.is_floating(type_):
        table.doubles(array.cast(pa.float64()), Style.AVRO)
    elif pa.types.is_integer(type_) and not pa.types.is_uint64(type_):
        table.numbers(array.cast(pa.int64()), Style.AVRO)
    else:
        table.strings(array if pa.types.is_string(type_) else plain_text(array), Style.AVRO)


class _Container(RegisteredWriter):
    """Writes object container files: a header with the schema, then blocks of records, each with a mark behind it.

    The mark is always the same for the same schema and codec, so that a file can be added to.
    """

    has_blocks: ClassVar[bool] = True

    def __init__(self, schema: str, codec: str, pieces: partial[Pieces]) -> None:
        self._mark = fingerprint(f"{codec} {schema}").encode()  # of 16 octets
        self._codec = codec
        entries = {"avro.codec": codec.encode(), "avro.schema": schema.encode()}
        said = b"".join(_sized(key.encode()) + _sized(value) for key, value in entries.items())
        super().__init__(lambda: b"", pieces, b"Obj\x01" + zigzag(len(entries)) + said + b"\x00" + self._mark)

    def block(self, lines: Lines, before: int = 0) -> Lines:
        if not len(lines):
            return lines
        data = self._compressed(lines.data)
        block = b"".join([zigzag(len(lines)), _sized(data), self._mark])
        return Lines(memoryview(block), np.full(len(lines), len(block)), 0)

    def _compressed(self, data: memoryview) -> bytes:
        if self._codec == "deflate":  # without a header, RFC 1951
            packer = zlib.compressobj(1, wbits=-15)
            return packer.compress(data) + packer.flush()
        if self._codec == "zstandard":
            return bytes(pa.Codec("zstd", compression_level=1).compress(pa.py_buffer(data), asbytes=True))
        return bytes(data)


def _sized(data: bytes) -> bytes:
    return zigzag(len(data)) + data
