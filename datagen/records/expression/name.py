"""What a name stands for in the columns of records: a column, a key inside one, or a key inside the items of a list."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.inside import find, inside_object
from datagen.records.types import JSON_TEXT, is_optional, list_parts, null_mask, plain, plain_type, present

Columns = Mapping[str, pa.Array]
_FORMER = "previous("  # before the name of a dimension: the column of what the worker's last record had there


def called(function: str, of: str) -> str:
    """Return the name of the column that the value of a function at the time of each record is."""
    return f"{function}('{of}')"


def former(name: str) -> str:
    """Return the name of what a dimension, or a key inside one, was in the last record of the worker of each record.

    No name that is written in an expression is one of these.
    """
    return _FORMER + name


def of_former(name: str) -> str | None:
    """Return the name that ``former`` took; None when it took none."""
    return name.removeprefix(_FORMER) if name.startswith(_FORMER) else None


def shown(name: str) -> str:
    """Return a name as it is written in an expression."""
    return name if of_former(name) is None else f"{name})"


def root(known: Collection[str], name: str) -> str:
    """Return the known name that a name stands for, itself or what is before one of its dots; "" for none."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def found_in(columns: Columns, name: str) -> pa.Array | None:
    """Return the values of a dimension, or with ``a.b`` of a key inside one or inside the items of a list."""
    first = root(columns, name)
    if not first:
        return None
    found: pa.Array | None = present(columns[first])
    for key in filter(None, name[len(first) + 1 :].split(".")):
        found = None if found is None else inside(found, key)
    return found


def inside(array: pa.Array, key: str) -> pa.Array | None:
    """Return the values of a key inside objects, of lists inside their items; None where there can't be any."""
    if not pa.types.is_list(plain_type(array.type)) and not is_optional(array.type):
        return inside_object(array, key, in_items=True)
    array = present(plain(array))
    if not pa.types.is_list(array.type):
        return inside_object(array, key, in_items=True)
    offsets, items = list_parts(array)
    found = inside(items, key)
    return None if found is None else pa.ListArray.from_arrays(offsets, plain(found), mask=null_mask(array))


def is_there(columns: Columns, name: str, size: int) -> Any:
    """Return where a key is present, with a value or null."""
    if name in columns:
        array = plain(columns[name])
        return array.is_valid() if is_optional(array.type) else pa.repeat(True, size)
    outer, _, key = name.rpartition(".")
    found = find(columns, outer) if outer else None
    if found is None:
        return pa.repeat(False, size)
    array = present(plain(found))
    if array.type == JSON_TEXT:
        return _has_key(array, key)
    index = array.type.get_field_index(key) if pa.types.is_struct(array.type) else -1
    if index < 0:
        return pa.repeat(False, size)
    inner = array.field(index)
    return pc.and_(array.is_valid(), inner.is_valid()) if is_optional(inner.type) else array.is_valid()


def _has_key(array: pa.Array, key: str) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [None if text is None else json.loads(text) for text in encoded.dictionary.to_pylist()]
    found = pa.array([isinstance(value, dict) and key in value for value in values], pa.bool_())
    return pc.fill_null(found.take(encoded.indices), False)
