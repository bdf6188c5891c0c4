"""The sink of the target ``postgres`` for several tables, or for changes of rows.

It imports psycopg, so it is itself imported only where a run begins.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from psycopg import Error

from datagen.plugin.operation import Operations, deletes, refusal
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Kept, Position, Sink, Undelivered, Unreadable
from datagen.records.batch import MOST_ROWS, Batch
from datagen.records.lines import pieces
from datagen.records.pattern import TextPattern
from datagen.targets.postgres.connection import Session, explained, session, undelivered
from datagen.targets.postgres.copy import Column, comparable_rows, copy_lines, kept_change, kept_rows, read_rows
from datagen.targets.postgres.family import Family, tables_of
from datagen.targets.postgres.progress import Progress
from datagen.targets.postgres.tables import Rows, Tables

# Classes of SQLSTATE with which a server refuses records for what they are: data, integrity, and what triggers raise.
_REFUSES = ("22", "23", "P0")


@dataclass(frozen=True)
class Plan:
    """What a sink is to do."""

    dsn: str
    name: str  # of the run and the target, for the number of records that a database has
    schema: str | None  # where this number is kept
    table: TextPattern
    families: Sequence[Family]
    operation: str | None
    create: bool


class ChangeSink(Sink):
    """Brings records to their tables, in transactions of many records, and none of them twice.

    The texts of its encoded records are the tables, the numbers of the families, and the operations, if there are any.
    """

    _session: Session
    _tables: Tables
    _progress: Progress

    def __init__(self, plan: Plan, scope: Scope) -> None:
        self.scope = scope
        self.opened = ExitStack()
        self._plan = plan
        self._operations = None if plan.operation is None else Operations(plan.operation, scope.zone)
        self.is_keyed = any(family.keys for family in plan.families)
        self._number = {name: number for number, family in enumerate(plan.families) for name in family.emitters}
        self._at = 0  # records that were written here or are known to be there
        self._there = 0  # records that the database has
        self._lot = MOST_ROWS  # records of a transaction; fewer once the database has refused more
        self._has_warned = False

    def encode(self, batch: Batch) -> Encoded:
        numbers = [pa.repeat(pa.scalar(self._number[p.emitter], pa.int16()), len(p.rows)) for p in batch.parts]
        texts = [tables_of(batch, self._plan.table), batch.in_order(numbers)]
        last = None
        if self._operations is not None:
            operations = self._operations.of(batch, pa.repeat(True, len(batch)))
            texts.append(operations)
            cells = pa.array(np.where(deletes(operations), "t", "f"), pa.string())
            last = [cells.take(pa.array(part.rows)) for part in batch.parts]
        return Encoded(batch.due, batch.emitted, copy_lines(batch, self._columns, last), tuple(texts))

    def open(self, position: Position) -> None:
        plan = self._plan
        with explained():
            self._session = self.opened.enter_context(session(plan.dsn))
            self._progress = Progress(self._session, plan.name, plan.schema)
            self._there = self._progress.begin(position, plan.create)
            changes = plan.operation is not None
            self._tables = Tables(self._session, plan.families, create=plan.create, changes=changes)
            self._tables.check()
        self._at = 0 if position is None else position["records"]

    def position(self) -> Position:
        return {"records": self._at}

    def write(self, encoded: Encoded) -> None:
        known = min(self._there - self._at, len(encoded))
        self._at += known
        try:
            self._write(encoded.slice(known, len(encoded)))
        except Undelivered as error:
            error.records += known
            raise

    def _write(self, encoded: Encoded) -> None:
        """Deliver records, or when one of them is refused for what it is, those before it. Raises Undelivered."""
        found = [self._tables.refusal(*encoded.texts[:2]), *map(refusal, encoded.texts[2:])]
        refused = min(filter(None, found), key=lambda error: error.records, default=None)
        if refused is not None:
            encoded = encoded.slice(0, refused.records)
        if len(encoded):
            self._deliver(_rows(encoded))
        if refused is not None:
            raise refused

    def _deliver(self, rows: Rows) -> None:
        """Bring records to their tables, in lots of the size that the database has taken last. Raises Undelivered.

        Table by table is not the order of the records: a value that only one row may have, say, can't be given to
        another before the first has lost it. A lot that is refused is halved; in the end it is one record.
        """
        with explained():
            self._tables.get_ready(rows)
        done, size = 0, len(rows.lines)
        while done < size:
            lot = rows.slice(done, min(done + self._lot, size))
            try:
                self._commit(lot)
            except Error as error:
                if not (error.sqlstate or "").startswith(_REFUSES) or len(lot.lines) == 1:
                    failure = undelivered(error)
                    failure.records = done
                    raise failure from error
                self._lot = len(lot.lines) // 2
                self._warn()
            except Undelivered as error:
                error.records = done
                raise
            else:
                done += len(lot.lines)
                self._lot = min(self._lot * 5 // 4 + 1, MOST_ROWS)

    def _commit(self, lot: Rows) -> None:
        """Bring records to their tables in one transaction. Raises psycopg's Error or Undelivered."""
        after = self._at + len(lot.lines)
        with self._session.waiting(), self._session.connection.transaction():
            self._progress.move(self._at, after)
            self._tables.apply(lot)
        self._at = self._there = after

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            self.scope.say(
                "warning: the database takes some changes only in the order of the records, not table by table, as "
                "with keys that refer to one another in a circle; these are written in small lots, which takes longer"
            )

    def kept(self) -> Iterator[Sequence[Kept]]:
        for name, family, rows in self._read():
            yield kept_rows(rows, family.places, name)

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        parts = zip(encoded.texts[0].to_pylist(), encoded.texts[1].to_pylist(), pieces(encoded.lines), strict=True)
        found = [(name, self._plan.families[number], bytes(row)) for name, number, row in parts]
        if self._operations is not None:
            return [kept_change(row, family.columns, family.places, name) for name, family, row in found]
        rows = self.comparable(encoded)
        return [
            kept
            for (name, family, _), row in zip(found, rows, strict=True)
            for kept in kept_rows([row], family.places, name)
        ]

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        for _, _, rows in self._read():
            yield "", rows

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        numbers = encoded.texts[1].to_numpy()
        found: list[bytes] = [b""] * len(encoded)
        for number, family in enumerate(self._plan.families):
            own = np.flatnonzero(numbers == number)
            for place, row in zip(own, comparable_rows(encoded.lines.take(own), family.columns), strict=True):
                found[place] = row
        return found

    def _read(self) -> Iterator[tuple[str, Family, list[bytes]]]:
        try:
            with explained(), session(self._plan.dsn) as opened:
                tables = Tables(opened, self._plan.families, create=False, changes=False)
                for name, family, table in tables.there():
                    for rows in table.read():
                        yield name, family, comparable_rows(read_rows(rows, family.columns), family.columns)
        except Undelivered as error:
            raise Unreadable(str(error)) from error

    def _columns(self, emitter: str) -> Sequence[Column]:
        return self._plan.families[self._number[emitter]].columns


def _rows(encoded: Encoded) -> Rows:
    tables, families, *operations = encoded.texts
    return Rows(tables, families, encoded.lines, deletes(operations[0]) if operations else None)
