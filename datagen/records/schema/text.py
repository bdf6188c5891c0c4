"""The schema of the records of a spec as text, in the language of another program."""

import json
from collections.abc import Callable

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.conversion import exported_types
from datagen.records.note import NOTHING
from datagen.records.schema.avro import avro_schema
from datagen.records.schema.json import json_schema_text
from datagen.records.schema.name import clashes, json_name, plain_name
from datagen.records.schema.protobuf import protobuf_schema
from datagen.records.schema.sql import sql_table

NAME = "Record"


def arrow_schema(layout: Layout) -> pa.Schema:
    """Return the schema of Arrow, with what is said about columns as metadata of its fields."""
    fields = []
    said_of = layout.said()
    for name, type_ in exported_types(layout).items():
        note = said_of.get(name, NOTHING)
        said = {"description": note.description, "tags": ", ".join(note.tags)}
        fields.append(pa.field(name, type_, metadata={key: value for key, value in said.items() if value} or None))
    return pa.schema(fields)


SCHEMAS: dict[str, Callable[[Layout], str]] = {
    "arrow": lambda layout: arrow_schema(layout).to_string(),
    "avro": lambda layout: json.dumps(avro_schema(exported_types(layout), NAME, None, layout.said()), indent=2),
    "json": lambda layout: json_schema_text(layout, NAME),
    "protobuf": lambda layout: protobuf_schema(exported_types(layout), NAME, None, layout.said()).removesuffix("\n"),
    "sql": lambda layout: sql_table(layout, NAME.lower()),
}
_CALLED = {"avro": plain_name, "protobuf": json_name}  # what must differ


def misfits(layout: Layout, language: str) -> list[str]:
    """Return why records can't have a schema in a language, one sentence for each reason."""
    called = _CALLED.get(language)
    return list(clashes(exported_types(layout), called)) if called else []
