"""The tables of one target: those that its records name, made ready, and filled so that foreign keys hold.

It imports psycopg, so it is itself imported only where a connection is wanted.
"""

import re
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from datagen.draw import Marks
from datagen.plugin.target import Undelivered
from datagen.problems import show
from datagen.records.lines import Lines
from datagen.targets.postgres.connection import Session
from datagen.targets.postgres.family import Family, problem_of_name
from datagen.targets.postgres.table import STAGING, Table

_FOREIGN_KEYS = """
SELECT conrelid::bigint, confrelid::bigint FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s) AND confrelid = ANY(%s) AND conrelid <> confrelid"""
_TABLES = """
SELECT nspname, relname, pg_table_is_visible(pg_class.oid) FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence <> 't'
AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"""


class Rows(NamedTuple):
    """Records for tables, in order; n of them."""

    tables: pa.Array  # (n,) names
    families: pa.Array  # (n,) numbers
    lines: Lines  # (n,)
    gone: Marks | None  # (n,) whether the row of the key goes away; None where rows are only put

    def slice(self, start: int, stop: int) -> "Rows":
        """Return some of the records."""
        gone = None if self.gone is None else self.gone[start:stop]
        length = stop - start
        tables, families = self.tables.slice(start, length), self.families.slice(start, length)
        return Rows(tables, families, self.lines.slice(start, stop), gone)


class _Share(NamedTuple):
    """The records of one table."""

    table: Table
    rows: memoryview
    puts: bool
    removes: bool


class Tables:
    """The tables of a target, over one connection."""

    def __init__(self, session: Session, families: Sequence[Family], *, create: bool, changes: bool) -> None:
        """Take the families of records, and whether records say that rows go away."""
        self._session = session
        self._families = families
        self._create = create
        self._changes = changes
        self._known: dict[tuple[str, int], Table] = {}
        self._order: list[tuple[str, int]] = []  # of those that are known, referenced ones first

    def refusal(self, tables: pa.Array) -> Undelivered | None:
        """Return the error that the first of some records (n,) names a table that can't be, if one does."""
        wrong = {name: problem for name in tables.unique().to_pylist() if (problem := problem_of_name(name))}
        if not wrong:
            return None
        first = min(wrong, key=lambda name: tables.index(name).as_py())
        return Undelivered(f"table {show(first)} {wrong[first]}", tables.index(first).as_py(), lasting=True)

    def get_ready(self, rows: Rows) -> None:
        """Make the tables of some records ready. Raises psycopg's Error, or Undelivered when one can't be used."""
        fresh = [place for place in _places(rows) if place not in self._known]
        for name, family in fresh:
            try:
                self._known[name, family] = self._made(name, family)
            except Undelivered as error:
                raise Undelivered(f"table {name}: {error}", lasting=error.lasting) from error
        if fresh:
            self._order = self._sorted()

    def _made(self, name: str, family: int) -> Table:
        number = len(self._known)
        table = self._table(name, self._families[family], f"{STAGING}_{number + 1}" if number else STAGING)
        table.get_ready(self._create)
        return table

    def _table(self, name: str, family: Family, staging: str = STAGING) -> Table:
        changes = self._changes and bool(family.keys)
        return Table(self._session, name, family.columns, family.keys, staging=staging, changes=changes)

    def _sorted(self) -> list[tuple[str, int]]:
        """Return the known tables so that each stands behind those that it refers to, unless they do so in a circle."""
        with self._session.waiting():
            by_oid = {table.oid: place for place, table in self._known.items()}
            oids = list(by_oid)
            found = self._session.connection.execute(_FOREIGN_KEYS, [oids, oids]).fetchall()
        sorter = TopologicalSorter({place: set() for place in self._known})
        for referring, referred in found:
            sorter.add(by_oid[referring], by_oid[referred])
        try:
            return list(sorter.static_order())
        except CycleError:
            return list(self._known)

    def apply(self, rows: Rows) -> None:
        """Bring records into their tables, as a part of a transaction.

        Rows are put into referenced tables first, and removed from referring ones first: as every record leaves the
        tables so that foreign keys hold, so does each of these steps. Raises psycopg's Error.
        """
        shares = list(self._shares(rows))
        connection = self._session.connection
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        for share in shares:
            share.table.fill(share.rows)
        for share in shares:
            if share.puts:
                share.table.put()
        for share in reversed(shares):
            if share.removes:
                share.table.remove()
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def clear(self, rows: Rows) -> None:
        """Forget records that were brought, within the same transaction."""
        for place in _places(rows):
            self._known[place].clear()

    def _shares(self, rows: Rows) -> Iterator[_Share]:
        """Yield the records of each table, in the order of the tables."""
        coded = rows.tables.dictionary_encode()
        names: list[str] = coded.dictionary.to_pylist()
        tables, families = coded.indices.to_numpy(), rows.families.to_numpy()
        for name, family in self._order:
            if name not in names:
                continue
            own = np.flatnonzero((tables == names.index(name)) & (families == family))
            if len(own):
                removes = 0 if rows.gone is None else int(rows.gone[own].sum())
                yield _Share(self._known[name, family], rows.lines.take(own).data, removes < len(own), removes > 0)

    def there(self) -> Iterator[tuple[str, Family, Table]]:
        """Yield the tables that records may be in, and that have all that records have. Raises psycopg's Error."""
        with self._session.waiting():
            found = self._session.connection.execute(_TABLES).fetchall()
        names = [name for schema, table, seen in found for name in ([table] if seen else []) + [f"{schema}.{table}"]]
        for family in self._families:
            for name in names:
                if re.fullmatch(family.expression, name):
                    table = self._table(name, family)
                    if table.has_all:
                        yield name, family, table


def _places(rows: Rows) -> list[tuple[str, int]]:
    """Return the tables of records, each a name and the number of a family."""
    coded = rows.tables.dictionary_encode()
    pairs = np.stack([coded.indices.to_numpy(), rows.families.to_numpy()])
    names: list[str] = coded.dictionary.to_pylist()
    return [(names[name], family) for name, family in np.unique(pairs, axis=1).T.tolist()]
