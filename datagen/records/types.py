"""Arrow types as this program uses them: nesting, what may be missing, one type for many.

Two conventions say in Arrow what JSON knows and Arrow does not, and one keeps what repeats small:

- a key that may be *missing* is a struct with one child named ``""``; where the struct is null the key is missing,
  where it is valid the child holds the value or null;
- values whose JSON types differ are JSON text, of Arrow's type binary;
- values that repeat are dictionary arrays, at any depth; ``plain`` writes them out.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

JSON_TEXT = pa.binary()
MAYBE = ""


def is_maybe(kind: pa.DataType) -> bool:
    """Tell whether values of a type may be missing."""
    return pa.types.is_struct(kind) and kind.num_fields == 1 and kind.field(0).name == MAYBE


def list_parts(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give the offsets, from 0 on, and the items of a list array that may be a slice of another."""
    offsets = array.offsets.to_numpy()
    first, last = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    return pa.array(offsets - np.int32(first)), array.values.slice(first, last - first)


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
        return pa.ListArray.from_arrays(offsets, plain(items), mask=null_mask(array))
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


def null_mask(array: pa.Array) -> pa.Array | None:
    """Return which values are null, None when none is."""
    return array.is_null() if array.null_count else None
