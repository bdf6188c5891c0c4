"""What is inside of the columns of records: keys of objects, by names such as ``a.b``."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from datagen.records.types import JSON_TEXT, once_coded, plain, present


def find(columns: Mapping[str, pa.Array], name: str) -> pa.Array | None:
    """Return the values of a dimension, or with ``a.b`` of a key inside one, missing ones as null; None without any."""
    keys: list[str] = []
    while name not in columns:
        name, _, key = name.rpartition(".")
        if not name:
            return None
        keys.append(key)
    found: pa.Array | None = present(columns[name])
    for key in reversed(keys):
        found = None if found is None else inside_object(found, key)
    return found


def inside_object(array: pa.Array, key: str, *, in_items: bool = False) -> pa.Array | None:
    """Return the values of a key inside objects, of those of a dictionary once for each; None where there is none.

    Of lists that are JSON text it is the list of the values inside their items, where these are wanted.
    """
    if pa.types.is_dictionary(array.type) and is_worth_it(array):
        found = inside_object(array.dictionary, key, in_items=in_items)
        return None if found is None else once_coded(pa.DictionaryArray.from_arrays(array.indices, found))
    array = present(plain(array))
    if pa.types.is_struct(array.type) and array.type.get_field_index(key) >= 0:
        return present(array.flatten()[array.type.get_field_index(key)])
    return inside_json(array, key, in_items=in_items) if array.type == JSON_TEXT else None


def is_worth_it(array: pa.DictionaryArray) -> bool:
    """Return whether to look inside the entries of a dictionary is less work than inside the values."""
    return pa.types.is_struct(array.type.value_type) or len(array.dictionary) <= len(array)


def inside_json(array: pa.Array, key: str, *, in_items: bool = False) -> pa.Array:
    """Return the values of a key of the objects among JSON texts, and of the items of lists where these are wanted."""
    encoded = array.dictionary_encode()
    values = [json.loads(text) if text is not None else None for text in encoded.dictionary.to_pylist()]
    found = [_inside(value, key, in_items) for value in values]
    text = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in found]
    return pa.array(text, pa.string()).cast(JSON_TEXT).take(encoded.indices)


def _inside(value: Any, key: str, in_items: bool) -> Any:
    if in_items and isinstance(value, list):
        return [_inside(item, key, in_items) for item in value]
    return value.get(key) if isinstance(value, dict) else None
