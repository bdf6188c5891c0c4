"""Families: emitters whose records go to the same tables, and so have columns and a key in common.

A table of the target may be a pattern. Where it names the emitter, each emitter has tables of its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from datagen.plugin.key import Names, key_of
from datagen.records.batch import EMITTER, Batch, Layout
from datagen.records.pattern import TextPattern, names_in
from datagen.records.text import join
from datagen.targets.postgres.copy import Column, columns_of

_EMITTER = re.compile(r"\{\{\s*emitter\s*\}\}")
LONGEST_NAME = 63  # bytes; of a longer one, PostgreSQL would cut off the rest (NAMEDATALEN - 1)


def table_pattern(table: str, layout: Layout) -> TextPattern:
    """Return the name of a table as a pattern."""
    return TextPattern(table, layout.named(), doubled=True)


def problem_of_name(table: str) -> str | None:
    """Return why a text can't be the name of a table; None when it can."""
    names = table.split(".")
    if len(names) > 2 or not all(names):
        return "must be a name or schema.name"
    if any(len(name.encode()) > LONGEST_NAME or "\0" in name for name in names):
        return "can't be a name in PostgreSQL: it has a null character, or more than 63 bytes"
    return None


@dataclass(frozen=True)
class Family:
    """Emitters whose records go to the same tables."""

    emitters: tuple[str, ...]
    columns: Sequence[Column]
    keys: Sequence[str]  # none where rows are only added
    expression: str  # a regular expression for the names of its tables

    def may_have(self, table: str) -> bool:
        """Return whether a table may be one of its own, by its name."""
        return re.fullmatch(self.expression, table) is not None

    def problem_of(self, table: str) -> str | None:
        """Return why records can't go to a table; None when they can."""
        return None if self.may_have(table) else "has a dot from a dimension, which would name another schema"

    @property
    def places(self) -> list[int]:
        """Return where among the columns those of the key are."""
        names = [column.name for column in self.columns]
        return [names.index(key) for key in self.keys]


def groups(table: str, layout: Layout) -> list[tuple[str, ...]]:
    """Return the emitters of each family."""
    names = names_in(table)
    if EMITTER not in names or EMITTER in layout.names():
        return [tuple(layout.emitters)]
    if names != [EMITTER]:
        return [(emitter,) for emitter in layout.emitters]
    pattern = table_pattern(table, layout)
    by_table: dict[str, list[str]] = {}
    for emitter in layout.emitters:
        by_table.setdefault(_named(pattern, emitter), []).append(emitter)
    return [tuple(emitters) for emitters in by_table.values()]


def families(table: str, key: Names | dict[str, Names], layout: Layout) -> list[Family]:
    """Return the families of a target's emitters."""
    return [
        Family(
            emitters,
            columns_of(layout.of(emitters)),
            key_of(key, emitters[0]),
            _expression(table, [] if EMITTER in layout.names() else emitters),
        )
        for emitters in groups(table, layout)
    ]


def tables_of(batch: Batch, pattern: TextPattern) -> pa.Array:
    """Return the name of the table (n,) of each record."""
    names = [_texts(pattern, part.named, len(part.rows)) for part in batch.parts]
    return batch.in_order(names)


def _texts(pattern: TextPattern, columns: Mapping[str, pa.Array], size: int) -> pa.Array:
    return join(pattern.pieces(columns), size)


def _named(pattern: TextPattern, emitter: str) -> str:
    name: str = _texts(pattern, {EMITTER: pa.array([emitter])}, 1)[0].as_py()
    return name


def _expression(table: str, emitters: Sequence[str]) -> str:
    """Return what the names of tables match; ``emitters`` are what stands for the emitter, if no dimension does."""
    own = "|".join(map(re.escape, emitters))
    found, end = "", 0
    for match in re.finditer(r"\{\{.*?\}\}", table):
        found += re.escape(table[end : match.start()])
        found += f"({own})" if emitters and _EMITTER.fullmatch(match[0]) else "([^.]*)"
        end = match.end()
    return found + re.escape(table[end:])
