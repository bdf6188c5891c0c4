"""Avro schemas: a record with a field for each column, all of which may be null."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from datagen.records.decimal import is_decimal
from datagen.records.schema.name import camel, free, plain_name

Schema = dict[str, Any]


def avro_schema(columns: Mapping[str, pa.DataType], name: str, namespace: str | None = None) -> Schema:
    """Return the schema of records with columns of some ``exported_types``."""
    taken = {name}
    place = {} if namespace is None else {"namespace": namespace}
    return {"type": "record", "name": name, **place, "fields": _fields(columns, taken)}


def _fields(columns: Mapping[str, pa.DataType], taken: set[str]) -> list[Schema]:
    return [
        {"name": plain_name(name), "type": ["null", _type(type_, name, taken)], "default": None}
        for name, type_ in columns.items()
    ]


def _type(type_: pa.DataType, name: str, taken: set[str]) -> Any:
    if pa.types.is_struct(type_):
        own = free(camel(name), taken)
        taken.add(own)
        return {"type": "record", "name": own, "fields": _fields({field.name: field.type for field in type_}, taken)}
    if pa.types.is_list(type_):
        return {"type": "array", "items": ["null", _type(type_.value_type, name, taken)]}
    if pa.types.is_timestamp(type_):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if is_decimal(type_):
        return {"type": "bytes", "logicalType": "decimal", "precision": type_.precision, "scale": type_.scale}
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_floating(type_):
        return "double"
    return "long" if pa.types.is_integer(type_) and not pa.types.is_uint64(type_) else "string"
