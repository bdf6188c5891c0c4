"""Keys of targets: the dimensions by which a system knows a row, document or message again."""

from collections.abc import Iterator
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout, Part
from datagen.records.inside import find
from datagen.records.pattern import is_known
from datagen.records.text import plain_text
from datagen.records.types import JSON_TEXT, plain, present

SEPARATOR = "|"  # between the parts of a key that is one text
_NULL = "\\N"  # a part that is null or missing, among several

Names = list[str]
_WANTED = "must be a list of dimensions, or an object with such a list for each emitter"


def _read(value: Any) -> Any:
    """Check a key. Raises ValueError."""
    lists = list(value.values()) if isinstance(value, dict) else [value]
    if not lists or not all(isinstance(names, list) and all(isinstance(n, str) for n in names) for names in lists):
        raise ValueError(f"{_WANTED}, found {show(value)}")
    return value


_NAMES = {"type": "array", "items": {"type": "string"}}
Key = Annotated[
    Names | dict[str, Names],
    PlainValidator(_read),
    WithJsonSchema({"anyOf": [_NAMES, {"type": "object", "additionalProperties": _NAMES, "minProperties": 1}]}),
]


def _is_one(key: Names | dict[str, Names]) -> Names | dict[str, Names]:
    if not key or (isinstance(key, dict) and not all(key.values())):
        raise ValueError("must not be empty")
    return key


NeededKey = Annotated[Key, AfterValidator(_is_one)]


def key_of(key: Names | dict[str, Names], emitter: str) -> Names:
    """Return the dimensions that are the key of the records of an emitter."""
    return key[emitter] if isinstance(key, dict) else key


def key_texts(key: Names | dict[str, Names], part: Part) -> pa.Array:
    """Return the key of each record of an emitter as a text (k,), null where all its parts are null or missing.

    Several parts are joined so that different ones never make the same text: ``|`` and ``\\`` in them are escaped, and
    null, which is not the empty text, is ``\\N``.
    """
    names = key_of(key, part.emitter)
    parts = [_texts(find(part.columns, name), len(part.rows)) for name in names]
    if len(parts) == 1:
        return parts[0]
    joined = pc.binary_join_element_wise(*(pc.fill_null(_escaped(text), _NULL) for text in parts), SEPARATOR)
    return pc.if_else(pc.equal(joined, SEPARATOR.join([_NULL] * len(parts))), None, joined)


def _texts(array: pa.Array | None, size: int) -> pa.Array:
    """Return values as texts (k,), null where there is none."""
    if array is None:
        return pa.nulls(size, pa.string())
    values = plain(present(array))
    there = values.is_valid()
    if values.type == JSON_TEXT:
        there = pc.and_(there, pc.not_equal(values, b"null"))
    elif pa.types.is_floating(values.type):
        there = pc.is_finite(values)  # as in JSON, which knows no infinity
    return pc.if_else(pc.fill_null(there, False), plain_text(array), None)


def _escaped(texts: pa.Array) -> pa.Array:
    for character in ("\\", SEPARATOR):
        texts = pc.replace_substring(texts, character, f"\\{character}")
    return texts


def unknown_names(what: str, key: Names | dict[str, Names], layout: Layout) -> Iterator[str]:
    """Yield what is wrong with a key, called ``what`` in a spec, whose names may stand for keys inside dimensions."""
    if isinstance(key, dict):
        yield from unknown_emitters(what, key, layout)
        for emitter, names in key.items():
            known = layout.of([emitter])
            missing = [name for name in names if known.emitters and not is_known(known, name)]
            yield from (
                f"{what}: the emitter {show(emitter)} has no {show(name)}{_near(name, known)}" for name in missing
            )
    else:
        missing = [name for name in key if not is_known(layout, name)]
        yield from (f"{what}: no emitter has {show(name)}{_near(name, layout)}" for name in missing)


def _near(name: str, layout: Layout) -> str:
    return did_you_mean(name, layout.names())


def unknown_emitters(name: str, key: dict[str, Names], layout: Layout) -> Iterator[str]:
    """Yield the emitters that a key called ``name`` does not know, or knows without there being any."""
    for emitter in key:
        if emitter not in layout.emitters:
            yield f"{name}: no emitter {show(emitter)} comes here{did_you_mean(emitter, layout.emitters)}"
    for emitter in layout.emitters:
        if emitter not in key:
            yield f"{name}: says nothing of the emitter {show(emitter)}"
