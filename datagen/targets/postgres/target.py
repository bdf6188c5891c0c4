"""The target ``postgres``."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, model_validator

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import RECORD_ID, Encoded, Position, Target, Undelivered, Unreadable
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.targets.postgres.copy import Column, columns_of, comparable_rows, copy_lines, read_rows

_LONGEST_NAME = 63  # bytes; of a longer one, PostgreSQL would cut off the rest (NAMEDATALEN - 1)
_READ_AT_ONCE = 16_000_000  # bytes
_BAD_DSN = (
    "dsn: must be like postgresql://user:password@host:5432/dbname; "
    "special characters of a user or a password are written as %40 and the like"
)


class Postgres(Target):
    """A table of PostgreSQL, one row a record.

    Every dimension is a column: `bigint`, `double precision`, `text`, `boolean`, `timestamp(3)` or, for times with an
    offset, `timestamptz(3)`; `jsonb` for objects, lists and values of several types. What a record does not have is
    NULL. The table is made when it is absent, and gets the columns that it lacks; a column that it has stays as it is.

    With the mode `append` each write is one COPY. What was under way when a connection broke is sent again, and may
    then be there twice. With `upsert` a record replaces the one with the same key, so that nothing is there twice.

    Example: {"type": "postgres", "dsn": "postgresql://postgres@127.0.0.1:5432/test", "table": "clicks"}
    Example: {"type": "postgres", "dsn": "${DSN}", "table": "web.clicks", "mode": "upsert", "record_id": true}
    """

    kind: ClassVar[str] = "postgres"
    takes_format: ClassVar[bool] = False
    library: ClassVar[tuple[str, str] | None] = ("psycopg", "psycopg[binary]>=3.2")
    dsn: SecretStr = Field(description="how to connect, such as `postgresql://user:password@host:5432/dbname`")
    table: str = Field(min_length=1, description="name of the table, or `schema.table`; case counts")
    mode: Literal["append", "upsert"] = Field("append", description="add rows, or replace those with the same key")
    key: list[str] | None = Field(
        None, min_length=1, description='dimensions that make the key of `upsert`; ["record_id"] where that is on'
    )
    create: bool = Field(True, description="make the table, or its missing columns")
    _columns: list[Column] = PrivateAttr([])
    _connection: Any = PrivateAttr(None)
    _table: Any = PrivateAttr(None)

    def __str__(self) -> str:
        return f"postgres table {self.table}"

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.mode == "append" and self.key is not None:
            raise ValueError('"key" has no effect without "mode": "upsert"')
        if self.mode == "upsert" and self.key is None and not self.record_id:
            raise ValueError('"upsert" requires a "key", or "record_id": true')
        if len(set(self.keys)) < len(self.keys):
            raise ValueError('"key" names a dimension twice')
        return self

    @property
    def keys(self) -> list[str]:
        """Give the dimensions that make the key."""
        return (self.key or [RECORD_ID]) if self.mode == "upsert" else []

    def problem(self) -> str | None:
        known = self._known()
        if not known or "@" in known.get("host", "") or re.search(r"[^\d,]", known.get("port", "")):
            return _BAD_DSN
        names = self.table.split(".")
        if len(names) > 2 or not all(names):
            return f"table: must be a name or schema.name, found {show(self.table)}"
        return next(iter(_problems_of_names("table", names)), None)

    def secrets(self) -> list[str]:
        known = self._known() or {}
        return [*super().secrets(), *(known[key] for key in ("password", "sslpassword") if key in known)]

    def _known(self) -> dict[str, str] | None:
        """Take the dsn apart; None when it is none. What the library says then may hold a part of the password."""
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict

        try:
            found = conninfo_to_dict(self.dsn.get_secret_value())
        except Error:
            return None
        return {key: str(value) for key, value in found.items() if value is not None}

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        self._columns = columns_of(layout)
        names = layout.names()
        problems = super().prepare(layout, formatter, scope) + _problems_of_names("dimension", names)
        if not names:
            problems.append("the records have no dimension that could be a column")
        for key in self.keys:
            without = [emitter for emitter, columns in layout.emitters.items() if key not in columns]
            if key not in names:
                problems.append(f"key: no emitter has {show(key)}{did_you_mean(key, names)}")
            elif without:
                problems.append(f"key: {show(key)} is no dimension of the emitter {', '.join(map(show, without))}")
        return problems

    def encode(self, batch: Batch) -> Encoded:
        return Encoded(batch.due, batch.emitted, copy_lines(batch, self._columns))

    def open(self, position: Position) -> None:
        from psycopg import Error

        from datagen.targets.postgres.table import Table, open_connection, undelivered

        try:
            self._connection = open_connection(self.dsn.get_secret_value())
            self._table = Table(self._connection, self.table, self._columns, self.keys)
            self._table.get_ready(self.create)
        except Error as error:
            raise undelivered(error) from error

    def write(self, encoded: Encoded) -> None:
        """Deliver all records or none; when one of them is refused for what it is, those before it."""
        from psycopg import Error

        from datagen.targets.postgres.table import undelivered

        try:
            self._table.write(encoded.lines.data)
        except Error as error:
            failure = undelivered(error)
            before = self._table.refused_row(error)
            if failure.lasting and before:
                self._deliver_before(encoded.slice(0, before), failure)
            raise failure from error

    def _deliver_before(self, encoded: Encoded, failure: Undelivered) -> None:
        from psycopg import Error

        from datagen.targets.postgres.table import undelivered

        try:
            self._table.write(encoded.lines.data)
        except Error as error:
            raise undelivered(error) from error
        failure.records = len(encoded)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        from psycopg import Error

        from datagen.targets.postgres.table import Table, open_connection, undelivered

        try:
            with open_connection(self.dsn.get_secret_value()) as connection:
                table = Table(connection, self.table, self._columns, self.keys)
                for rows in _chunks(table.read()):
                    yield "", comparable_rows(read_rows(rows, self._columns), self._columns)
        except Error as error:
            raise Unreadable(str(undelivered(error))) from error
        except Undelivered as error:
            raise Unreadable(str(error)) from error

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return comparable_rows(encoded.lines, self._columns)


def _chunks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Put rows together to chunks of a few megabytes; about 1 µs a row."""
    chunk = bytearray()
    for row in rows:
        chunk += row
        if len(chunk) > _READ_AT_ONCE:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def _problems_of_names(what: str, names: list[str]) -> list[str]:
    long = [name for name in names if len(name.encode()) > _LONGEST_NAME or "\0" in name]
    return [
        f"{what}: {show(name)} can't be a name in PostgreSQL: it has a null character, or more than 63 bytes"
        for name in long
    ]
