"""Patterns: texts with placeholders for the values of dimensions, such as a record's line, a topic or a path.

The columns of records go in, one string array comes out.
"""

import json
import re
from collections.abc import Mapping
from functools import partial

import pyarrow as pa

from datagen.moment import Moment
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.strftime import put_formatted
from datagen.records.text import Piece, written
from datagen.records.types import JSON_TEXT, is_optional, once_coded, plain, plain_type, present

_PLACEHOLDER = re.compile(r"\{\{\s*(?P<double>[^{}|]+?)\s*(?:\|(?P<format>[^{}]*?))?\s*\}\}|\{(?P<single>[^{}]+)\}")
_CODE = re.compile(r"%[^%]")

Placeholder = tuple[str, str | None]  # name of a dimension, strftime codes


class TextPattern:
    """A text with ``{{name}}``, ``{{a.b}}``, ``{{time|codes}}`` and, where it is a dimension, ``{name}``."""

    def __init__(self, text: str, layout: Layout, *, with_time: bool = False) -> None:
        """Find the placeholders of a text, and what is wrong with them; then ``problems`` is not empty.

        ``with_time``: strftime codes outside of placeholders stand for a record's time.
        """
        self.problems: list[str] = []
        self._parts: list[str | Placeholder] = []
        self._with_time = with_time
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            name = match["double"] or match["single"]
            types = _types(layout, name)
            if types:
                self._parts += [text[end : match.start()], (name, match["format"])]
                end = match.end()
            elif match["double"]:
                self.problems.append(f"{match[0]}: no emitter has {show(name)}{did_you_mean(name, layout.names())}")
            if match["format"] and not any(map(pa.types.is_timestamp, types)):
                self.problems.append(f"{match[0]}: {show(name)} is not a time")
        self._parts.append(text[end:])

    @property
    def is_constant(self) -> bool:
        """Return whether the text is the same for every record."""
        return all(isinstance(part, str) and not (self._with_time and _CODE.search(part)) for part in self._parts)

    def filled(self, filling: str) -> str:
        """Return the text with ``filling`` for each placeholder."""
        return "".join(part if isinstance(part, str) else filling for part in self._parts)

    def pieces(self, columns: Mapping[str, pa.Array], time: pa.Array | None = None) -> list[Piece]:
        """Return what the text of records consists of; codes in the text stand for ``time`` (n,)."""
        return [self._piece(part, columns, time) for part in self._parts]

    def _piece(self, part: str | Placeholder, columns: Mapping[str, pa.Array], time: pa.Array | None) -> Piece:
        if not isinstance(part, str):
            return _value(columns, *part)
        if self._with_time and _CODE.search(part):
            return partial(put_formatted, time, part)
        return part.replace("%%", "%") if self._with_time else part


def placeholders(text: str) -> list[str]:
    """Return the names in double braces of a text that are not written with strftime codes."""
    return [match["double"] for match in _PLACEHOLDER.finditer(text) if match["double"] and not match["format"]]


def find(columns: Mapping[str, pa.Array], name: str) -> pa.Array | None:
    """Return the values of a dimension, or with ``a.b`` of a key inside one, missing ones as null; None without any."""
    keys: list[str] = []
    while name not in columns:
        name, _, key = name.rpartition(".")
        if not name:
            return None
        keys.append(key)
    found = present(columns[name]) if is_optional(columns[name].type) else columns[name]
    for key in reversed(keys):
        found = None if found is None else inside_object(found, key)
    return found


def inside_object(array: pa.Array, key: str) -> pa.Array | None:
    """Return the values of a key inside objects, of those of a dictionary once for each; None where there is none."""
    if pa.types.is_dictionary(array.type) and is_worth_it(array):
        found = inside_object(array.dictionary, key)
        return None if found is None else once_coded(pa.DictionaryArray.from_arrays(array.indices, found))
    array = present(plain(array))
    if pa.types.is_struct(array.type) and array.type.get_field_index(key) >= 0:
        return present(array.flatten()[array.type.get_field_index(key)])
    return inside_json(array, key) if array.type == JSON_TEXT else None


def is_worth_it(array: pa.DictionaryArray) -> bool:
    """Return whether to look inside the entries of a dictionary is less work than inside the values."""
    return pa.types.is_struct(array.type.value_type) or len(array.dictionary) <= len(array)


def is_known(layout: Layout, name: str) -> bool:
    """Return whether any emitter has a dimension, or with ``a.b`` a key inside one."""
    return bool(_types(layout, name))


def _types(layout: Layout, name: str) -> list[pa.DataType]:
    """Return the types of what a name stands for, over all emitters that have it."""
    columns = [
        {key: pa.nulls(0, plain_type(type_)) for key, type_ in emitter.items()} for emitter in layout.emitters.values()
    ]
    found = [find(emitter, name) for emitter in columns]
    return [array.type for array in found if array is not None]


def _value(columns: Mapping[str, pa.Array], name: str, codes: str | None) -> Piece:
    array = find(columns, name)
    if array is None:
        return ""
    return partial(put_formatted, array, codes) if codes and pa.types.is_timestamp(array.type) else array


def inside_json(array: pa.Array, key: str) -> pa.Array:
    """Return the values of a key of the objects among JSON texts."""
    encoded = array.dictionary_encode()
    values = [json.loads(text) if text is not None else None for text in encoded.dictionary.to_pylist()]
    found = [value.get(key) if isinstance(value, dict) else None for value in values]
    text = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in found]
    return pa.array(text, pa.string()).cast(JSON_TEXT).take(encoded.indices)


def patterned(batch: Batch, pattern: TextPattern, start: Moment) -> pa.Array:
    """Return the text of a pattern for each record of a batch, (n,)."""
    moments = pa.array((start.microseconds + batch.emitted // 1000) // 1000).cast(pa.timestamp("ms", start.zone))
    texts = [(part.rows, pattern.pieces(part.columns, moments.take(pa.array(part.rows)))) for part in batch.parts]
    return written(texts, len(batch)).array()
