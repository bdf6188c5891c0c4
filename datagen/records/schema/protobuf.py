"""Protocol Buffers' schemas: a message with a field for each column, each of which may be absent."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from datagen.records.note import NOTHING, NOTHING_SAID, Note
from datagen.records.schema.name import camel, free, plain_name

Columns = Mapping[str, pa.DataType]
_TIME = ".google.protobuf.Timestamp"


def protobuf_schema(
    columns: Columns, name: str, package: str | None = None, said: Mapping[str, Note] = NOTHING_SAID
) -> str:
    """Return the text of a file that defines a message of some ``exported_types``, and what is said of them."""
    lines = ['syntax = "proto3";', ""]
    lines += [f"package {package};", ""] if package else []
    message = list(_message(name, columns, said))
    lines += ['import "google/protobuf/timestamp.proto";', ""] if any(_TIME in line for line in message) else []
    return "\n".join([*lines, *message]) + "\n"


def _message(name: str, columns: Columns, notes: Mapping[str, Note]) -> Iterator[str]:
    yield f"message {name} {{"
    taken = {plain_name(column) for column in columns} | {name}
    for number, (column, type_) in enumerate(columns.items(), 1):
        own = free(camel(column), taken)
        taken.add(own)
        label = "repeated" if pa.types.is_list(type_) else "optional"
        item = type_.value_type if pa.types.is_list(type_) else type_
        note = notes.get(column, NOTHING)
        inner = members_of(item)
        if inner is not None:
            yield from (f"  {line}" for line in _message(own, inner, note.inside))
        yield from (f"  // {line}" for line in note.lines)
        yield f"  {label} {own if inner is not None else _scalar(item)} {plain_name(column)} = {number};"
    yield "}"


def members_of(type_: pa.DataType) -> dict[str, pa.DataType] | None:
    """Return the fields of the message that a field or an item is; None when it is none.

    A list in a list is a message with one field, ``items``: there are no lists of lists.
    """
    if pa.types.is_struct(type_):
        return {field.name: field.type for field in type_}
    return {"items": type_} if pa.types.is_list(type_) else None


def _scalar(type_: pa.DataType) -> str:
    for fits, name in (
        (pa.types.is_timestamp, _TIME),
        (pa.types.is_boolean, "bool"),
        (pa.types.is_uint64, "uint64"),
        (pa.types.is_integer, "int64"),
        (pa.types.is_floating, "double"),
    ):
        if fits(type_):
            return name
    return "string"
