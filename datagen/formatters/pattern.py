"""The formatter ``pattern``."""

import json
import re
from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
from pydantic import Field, PrivateAttr

from datagen.arrays import plain, plain_type, present
from datagen.batch import JSON_TEXT, Layout, is_maybe
from datagen.plugin import Formatter
from datagen.problems import did_you_mean, show
from datagen.text import Pieces, formatted_time, join, plain_text

_PLACE = re.compile(r"\{\{\s*(?P<double>[^{}|]+?)\s*(?:\|(?P<format>[^{}]*))?\}\}|\{(?P<single>[^{}]+)\}")
_ESCAPE = re.compile(r"\\([tn\\])")
_MEANING = {"t": "\t", "n": "\n", "\\": "\\"}

Place = tuple[str, str | None]  # name of a dimension, strftime codes


class Pattern(Formatter):
    r"""The text of one record, with `{{name}}` where the value of a dimension belongs.

    `{{a.b}}` is a key inside an object, `{{time|%H:%M}}` a time with strftime codes. `{name}` works too where `name`
    is a dimension; any other brace stands for itself. `\t`, `\n` and `\\` mean tab, newline and backslash.

    Example: {"type": "pattern", "text": "{{time}} hello"}
    """

    kind: ClassVar[str] = "pattern"
    pattern: str = Field(alias="text", description="the text of one record")
    _parts: list[str | Place] = PrivateAttr([])

    def prepare(self, layout: Layout) -> list[str]:
        text = _ESCAPE.sub(lambda match: _MEANING[match[1]], self.pattern.removesuffix("\n").removesuffix("\r"))
        problems = []
        self._parts = []
        end = 0
        for match in _PLACE.finditer(text):
            name = match["double"] or match["single"]
            kinds = _kinds(layout, name)
            if kinds:
                self._parts += [text[end : match.start()], (name, match["format"])]
                end = match.end()
            elif match["double"]:
                problems.append(f"{match[0]}: no emitter has {show(name)}{did_you_mean(name, layout.names())}")
            if match["format"] and not any(map(pa.types.is_timestamp, kinds)):
                problems.append(f"{match[0]}: {show(name)} is not a time")
        self._parts += [text[end:], "\n"]
        return problems

    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        pieces: Pieces = [part if isinstance(part, str) else _value(columns, *part) for part in self._parts]
        return join(pieces, len(next(iter(columns.values()))))


def _kinds(layout: Layout, name: str) -> list[pa.DataType]:
    """Give the types of what a name stands for, over all emitters."""
    columns = [
        {key: pa.nulls(0, plain_type(kind)) for key, kind in emitter.items()} for emitter in layout.emitters.values()
    ]
    found = [_find(emitter, name) for emitter in columns]
    return [array.type for array in found if array is not None]


def _value(columns: Mapping[str, pa.Array], name: str, codes: str | None) -> str | pa.Array:
    array = _find(columns, name)
    if array is None:
        return ""
    return formatted_time(array, codes) if codes and pa.types.is_timestamp(array.type) else plain_text(array)


def _find(columns: Mapping[str, pa.Array], name: str) -> pa.Array | None:
    """Find the values of a dimension, or of a key inside one."""
    if name in columns:
        return columns[name] if not is_maybe(columns[name].type) else present(columns[name])
    outer, _, key = name.rpartition(".")
    array = _find(columns, outer) if outer else None
    if array is None:
        return None
    array = present(plain(array))
    if pa.types.is_struct(array.type) and array.type.get_field_index(key) >= 0:
        return present(array.flatten()[array.type.get_field_index(key)])
    return _inside_json(array, key) if array.type == JSON_TEXT else None


def _inside_json(array: pa.Array, key: str) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [json.loads(text) if text is not None else None for text in encoded.dictionary.to_pylist()]
    found = [value.get(key) if isinstance(value, dict) else None for value in values]
    text = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in found]
    return pa.array(text, pa.string()).cast(JSON_TEXT).take(encoded.indices)
