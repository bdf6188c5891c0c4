"""JSON Schemas: an object with a property for each column, none of which is required."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.conversion import common_types
from datagen.records.decimal import is_decimal
from datagen.records.note import NOTHING, Note
from datagen.records.types import JSON_TEXT, is_optional

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(layout: Layout, title: str) -> Schema:
    """Return the schema of records as the format ``json`` writes them."""
    columns = common_types(layout)
    return {"$schema": _DIALECT, "title": title, **_object(columns, layout.said())}


def json_schema_text(layout: Layout, title: str) -> str:
    """Return the text of that schema."""
    return json.dumps(json_schema(layout, title), ensure_ascii=False, indent=2)


def _object(columns: Mapping[str, pa.DataType], notes: Mapping[str, Note]) -> Schema:
    properties = {name: _noted(type_, notes.get(name, NOTHING)) for name, type_ in columns.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _noted(type_: pa.DataType, note: Note) -> Schema:
    said = {"description": note.description, "tags": list(note.tags)}
    return _type(type_, note) | {key: value for key, value in said.items() if value}


def _type(type_: pa.DataType, note: Note) -> Schema:
    if is_optional(type_):
        return _type(type_.field(0).type, note)
    if type_ == JSON_TEXT:
        return {}
    made = _value(type_, note)
    return made | {"type": [made["type"], "null"]}


def _value(type_: pa.DataType, note: Note) -> Schema:
    if pa.types.is_struct(type_):
        return _object({field.name: field.type for field in type_}, note.inside)
    if pa.types.is_list(type_):
        return {"type": "array", "items": _type(type_.value_type, note)}
    for fits, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (is_decimal, "number"),
    ):
        if fits(type_):
            return {"type": name}
    # RFC 3339, which JSON Schema means, wants an offset in a time.
    return {"type": "string"} | ({"format": "date-time"} if pa.types.is_timestamp(type_) and type_.tz else {})
