"""The sink of the target ``postgres``: rows for COPY, and how much of a write that failed is there.

It imports psycopg, so it is itself imported only where a run begins.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from psycopg import Error

from datagen.plugin.target import Encoded, Kept, Position, Sink, Undelivered, Unreadable
from datagen.records.batch import Batch
from datagen.targets.postgres.connection import Session, explained, session, undelivered
from datagen.targets.postgres.copy import Column, comparable_rows, copy_lines, kept_rows, read_rows
from datagen.targets.postgres.table import Table


class TableSink(Sink):
    """Adds rows to a table; each write adds all of them or none."""

    _session: Session
    _table: Table

    def __init__(self, dsn: str, table: str, columns: Sequence[Column], keys: Sequence[str], *, create: bool) -> None:
        """Take the keys of an upsert, and whether the table may be made where something of it is missing."""
        self._dsn = dsn
        self._name = table
        self._columns = columns
        self._keys = keys
        self._create = create
        self.is_keyed = bool(keys)
        self.opened = ExitStack()

    def encode(self, batch: Batch) -> Encoded:
        return Encoded(batch.due, batch.emitted, copy_lines(batch, lambda _: self._columns))

    def open(self, position: Position) -> None:
        with explained():
            self._session = self.opened.enter_context(session(self._dsn))
            self._table = self._table_of(self._session)
            self._table.get_ready(self._create)

    def write(self, encoded: Encoded) -> None:
        """Deliver all records or none; when one of them is refused for what it is, those before it."""
        try:
            self._table.write(encoded.lines.data)
        except Error as error:
            failure = undelivered(error)
            before = self._table.refused_row(error)
            if failure.lasting and before:
                with explained():
                    self._table.write(encoded.slice(0, before).lines.data)
                failure.records = before
            raise failure from error

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        try:
            with explained(), session(self._dsn) as opened:
                for rows in self._table_of(opened).read():
                    yield "", comparable_rows(read_rows(rows, self._columns), self._columns)
        except Undelivered as error:
            raise Unreadable(str(error)) from error

    def kept(self) -> Iterator[Sequence[Kept]]:
        for _, rows in self.stored():
            yield kept_rows(rows, self._places)

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        return kept_rows(self.comparable(encoded), self._places)

    @property
    def _places(self) -> list[int]:
        """Return where among the columns those of the key are."""
        names = [column.name for column in self._columns]
        return [names.index(key) for key in self._keys]

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return comparable_rows(encoded.lines, self._columns)

    def _table_of(self, opened: Session) -> Table:
        return Table(opened, self._name, self._columns, self._keys)
