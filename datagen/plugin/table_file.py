"""Files that a spec names: where they are, and the keys that say how the records in one are written."""

import os
import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator

from datagen.plugin.model import Maker, Model
from datagen.problems import show
from datagen.records.blocks import Form, format_of


def _path(value: Any, info: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"must be the name of a file, found {show(value)}")
    maker: Maker | None = info.context
    return value if maker is None else maker.path(value)


# A file that a spec names, relative to the spec.
FilePath = Annotated[str, PlainValidator(_path), WithJsonSchema({"type": "string", "minLength": 1})]


class TableFile(Model):
    """The keys that say how the records of a file are written."""

    format: Literal["csv", "tsv", "jsonl", "json", "parquet", "lines"] | None = Field(
        None, description="how the records are written; without it the ending of the name says it, before `.gz`, `.zst`"
    )
    header: bool = Field(True, description="csv, tsv: the first line names the columns; else they are `_0`, `_1`…")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="csv, tsv: what stands between cells")
    quote: str = Field('"', max_length=1, description="csv, tsv: what stands around cells; none if it is empty")
    separator: str = Field("\n", min_length=1, description="lines: what stands between records")
    record: str | None = Field(
        None, min_length=1, description="lines: a regular expression; a record begins at each match"
    )
    types: Literal["text"] | dict[str, Literal["integer", "number", "decimal", "boolean", "time", "text"]] = Field(
        {},
        description="types of columns of texts, in place of what their cells look like; `text` for all. "
        "A `decimal` is exact, with as many digits after the point as the longest cell",
    )

    @field_validator("record")
    @classmethod
    def _is_an_expression(cls, text: str | None) -> str | None:
        return text if text is None else valid_expression(text)

    def form(self, path: str) -> Form:
        """Return how the records of a file are written."""
        form = self.format or format_of(path)
        delimiter = self.delimiter or ("\t" if form == "tsv" else ",")
        return Form(form, self.header, delimiter, self.quote, self.separator, self.record)


def valid_expression(text: str) -> str:
    """Return a regular expression. Raises ValueError when it is none."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return text


def unusable(path: str) -> str | None:
    """Return why a file can't be read, or holds nothing, if so."""
    try:
        with open(path, "rb") as file:
            if not os.path.isfile(path):
                return f"{path} is no file"
            return None if file.read(1) else f"{path} is empty"
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
