"""Tables of SQL, with the types that PostgreSQL has for columns."""

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.conversion import common_types
from datagen.records.decimal import is_decimal
from datagen.records.types import JSON_TEXT, present


def sql_type(type_: pa.DataType) -> str:
    """Return the type of a column with values of a plain type, none of them missing; text for what is always null."""
    if type_ == JSON_TEXT or pa.types.is_nested(type_):
        return "jsonb"
    if pa.types.is_timestamp(type_):
        return "timestamp(3)" if type_.tz is None else "timestamptz(3)"
    if is_decimal(type_):
        return f"numeric({type_.precision}, {type_.scale})"
    for fits, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "bigint"),
        (pa.types.is_floating, "double precision"),
    ):
        if fits(type_):
            return name
    return "text"


def column_types(layout: Layout) -> dict[str, pa.DataType]:
    """Return the plain type of each column of all emitters together, as if nothing was missing."""
    return {name: present(pa.nulls(0, type_)).type for name, type_ in common_types(layout).items()}


def sql_table(layout: Layout, name: str) -> str:
    """Return the statement that makes a table for records."""
    columns = [f"  {_quoted(column)} {sql_type(type_)}" for column, type_ in column_types(layout).items()]
    said = layout.said()
    comments = [
        f"COMMENT ON COLUMN {_quoted(name)}.{_quoted(column)} IS {_literal(said[column].lines)};"
        for column in column_types(layout)
        if column in said and said[column].lines
    ]
    return "\n".join([f"CREATE TABLE {_quoted(name)} (\n" + ",\n".join(columns) + "\n);", *comments])


def _literal(lines: list[str]) -> str:
    return "'" + "; ".join(lines).replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
