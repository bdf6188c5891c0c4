"""Avro schemas: a record with a field for each column, all of which may be null."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from datagen.records.decimal import is_decimal
from datagen.records.note import NOTHING, NOTHING_SAID, Note
from datagen.records.schema.name import camel, free, plain_name

Schema = dict[str, Any]


def avro_schema(
    columns: Mapping[str, pa.DataType],
    name: str,
    namespace: str | None = None,
    said: Mapping[str, Note] = NOTHING_SAID,
) -> Schema:
    """Return the schema of records with columns of some ``exported_types``, and what is said about them."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"type": "record", "name": name, **place, "fields": _fields(columns, said, {name})}


def _fields(columns: Mapping[str, pa.DataType], notes: Mapping[str, Note], taken: set[str]) -> list[Schema]:
    found = []
    for name, type_ in columns.items():
        note = notes.get(name, NOTHING)
        made = {"name": plain_name(name), "type": ["null", _type(type_, name, note, taken)], "default": None}
        # Attributes that the specification does not define are metadata ("Schema Declaration").
        said = {"doc": note.description, "tags": list(note.tags)}
        found.append(made | {key: value for key, value in said.items() if value})
    return found


def _type(type_: pa.DataType, name: str, note: Note, taken: set[str]) -> Any:
    if pa.types.is_struct(type_):
        own = free(camel(name), taken)
        taken.add(own)
        return {
            "type": "record",
            "name": own,
            "fields": _fields({field.name: field.type for field in type_}, note.inside, taken),
        }
    if pa.types.is_list(type_):
        return {"type": "array", "items": ["null", _type(type_.value_type, name, note, taken)]}
    if pa.types.is_timestamp(type_):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if is_decimal(type_):
        return {"type": "bytes", "logicalType": "decimal", "precision": type_.precision, "scale": type_.scale}
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_floating(type_):
        return "double"
    return "long" if pa.types.is_integer(type_) and not pa.types.is_uint64(type_) else "string"
