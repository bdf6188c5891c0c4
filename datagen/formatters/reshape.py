"""Columns that look otherwise as JSON: times as numbers, no nulls, names with points as nested objects."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.types import JSON_TEXT, is_optional, list_parts, null_mask, optional

Columns = dict[str, pa.Array]
_NULL = pa.scalar(b"null", JSON_TEXT)
_TEXT = r'"(?:[^"\\]|\\.)*"'
_NULL_KEY = rf"{_TEXT}\s*:\s*null"
# Null keys behind a brace, with the comma that would then be first; others, with the comma before; texts stay.
_NULL_KEYS = rf"(\{{\s*){_NULL_KEY}(?:\s*,\s*{_NULL_KEY})*(?:\s*,)?|\s*,\s*{_NULL_KEY}|({_TEXT})"


def with_epochs(columns: Mapping[str, pa.Array]) -> Columns:
    """Return columns with times as milliseconds since 1970 in UTC, at any depth."""
    return {name: _throughout(array, _epoch) for name, array in columns.items()}


def without_nulls(columns: Mapping[str, pa.Array]) -> Columns:
    """Return columns in which every key whose value would be null is missing, at any depth."""
    return {name: _missing_for_null(_throughout(array, _without_nulls)) for name, array in columns.items()}


def nested(columns: Mapping[str, pa.Array]) -> Columns:
    """Return columns with one object for all whose names begin alike, up to a point: ``a.b`` is the key b of a."""
    groups: dict[str, Columns] = {}
    for name, array in columns.items():
        first, rest = _split(name)
        groups.setdefault(first, {})[rest] = array
    return {name: inner[""] if "" in inner else _object(nested(inner)) for name, inner in groups.items()}


def clashes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names that can't be nested, each with the name that is in the way."""
    known = set(names)
    found = []
    for name in known:
        parts = name.split(".")
        above = [".".join(parts[:count]) for count in range(1, len(parts))]
        found += [(name, other) for other in above if other in known and _split(name)[1]]
    return sorted(found)


def _split(name: str) -> tuple[str, str]:
    """Cut a name at its first point, unless a part of it would be empty."""
    first, _, rest = name.partition(".")
    return (first, rest) if all(name.split(".")) else (name, "")


def _object(members: Columns) -> pa.Array:
    """Return objects of some members; one is missing where all its members are."""
    made = pa.StructArray.from_arrays(list(members.values()), list(members))
    if not all(is_optional(array.type) for array in members.values()):
        return made
    missing = np.logical_and.reduce([_mask(array.is_null()) for array in members.values()])
    return optional(made, missing) if missing.any() else made


def _throughout(array: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return an array with all that is inside of it changed, the innermost first, and then itself."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return pa.DictionaryArray.from_arrays(array.indices, _throughout(array.dictionary, change))
    if pa.types.is_struct(type_) and type_.num_fields:
        values = [_throughout(array.field(index), change) for index in range(type_.num_fields)]
        fields = [pa.field(field.name, value.type) for field, value in zip(type_, values, strict=True)]
        array = pa.StructArray.from_arrays(values, fields=fields, mask=null_mask(array))
    elif pa.types.is_list(type_):
        offsets, items = list_parts(array)
        array = pa.ListArray.from_arrays(offsets, _throughout(items, change), mask=null_mask(array))
    return change(array)


def _epoch(array: pa.Array) -> pa.Array:
    if not pa.types.is_timestamp(array.type):
        return array
    return array.cast(pa.timestamp("ms", array.type.tz), safe=False).cast(pa.int64())


def _without_nulls(array: pa.Array) -> pa.Array:
    if array.type == JSON_TEXT and pc.any(pc.match_substring(array, "null")).as_py():
        return pc.replace_substring_regex(array, _NULL_KEYS, r"\1\2")
    if is_optional(array.type):
        return optional(array.field(0), _mask(array.is_null()) | _nulls(array.field(0)))
    if not pa.types.is_struct(array.type) or not array.type.num_fields:
        return array
    values = [_missing_for_null(array.field(index)) for index in range(array.type.num_fields)]
    fields = [pa.field(field.name, value.type) for field, value in zip(array.type, values, strict=True)]
    return pa.StructArray.from_arrays(values, fields=fields, mask=null_mask(array))


def _missing_for_null(array: pa.Array) -> pa.Array:
    """Return values that are missing where they are null."""
    if is_optional(array.type):
        return array
    if pa.types.is_dictionary(array.type) and is_optional(array.type.value_type):
        return array.dictionary.take(array.indices) if array.indices.null_count else array
    nulls = _nulls(array)
    return optional(array, nulls) if nulls.any() else array


def _nulls(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which values (n,) are null, also by way of a dictionary or as the word of JSON."""
    if pa.types.is_dictionary(array.type):
        return _mask(pa.array(_nulls(array.dictionary)).take(array.indices).fill_null(True))
    nulls = _mask(array.is_null())
    if array.type == JSON_TEXT:
        nulls |= _mask(pc.equal(array, _NULL).fill_null(True))
    return nulls


def _mask(array: pa.Array) -> npt.NDArray[np.bool_]:
    return np.array(array.to_numpy(zero_copy_only=False))
