"""Arrays converted to another type: to the common type of several, and to types that other programs know; JSON to
arrays.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.batch import Batch, Layout
from datagen.records.text import json_text
from datagen.records.types import JSON_TEXT, common_type, is_optional, list_parts, null_mask, optional, plain, present


def as_type(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Convert an array to ``type_``, a ``common_type`` of its own and other types."""
    array = plain(array)
    if array.type == type_:
        return array
    if is_optional(type_):
        if is_optional(array.type):
            return optional(
                as_type(array.field(0), type_.field(0).type), array.is_null().to_numpy(zero_copy_only=False)
            )
        return optional(as_type(array, type_.field(0).type), np.zeros(len(array), bool))
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), type_)
    text = json_text(array).cast(JSON_TEXT)
    return pc.if_else(array.is_valid(), text, None) if array.null_count else text


def from_json(values: Sequence[Any]) -> pa.Array:
    """Return values of JSON as an array of the simplest type that keeps the JSON type of each."""
    for python_type, type_ in ((str, pa.string()), (bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if all(value is None or type(value) is python_type for value in values):
            try:
                return pa.array(values, type_)
            except OverflowError:
                break
    text = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]
    return pa.array(text, pa.string()).cast(JSON_TEXT)


def exported(array: pa.Array) -> pa.Array:
    """Convert an array to a type that other programs know: what is missing becomes null, JSON text a string."""
    array = plain(array)
    type_ = array.type
    if is_optional(type_):
        return exported(present(array))
    if type_ == JSON_TEXT:
        return array.cast(pa.string())
    if pa.types.is_struct(type_) and type_.num_fields:
        values = [exported(array.field(index)) for index in range(type_.num_fields)]
        fields = [pa.field(type_.field(index).name, value.type) for index, value in enumerate(values)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=null_mask(array))
    if pa.types.is_list(type_):
        offsets, items = list_parts(array)
        return pa.ListArray.from_arrays(offsets, exported(items), mask=null_mask(array))
    return array


def common_types(layout: Layout) -> dict[str, pa.DataType]:
    """Return the type of each column that is printed which holds the values of all emitters."""
    shown = layout.shown()
    return {name: common_type(shown.types(name)) for name in shown.names()}


def exported_types(layout: Layout) -> dict[str, pa.DataType]:
    """Return the type of each column of all emitters, as other programs know it."""
    return {name: exported(pa.nulls(0, type_)).type for name, type_ in common_types(layout).items()}


def fitted(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return a column of one of ``common_types`` as other programs know it; a dictionary array stays one."""
    if pa.types.is_dictionary(array.type) and len(array.dictionary) <= len(array):
        return pa.DictionaryArray.from_arrays(array.indices, fitted(array.dictionary, type_))
    return exported(as_type(array, type_))


def record_batch(batch: Batch, layout: Layout) -> pa.RecordBatch:
    """Return records as one Arrow record batch with the columns of all emitters; null where a record lacks the key."""
    columns = {}
    parts = [(part.shown, len(part.rows)) for part in batch.parts]
    for name, type_ in common_types(layout).items():
        arrays = [as_type(own[name] if name in own else pa.nulls(size), type_) for own, size in parts]
        columns[name] = exported(batch.in_order(arrays))
    return pa.RecordBatch.from_pydict(columns)
