"""A table of a PostgreSQL server: made ready, filled with COPY, read back.

The only module that speaks SQL. Names become part of a statement as quoted identifiers, values never do. It imports
psycopg, so it is itself imported only where a connection is wanted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from psycopg import Copy, Error
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from datagen.plugin.target import Undelivered
from datagen.problems import show
from datagen.records.text import offset_milliseconds
from datagen.targets.postgres.connection import Session
from datagen.targets.postgres.copy import Column

STAGING = "datagen_staging"
_READ_AT_ONCE = 16_000_000  # bytes
_COLUMNS = """
SELECT attname, format_type(coalesce(nullif(typbasetype, 0), atttypid), NULL)
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
_UNIQUE = """
SELECT array_agg(attname::text) FROM pg_index
JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1])
WHERE indrelid = to_regclass(%s) AND indisunique AND indisvalid AND indimmediate
AND indpred IS NULL AND indexprs IS NULL GROUP BY indexrelid"""


class Table:
    """A table of which the given columns are used."""

    def __init__(
        self,
        session: Session,
        name: str,
        columns: Sequence[Column],
        keys: Sequence[str],
        *,
        staging: str = STAGING,
        changes: bool = False,
    ) -> None:
        """Look the table up. Raises psycopg's Error.

        ``staging`` names the temporary table that its rows may come through. With ``changes`` a row has one more cell,
        whether the row of its key goes away.
        """
        self._session = session
        self._connection = session.connection
        self._name = name
        self._at = Identifier(*name.split("."))
        self._columns = columns
        self._keys = keys
        self._staging = staging
        self._with_changes = changes
        with session.waiting():
            self._types = self._known_types()  # of the columns that it has; none if it does not exist
        self._into = self._at  # what COPY fills
        self._gone: list[str] = []  # the column there that says whether the row of a key goes away, if there is one
        self._move: Composed | None = None  # from there into the table
        self._remove: Composed | None = None  # out of the table

    def _known_types(self) -> dict[str, str]:
        rows = self._connection.execute(_COLUMNS, [self._at.as_string()]).fetchall()
        return dict(rows)

    def get_ready(self, create: bool) -> None:
        """Make what it lacks, if it may be made. Raises psycopg's Error, or Undelivered when it can't be used."""
        with self._session.waiting(), self._connection.transaction():
            if create:
                self._create()
            if missing := self._missing():
                raise Undelivered(f'{missing}, and "create" is false', lasting=True)
            self._check_key()
            if self._keys or any(map(self._becomes_json, self._columns)):
                self._stage()

    def write(self, rows: memoryview) -> None:
        """Add rows in COPY's text format, all or none. Raises psycopg's Error."""
        with self._session.waiting():
            if self._move is None:
                return self._fill(rows)
            with self._connection.transaction():
                self._fill(rows)
                self._connection.execute(self._move)

    def fill(self, rows: memoryview) -> None:
        """Take rows in COPY's text format, in a transaction of which ``put`` and ``remove`` are parts.

        Raises psycopg's Error.
        """
        self._fill(rows)

    def put(self) -> None:
        """Put the rows that were taken into the table: the last of each key, unless it goes away."""
        if self._move is not None:
            self._connection.execute(self._move)

    def remove(self) -> None:
        """Remove the rows from the table whose last change says that they go away."""
        if self._remove is not None:
            self._connection.execute(self._remove)

    @property
    def oid(self) -> int | None:
        """Return the server's number of the table."""
        found = self._connection.execute("SELECT to_regclass(%s)::oid::bigint", [self._at.as_string()]).fetchone()
        return found[0] if found else None

    @property
    def has_all(self) -> bool:
        """Return whether it has all columns."""
        return self._missing() is None

    def refused_row(self, error: Error) -> int | None:
        """Return which of the rows that were written was refused, from 0 on, if the server names one."""
        name = self._staging if self._move else self._name.split(".")[-1]
        found = re.search(rf"^COPY {re.escape(name)}, line (\d+)", error.diag.context or "", re.MULTILINE)
        return int(found[1]) - 1 if found else None

    def read(self) -> Iterator[bytes]:
        """Yield all rows as CSV, times as ms since 1970, in chunks of a few megabytes.

        Raises psycopg's Error, or Undelivered when the table can't be read.
        """
        if missing := self._missing():
            raise Undelivered(missing, lasting=True)
        cells = SQL(", ").join(map(self._reading, self._columns))
        statement = SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv)").format(cells, self._at)
        with self._session.waiting(), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            while chunk := self._chunk(copy):
                with self._session.resting():
                    yield chunk

    def _chunk(self, copy: Copy) -> bytes:
        """Read the next rows; about 1 µs a row."""
        chunk = bytearray()
        while len(chunk) < _READ_AT_ONCE and (row := copy.read()):
            chunk += row
            self._session.note()
        return bytes(chunk)

    def _fill(self, rows: memoryview) -> None:
        names = _names([*(column.name for column in self._columns), *self._gone])
        statement = SQL("COPY {} ({}) FROM STDIN").format(self._into, names)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            self._session.send(copy, rows)

    def _create(self) -> None:
        """Create the table or the columns that are missing, once, whoever else does it at the same time."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"datagen {self._name}"])
        self._types = self._known_types()
        missing = [column for column in self._columns if column.name not in self._types]
        described = [SQL("{} {}").format(Identifier(c.name), SQL(c.sql_type)) for c in missing]
        if not self._types:
            key = [SQL("PRIMARY KEY ({})").format(_names(self._keys))] if self._keys else []
            statement = SQL("CREATE TABLE {} ({})").format(self._at, SQL(", ").join(described + key))
            self._connection.execute(statement)
        elif missing:
            added = SQL(", ").join(SQL("ADD COLUMN {}").format(column) for column in described)
            self._connection.execute(SQL("ALTER TABLE {} {}").format(self._at, added))
        self._types = self._known_types()

    def _missing(self) -> str | None:
        """Say what it lacks."""
        missing = [column.name for column in self._columns if column.name not in self._types]
        if not missing:
            return None
        return f"has no column {', '.join(map(show, missing))}" if self._types else "does not exist"

    def _check_key(self) -> None:
        if not self._keys:
            return
        found = self._connection.execute(_UNIQUE, [self._at.as_string()]).fetchall()
        if not any(set(names) == set(self._keys) for (names,) in found):
            names = _names(self._keys).as_string()
            raise Undelivered(
                f"has no unique index on ({names}), which upsert needs: "
                f"CREATE UNIQUE INDEX ON {self._at.as_string()} ({names})",
                lasting=True,
            )

    def _stage(self) -> None:
        """Make a temporary table that COPY fills, and say how its rows get from there into the table."""
        order = self._free_name("order")
        self._gone = [self._free_name("gone")] if self._with_changes else []
        self._into = Identifier("pg_temp", self._staging)
        cells = [
            SQL("{0}::text AS {0}" if self._becomes_json(c) else "{0}").format(Identifier(c.name))
            for c in self._columns
        ]
        create = "CREATE TEMPORARY TABLE {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WITH NO DATA"
        self._connection.execute(SQL(create).format(Identifier(self._staging), SQL(", ").join(cells), self._at))
        changes = [SQL("ADD {} bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000)").format(Identifier(order))]
        changes += [SQL("ALTER {} SET NOT NULL").format(Identifier(key)) for key in self._keys]
        changes += [SQL("ADD {} boolean").format(Identifier(gone)) for gone in self._gone]
        self._connection.execute(SQL("ALTER TABLE {} {}").format(self._into, SQL(", ").join(changes)))
        self._move = self._moving(Identifier(order))
        self._remove = self._removing(Identifier(order)) if self._gone else None

    def _free_name(self, name: str) -> str:
        """Return a name that no column has."""
        while name in self._types:
            name += "_"
        return name

    def _moving(self, order: Identifier) -> Composed:
        """Say how rows get from the staging table into the table: of those with the same key, the last.

        Changes go in the order of their records: what gives up a value that only one row may have comes before what
        takes it. All others go in the order of their keys, so that two writers never wait for one another.
        """
        cells = SQL(", ").join(
            SQL(f"to_{self._types[c.name]}({{}})" if self._becomes_json(c) else "{}").format(Identifier(c.name))
            for c in self._columns
        )
        names, keys = _names(c.name for c in self._columns), _names(self._keys)
        insert = SQL("INSERT INTO {} ({}) SELECT").format(self._at, names)
        if not self._keys:
            return insert + SQL(" {} FROM {} ORDER BY {}").format(cells, self._into, order)
        stays = SQL("NOT {}").format(Identifier(self._gone[0])) if self._gone else SQL("true")
        sorting = SQL("ORDER BY {}").format(order) if self._gone else SQL("")
        chosen = SQL(" {} FROM ({}) AS last WHERE {} {} ON CONFLICT ({}) DO ").format(
            cells, self._last(order), stays, sorting, keys
        )
        others = [Identifier(c.name) for c in self._columns if c.name not in self._keys]
        if not others:
            return insert + chosen + SQL("NOTHING")
        return (
            insert + chosen + SQL("UPDATE SET ") + SQL(", ").join(SQL("{0} = EXCLUDED.{0}").format(c) for c in others)
        )

    def _removing(self, order: Identifier) -> Composed:
        """Say which rows go out of the table."""
        same = SQL(" AND ").join(SQL("own.{0} = last.{0}").format(Identifier(key)) for key in self._keys)
        return SQL("DELETE FROM {} AS own USING ({}) AS last WHERE last.{} AND {}").format(
            self._at, self._last(order), Identifier(self._gone[0]), same
        )

    def _last(self, order: Identifier) -> Composed:
        """Say which rows of the staging table count: of those with the same key, the last."""
        keys = _names(self._keys)
        return SQL("SELECT DISTINCT ON ({}) * FROM {} ORDER BY {}, {} DESC").format(keys, self._into, keys, order)

    def _becomes_json(self, column: Column) -> bool:
        """Return whether a column of JSON takes what is plain text here."""
        return column.is_text and self._types[column.name] in ("json", "jsonb")

    def _reading(self, column: Column) -> Composable:
        """Say how a column is read."""
        at, kind = Identifier(column.name), self._types[column.name]
        if kind in ("json", "jsonb") and not column.is_json:
            return SQL("{} #>> '{{}}'").format(at)
        if kind == "boolean":
            return SQL("{}::text").format(at)
        if column.is_time and kind.startswith("timestamp"):
            dropped = kind == "timestamp without time zone" and column.kind.tz is not None
            offset = offset_milliseconds(column.kind.tz) if dropped else 0
            return SQL("(extract(epoch FROM {}) * 1000)::bigint - {}").format(at, Literal(offset))
        return at


def _names(names: Iterable[str]) -> Composed:
    return SQL(", ").join(map(Identifier, names))
