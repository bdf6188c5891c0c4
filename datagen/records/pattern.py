"""Patterns: texts with placeholders for the values of dimensions, such as a record's line, a topic or a path.

The columns of records go in, one string array comes out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from datagen.moment import Moment
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.filters import Filters
from datagen.records.inside import find
from datagen.records.strftime import put_formatted
from datagen.records.text import Piece, written
from datagen.records.types import plain_type

_PLACEHOLDER = re.compile(r"\{\{\s*(?P<double>[^{}|]+?)\s*(?:\|(?P<filters>[^{}]*?))?\s*\}\}|\{(?P<single>[^{}]+)\}")
_CODE = re.compile(r"%[^%]")


@dataclass(frozen=True)
class Placeholder:
    """Where a value belongs, and what becomes of it first."""

    name: str
    filters: Filters

    def piece(self, columns: Mapping[str, pa.Array]) -> Piece:
        """Return what stands there in the text of records."""
        found = find(columns, self.name)
        return self.filters.of_nothing if found is None else self.filters.piece(found)


class TextPattern:
    """A text with ``{{name}}``, ``{{a.b}}``, ``{{name|filter}}`` and, where it is a dimension, ``{name}``."""

    def __init__(self, text: str, layout: Layout, *, with_time: bool = False, doubled: bool = False) -> None:
        """Find the placeholders of a text, and what is wrong with them; then ``problems`` is not empty.

        ``with_time``: strftime codes outside of placeholders stand for a record's time. ``doubled``: only what stands
        in double braces is a placeholder.
        """
        self.problems: list[str] = []
        self._parts: list[str | Placeholder] = []
        self._with_time = with_time
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            if doubled and match["single"]:
                continue
            name = match["double"] or match["single"]
            types, filters = _types(layout, name), Filters(match["filters"] or "")
            if types:
                self._parts += [text[end : match.start()], Placeholder(name, filters)]
                end = match.end()
                self.problems += [f"{match[0]}: {text}" for text in filters.problems(show(name), types)]
            elif match["double"]:
                self.problems.append(f"{match[0]}: no emitter has {show(name)}{did_you_mean(name, layout.names())}")
        self._parts.append(text[end:])

    @property
    def is_constant(self) -> bool:
        """Return whether the text is the same for every record."""
        return not self.names and not self.has_codes

    @property
    def names(self) -> list[str]:
        """Return the names of what its placeholders stand for."""
        return [part.name for part in self._parts if isinstance(part, Placeholder)]

    @property
    def has_codes(self) -> bool:
        """Return whether something in it stands for a record's time."""
        return self._with_time and any(isinstance(part, str) and _CODE.search(part) for part in self._parts)

    def filled(self, filling: str) -> str:
        """Return the text with ``filling`` for each placeholder."""
        return "".join(part if isinstance(part, str) else filling for part in self._parts)

    def pieces(self, columns: Mapping[str, pa.Array], time: pa.Array | None = None) -> list[Piece]:
        """Return what the text of records consists of; codes in the text stand for ``time`` (n,)."""
        return [self._piece(part, columns, time) for part in self._parts]

    def _piece(self, part: str | Placeholder, columns: Mapping[str, pa.Array], time: pa.Array | None) -> Piece:
        if not isinstance(part, str):
            return part.piece(columns)
        if self._with_time and _CODE.search(part):
            return partial(put_formatted, time, part)
        return part.replace("%%", "%") if self._with_time else part


def placeholders(text: str) -> list[str]:
    """Return the names in double braces of a text that are not written with filters."""
    return [match["double"] for match in _PLACEHOLDER.finditer(text) if match["double"] and not match["filters"]]


def names_in(text: str) -> list[str]:
    """Return the names in double braces of a text, each once."""
    return list(dict.fromkeys(match["double"] for match in _PLACEHOLDER.finditer(text) if match["double"]))


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


def patterned(batch: Batch, pattern: TextPattern, start: Moment) -> pa.Array:
    """Return the text of a pattern for each record of a batch, (n,)."""
    moments = pa.array((start.microseconds + batch.emitted // 1000) // 1000).cast(pa.timestamp("ms", start.zone))
    texts = [(part.rows, pattern.pieces(part.named, moments.take(pa.array(part.rows)))) for part in batch.parts]
    return written(texts, len(batch)).array()
