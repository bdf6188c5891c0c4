"""The tables of one target: those that its records name, made ready, and filled so that foreign keys hold.

It imports psycopg, so it is itself imported only where a connection is wanted.
"""

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
_DEEDS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND confdeltype IN ('c', 'n', 'd') AND conrelid = ANY(%s) AND confrelid = ANY(%s) ORDER BY 1, 2"""
_TABLES = """
SELECT nspname, relname, pg_table_is_visible(pg_class.oid), pg_class.oid::bigint FROM pg_class
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

    def check(self) -> None:
        """See that no foreign key changes rows by itself. Raises psycopg's Error, or Undelivered.

        A row that is removed and put again within one lot is never removed, so whether others go with it would depend
        on the lots.
        """
        if not self._changes:
            return
        with self._session.waiting():
            oids = [oid for _, _, oid in self._named()]
            found = self._session.connection.execute(_DEEDS, [oids, oids]).fetchone()
        if found is not None:
            name, definition = found
            raise Undelivered(
                f"table {name}: {definition} changes rows of which no record says so, and what is left would depend on "
                "which records are written together; declare it with ON DELETE NO ACTION",
                lasting=True,
            )

    def refusal(self, tables: pa.Array, families: pa.Array) -> Undelivered | None:
        """Return the error that the first of some records (n,) names a table that can't be, if one does."""
        wrong: dict[str, str] = {}
        for name, family in _places(tables, families):
            if problem := problem_of_name(name) or self._families[family].problem_of(name):
                wrong[name] = problem
        if not wrong:
            return None
        first = min(wrong, key=lambda name: tables.index(name).as_py())
        return Undelivered(f"table {show(first)} {wrong[first]}", tables.index(first).as_py(), lasting=True)

    def get_ready(self, rows: Rows) -> None:
        """Make the tables of some records ready. Raises psycopg's Error, or Undelivered when one can't be used."""
        fresh = [place for place in _places(rows.tables, rows.families) if place not in self._known]
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
            found = self._named()
        known: set[int] = set()
        for name, family, oid in sorted(found, key=lambda one: -len(one[1].columns)):
            if oid not in known and (table := self._table(name, family)).has_all:
                known.add(oid)
                yield name, family, table

    def _named(self) -> list[tuple[str, Family, int]]:
        """Return what each table that is there is called by families, with its number. Raises psycopg's Error."""
        found = self._session.connection.execute(_TABLES).fetchall()
        names = [(f"{schema}.{table}", oid) for schema, table, _, oid in found]
        names += [(table, oid) for _, table, is_seen, oid in found if is_seen]
        return [(name, family, oid) for name, oid in names for family in self._families if family.may_have(name)]


def _places(tables: pa.Array, families: pa.Array) -> list[tuple[str, int]]:
    """Return the tables of records, each a name and the number of a family."""
    coded = tables.dictionary_encode()
    pairs = np.stack([coded.indices.to_numpy(), families.to_numpy()])
    names: list[str] = coded.dictionary.to_pylist()
    return [(names[name], family) for name, family in np.unique(pairs, axis=1).T.tolist()]
