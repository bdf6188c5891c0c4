"""The checks of tables: whether there is what field generators pick from, and in which order tables can be made."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from datagen.graph import circles
from datagen.language.names import Field, Found
from datagen.plugin.table import Table
from datagen.problems import Path_, did_you_mean, is_comment, show


class Tables:
    """The tables of a spec, as far as they are valid."""

    def __init__(self, data: Any) -> None:
        """Take what stands under ``tables``, with models for those that are valid."""
        named = data if isinstance(data, dict) else {}
        self._named = {name: part for name, part in named.items() if not is_comment(name)}

    def names(self, table: str) -> list[str]:
        """Return the names of the columns of a table, as far as it is valid."""
        found = self._named.get(table)
        return found.names() if isinstance(found, Table) else []

    def emitters(self) -> set[str]:
        """Return the emitters that the records of rows are of."""
        return {table.emit.emitter for _, table in self._models() if table.emit is not None}

    def problems(self, fields: Iterable[Field]) -> Found:
        """Yield the picks of fields, and of the columns of tables, from what there is not; and circles of tables."""
        for field in fields:
            yield from self._unknown(field.picks)
        made_of: dict[str, list[str]] = {}
        for name, table in self._models():
            for dimension_number, dimension in enumerate(table.dimensions()):
                path = ("tables", name, "columns", dimension_number)
                yield from self._unknown(((*path, *inner), of, column) for inner, of, column in dimension.all_picks())
            made_of[name] = [other for _, other in table.tables() if other in self._named]
            yield from self._unknown_parents(name, table)
        for circle in circles(made_of):
            way = " → ".join(circle)
            yield ("tables", circle[0]), f"tables can't be made of each other ({way})"

    def unused(self, fields: Collection[Field]) -> Found:
        """Yield the tables that nothing is picked from, as far as that can be known."""
        made_by = (dimension for _, table in self._models() for dimension in table.dimensions())
        if any(one.chooses_tables for one in fields) or any(one.chooses_tables() for one in made_by):
            return
        used = {table for field in fields for _, table, _ in field.picks}
        used |= {other for _, table in self._models() for _, other in table.tables()}
        used |= {name for name, table in self._models() if table.emit is not None}
        for name in self._named:
            if name not in used:
                yield ("tables", name), f"nothing in the spec uses table {show(name)}"

    def _models(self) -> Iterator[tuple[str, Table]]:
        return ((name, part) for name, part in self._named.items() if isinstance(part, Table))

    def _unknown_parents(self, name: str, table: Table) -> Found:
        for path, other in table.tables():
            if path[0] != "columns":
                yield from self._unknown([(("tables", name, *path), other, None)])

    def _unknown(self, picks: Iterable[tuple[Path_, str, str | None]]) -> Found:
        for path, name, column in picks:
            if name not in self._named:
                if column is None:
                    near = did_you_mean(name, self._named) if self._named else '; the spec has no "tables"'
                    yield path, f"unknown table {show(name)}{near}"
                continue
            table = self._named[name]
            if column is not None and isinstance(table, Table) and column not in table.names():
                yield path, f"table {show(name)} has no column {show(column)}{did_you_mean(column, table.names())}"
