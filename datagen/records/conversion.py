"""Arrays of one type to another: to the common type of several, and to what other programs know."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.batch import Batch, Layout
from datagen.records.text import json_text
from datagen.records.types import JSON_TEXT, common_type, is_maybe, list_parts, maybe, null_mask, plain, present


def as_type(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Convert an array to a common type of its own type and others."""
    array = plain(array)
    if array.type == kind:
        return array
    if is_maybe(kind):
        if is_maybe(array.type):
            return maybe(as_type(array.field(0), kind.field(0).type), array.is_null().to_numpy(zero_copy_only=False))
        return maybe(as_type(array, kind.field(0).type), np.zeros(len(array), bool))
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    text = json_text(array).cast(JSON_TEXT)
    return pc.if_else(array.is_valid(), text, None) if array.null_count else text


def exported(array: pa.Array) -> pa.Array:
    """Convert an array to what other programs know: what is missing becomes null, JSON text a string."""
    array = plain(array)
    kind = array.type
    if is_maybe(kind):
        return exported(present(array))
    if kind == JSON_TEXT:
        return array.cast(pa.string())
    if pa.types.is_struct(kind) and kind.num_fields:
        values = [exported(array.field(index)) for index in range(kind.num_fields)]
        fields = [pa.field(kind.field(index).name, value.type) for index, value in enumerate(values)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=null_mask(array))
    if pa.types.is_list(kind):
        offsets, items = list_parts(array)
        return pa.ListArray.from_arrays(offsets, exported(items), mask=null_mask(array))
    return array


def record_batch(batch: Batch, layout: Layout) -> pa.RecordBatch:
    """Convert records to one Arrow record batch with the columns of all emitters; null where a record has no key."""
    columns = {}
    for name in layout.names():
        kind = common_type(layout.types(name))
        arrays = [
            as_type(part.columns[name] if name in part.columns else pa.nulls(len(part.rows)), kind)
            for part in batch.parts
        ]
        columns[name] = exported(batch.in_order(arrays))
    return pa.RecordBatch.from_pydict(columns)
