"""Arrow types and arrays as this program uses them: nesting, the wrapper of what may be missing, one type for many.

The conventions are those of ``datagen.batch``.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.batch import JSON_TEXT, MAYBE, Batch, Layout, is_maybe, list_parts
from datagen.text import json_text


def maybe(values: pa.Array, missing: npt.NDArray[np.bool_]) -> pa.Array:
    """Wrap values of which some are missing."""
    return pa.StructArray.from_arrays([values], fields=[pa.field(MAYBE, values.type)], mask=pa.array(missing))


def present(array: pa.Array) -> pa.Array:
    """Take the wrapper off; what is missing becomes null."""
    if not is_maybe(array.type):
        return array
    return array.flatten()[0]


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Give the type that ``plain`` makes of a type."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, plain_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind


def plain(array: pa.Array) -> pa.Array:
    """Replace dictionary arrays, at any depth, by their values."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary).take(array.indices)
    if pa.types.is_struct(kind):
        fields = [pa.field(field.name, field.type) for field in kind]
        values = [plain(array.field(index)) for index in range(kind.num_fields)]
        fields = [field.with_type(value.type) for field, value in zip(fields, values, strict=True)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=array.is_null()) if fields else array
    if pa.types.is_list(kind):
        offsets, items = list_parts(array)
        return pa.ListArray.from_arrays(offsets, plain(items), mask=_mask(array))
    return array


def once_coded(array: pa.Array) -> pa.Array:
    """Turn a dictionary of what is itself coded into one dictionary."""
    while pa.types.is_dictionary(array.type) and pa.types.is_dictionary(array.type.value_type):
        inner = array.dictionary
        array = pa.DictionaryArray.from_arrays(inner.indices.take(array.indices), inner.dictionary)
    return array


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Give the plain type that holds the values of several types: their own when it is one, else JSON text."""
    plain_kinds = [plain_type(kind) for kind in kinds]
    inner = {kind.field(0).type if is_maybe(kind) else kind for kind in plain_kinds} - {pa.null()}
    kind = pa.null() if not inner else inner.pop() if len(inner) == 1 else JSON_TEXT
    return pa.struct([pa.field(MAYBE, kind)]) if any(map(is_maybe, plain_kinds)) else kind


def as_json(kind: pa.DataType) -> pa.DataType:
    """Give the type that holds the values of a type as JSON text."""
    return pa.struct([pa.field(MAYBE, JSON_TEXT)]) if is_maybe(kind) else JSON_TEXT


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


def _mask(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


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
        return pa.StructArray.from_arrays(values, fields=fields, mask=_mask(array))
    if pa.types.is_list(kind):
        offsets, items = list_parts(array)
        return pa.ListArray.from_arrays(offsets, exported(items), mask=_mask(array))
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
