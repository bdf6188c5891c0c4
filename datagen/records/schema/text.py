"""The schema of the records of a spec as text, in the language of another program."""

import json
from collections.abc import Callable

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.conversion import exported_types
from datagen.records.schema.avro import avro_schema
from datagen.records.schema.json import json_schema_text
from datagen.records.schema.name import clashes, json_name, plain_name
from datagen.records.schema.protobuf import protobuf_schema
from datagen.records.schema.sql import sql_table

NAME = "Record"
SCHEMAS: dict[str, Callable[[Layout], str]] = {
    "arrow": lambda layout: pa.schema(list(exported_types(layout).items())).to_string(),
    "avro": lambda layout: json.dumps(avro_schema(exported_types(layout), NAME), indent=2),
    "json": lambda layout: json_schema_text(layout, NAME),
    "protobuf": lambda layout: protobuf_schema(exported_types(layout), NAME).removesuffix("\n"),
    "sql": lambda layout: sql_table(layout, NAME.lower()),
}
_CALLED = {"avro": plain_name, "protobuf": json_name}  # what must differ


def misfits(layout: Layout, language: str) -> list[str]:
    """Return why records can't have a schema in a language, one sentence for each reason."""
    called = _CALLED.get(language)
    return list(clashes(exported_types(layout), called)) if called else []
