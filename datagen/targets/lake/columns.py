"""Columns as tables of a lake hold them: their types, records as rows of them, and whether a table that is there fits.

Delta Lake and Iceberg know fewer types than Arrow: times count microseconds, with an offset in UTC or without one,
whole numbers have a sign, and every column has a type.
"""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from datagen.problems import show
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import exported_types, record_batch
from datagen.records.strftime import formatted_time
from datagen.records.text import json_text
from datagen.targets.partition import PERIODS


def lake_type(type_: pa.DataType) -> pa.DataType:
    """Return the type in which a table holds values of a type; also that of what was read from one."""
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, lake_type(field.type)) for field in type_])
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_list_view(type_):
        return pa.list_(lake_type(type_.value_type))
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", tz="UTC" if type_.tz else None)
    if pa.types.is_null(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    return pa.decimal128(20, 0) if pa.types.is_uint64(type_) else type_


def schema_of(layout: Layout, periods: Sequence[tuple[str, str]] = ()) -> pa.Schema:
    """Return the columns of a table for records; behind them one for each period of a time, called like the period."""
    columns = [(name, lake_type(type_)) for name, type_ in exported_types(layout).items()]
    return pa.schema(columns + [(period, pa.string()) for _, period in periods])


def rows_of(batch: Batch, layout: Layout, schema: pa.Schema, periods: Sequence[tuple[str, str]] = ()) -> pa.RecordBatch:
    """Return records as rows of the columns of ``schema_of``."""
    found = record_batch(batch, layout)
    columns = [found.column(name) for name in found.schema.names]
    columns += [formatted_time(found.column(name), PERIODS[period]) for name, period in periods]
    made = [column.cast(type_) for column, type_ in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def texts_of(rows: pa.RecordBatch) -> list[bytes]:
    """Return each of some rows as JSON."""
    columns = pa.StructArray.from_arrays(rows.columns, names=rows.schema.names)
    return json_text(columns).cast(pa.binary()).to_pylist()


def as_rows(table: pa.Table | pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield rows that were read from a table, with the columns of a schema alone; null where the table lacks one."""
    for batch in table.to_batches() if isinstance(table, pa.Table) else [table]:
        columns = [
            batch.column(field.name).cast(field.type)
            if field.name in batch.schema.names
            else pa.nulls(batch.num_rows, field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def contradictions(there: Iterable[pa.Field], ours: Iterable[pa.Field], place: str = "") -> Iterator[str]:
    """Yield what keeps records with some columns out of a table with others; what it lacks can be added."""
    known = {field.name: field for field in there}
    for field in ours:
        if field.name not in known:
            continue
        there_, own = lake_type(known.pop(field.name).type), lake_type(field.type)
        name = f"{place}{field.name}"
        while pa.types.is_list(there_) and pa.types.is_list(own):
            there_, own, name = there_.value_type, own.value_type, f"{name}[]"
        if pa.types.is_struct(there_) and pa.types.is_struct(own):
            yield from contradictions(there_, own, f"{name}.")
        elif there_ != own:
            yield f"column {show(name)} holds {there_} there, and {own} in the records"
    for field in known.values():
        if not field.nullable:
            yield f"column {show(place + field.name)} must not be null there, and the records have none"


def lacks(there: Iterable[pa.Field], ours: Iterable[pa.Field]) -> bool:
    """Return whether a table lacks some of the columns of records, or keys inside of them."""
    known = {field.name: field.type for field in there}
    return any(field.name not in known or _lacks_inside(known[field.name], field.type) for field in ours)


def _lacks_inside(there: pa.DataType, own: pa.DataType) -> bool:
    there, own = lake_type(there), lake_type(own)
    if pa.types.is_list(there) and pa.types.is_list(own):
        return _lacks_inside(there.value_type, own.value_type)
    return pa.types.is_struct(there) and pa.types.is_struct(own) and lacks(there, own)
