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
import pyarrow.compute as pc

JSON_TEXT = pa.binary()
OPTIONAL = ""  # the name of the one child of a struct whose key may be missing


def is_optional(type_: pa.DataType) -> bool:
    """Return whether values of a type may be missing."""
    return pa.types.is_struct(type_) and type_.num_fields == 1 and type_.field(0).name == OPTIONAL


def list_parts(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the offsets, from 0 on, and the items of a list array, also of one that is a slice of another."""
    offsets = array.offsets.to_numpy()
    first, last = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    return pa.array(offsets - np.int32(first)), array.values.slice(first, last - first)


def optional(values: pa.Array, missing: npt.NDArray[np.bool_]) -> pa.Array:
    """Wrap values (n,) of which some are ``missing`` (n,)."""
    return pa.StructArray.from_arrays([values], fields=[pa.field(OPTIONAL, values.type)], mask=pa.array(missing))


def present(array: pa.Array) -> pa.Array:
    """Return the values without the wrapper, also where it is inside of a dictionary; what is missing becomes null."""
    if is_optional(array.type):
        return array.flatten()[0]
    if pa.types.is_dictionary(array.type) and is_optional(array.type.value_type):
        entries = present(array.dictionary)
        indices = pc.if_else(entries.is_valid().take(array.indices), array.indices, None)
        return pa.DictionaryArray.from_arrays(indices, entries)
    return array


def described(type_: pa.DataType) -> tuple[str, bool]:
    """Return what a type is called, and whether its values may be missing."""
    missing = is_optional(type_)
    inner = plain_type(type_.field(0).type if missing else type_)
    return "JSON" if inner == JSON_TEXT else str(inner), missing


def plain_type(type_: pa.DataType) -> pa.DataType:
    """Return the type that ``plain`` makes of a type."""
    if pa.types.is_dictionary(type_):
        return plain_type(type_.value_type)
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, plain_type(field.type)) for field in type_])
    if pa.types.is_list(type_):
        return pa.list_(plain_type(type_.value_type))
    return type_


def plain(array: pa.Array) -> pa.Array:
    """Replace dictionary arrays, at any depth, by their values."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return plain(array.dictionary).take(array.indices)
    if pa.types.is_struct(type_):
        fields = [pa.field(field.name, field.type) for field in type_]
        values = [plain(array.field(index)) for index in range(type_.num_fields)]
        fields = [field.with_type(value.type) for field, value in zip(fields, values, strict=True)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=array.is_null()) if fields else array
    if pa.types.is_list(type_):
        offsets, items = list_parts(array)
        return pa.ListArray.from_arrays(offsets, plain(items), mask=null_mask(array))
    return array


def once_coded(array: pa.Array) -> pa.Array:
    """Flatten a dictionary array whose dictionary is one itself; return any other array as it is."""
    while pa.types.is_dictionary(array.type) and pa.types.is_dictionary(array.type.value_type):
        inner = array.dictionary
        array = pa.DictionaryArray.from_arrays(inner.indices.take(array.indices), inner.dictionary)
    return array


def common_type(types: Iterable[pa.DataType]) -> pa.DataType:
    """Return the plain type that holds the values of several types: theirs when it is the same, else JSON text."""
    plain_types = [plain_type(type_) for type_ in types]
    inner = {type_.field(0).type if is_optional(type_) else type_ for type_ in plain_types} - {pa.null()}
    type_ = pa.null() if not inner else inner.pop() if len(inner) == 1 else JSON_TEXT
    return pa.struct([pa.field(OPTIONAL, type_)]) if any(map(is_optional, plain_types)) else type_


def as_json(type_: pa.DataType) -> pa.DataType:
    """Return the type that holds the values of a type as JSON text."""
    return pa.struct([pa.field(OPTIONAL, JSON_TEXT)]) if is_optional(type_) else JSON_TEXT


def has_no_keys(type_: pa.DataType) -> bool:
    """Return whether a type is, or holds, an object without keys."""
    if pa.types.is_struct(type_):
        return type_.num_fields == 0 or any(has_no_keys(field.type) for field in type_)
    return pa.types.is_list(type_) and has_no_keys(type_.value_type)


def null_mask(array: pa.Array) -> pa.Array | None:
    """Return which values are null, None when none is."""
    return array.is_null() if array.null_count else None
