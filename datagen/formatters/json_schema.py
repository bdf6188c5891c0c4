"""The formatter ``json_schema``."""

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.formatters.registered import Registered, RegisteredWriter, Schema
from datagen.plugin.formatter import NDJSON, ColumnWriter, LineWriter
from datagen.records.batch import Layout
from datagen.records.schema.json import json_schema_text
from datagen.records.text import Pieces, json_pieces


class JsonSchema(Registered):
    """JSON whose schema a schema registry knows. It follows from the spec; `datagen types SPEC --as json` prints it.

    Each record is a message of compact JSON, behind the number of its schema where there is a `registry`. In a file it
    is the same as `json`.

    Example: {"type": "json_schema"}
    """

    kind: ClassVar[str] = "json_schema"
    media_type: ClassVar[str] = "application/json"
    language: ClassVar[str] = "json"
    title: str = Field("Record", min_length=1, description="title of the schema")

    @property
    def stream_type(self) -> str:
        return NDJSON

    def schema_of(self, layout: Layout) -> Schema:
        return Schema("JSON", json_schema_text(layout, self.title))

    def begin(self, layout: Layout) -> LineWriter:
        return RegisteredWriter(self.head(layout), _pieces)

    def stream(self, layout: Layout) -> LineWriter:
        return ColumnWriter(json_pieces)


def _pieces(columns: Mapping[str, pa.Array]) -> Pieces:
    return json_pieces(columns)[:-1]  # without the line feed
