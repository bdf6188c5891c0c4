"""The target ``postgres``."""

import re
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import RECORD_ID, Sink, Target
from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.targets.postgres.copy import columns_of

_LONGEST_NAME = 63  # bytes; of a longer one, PostgreSQL would cut off the rest (NAMEDATALEN - 1)
_BAD_DSN = (
    "dsn: must be like postgresql://user:password@host:5432/dbname; "
    "special characters of a user or a password are written as %40 and the like"
)


class Postgres(Target):
    """A table of PostgreSQL, with one row for each record.

    Every dimension is a column: `bigint`, `double precision`, `numeric`, `text`, `boolean`, `timestamp(3)` or, for
    times with an offset, `timestamptz(3)`; `jsonb` for objects, lists and values of several types. Whatever a record
    does not have is NULL. A table that does not exist is created, and columns that it lacks are added; existing columns
    stay as they are.

    In the mode `append`, each write is one COPY. Records that were being sent when a connection broke are sent again,
    and may then exist twice. In the mode `upsert`, a record replaces the row with the same key, so that nothing exists
    twice.

    Example: {"type": "postgres", "dsn": "postgresql://postgres@127.0.0.1:5432/test", "table": "clicks"}
    Example: {"type": "postgres", "dsn": "${DSN}", "table": "web.clicks", "mode": "upsert", "record_id": true}
    """

    kind: ClassVar[str] = "postgres"
    takes_format: ClassVar[bool] = False
    library: ClassVar[tuple[str, str] | None] = ("psycopg", "psycopg[binary]>=3.2")
    dsn: SecretStr = Field(description="how to connect, such as `postgresql://user:password@host:5432/dbname`")
    table: str = Field(min_length=1, description="name of the table, or `schema.table`; case counts")
    mode: Literal["append", "upsert"] = Field("append", description="add rows, or replace the rows with the same key")
    key: list[str] | None = Field(
        None,
        min_length=1,
        description='dimensions that form the key of `upsert`; default: ["record_id"], if `record_id` is on',
    )
    create: bool = Field(True, description="create the table, or its missing columns")

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
        """Return the dimensions that make the key of an upsert; none for an append."""
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
        """Take the dsn apart; None when it is none. What the library says of that may hold a part of the password."""
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict

        try:
            found = conninfo_to_dict(self.dsn.get_secret_value())
        except Error:
            return None
        return {key: str(value) for key, value in found.items() if value is not None}

    def check(self) -> None:
        from datagen.targets.postgres.connection import explained, session

        with explained(), session(self.dsn.get_secret_value()):
            pass  # leave again

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        names = layout.shown().names()
        problems = _problems_of_names("dimension", names)
        if not names:
            problems.append("the records have no dimension that could be a column")
        for key in self.keys:
            without = [emitter for emitter, columns in layout.emitters.items() if key not in columns]
            if key not in names:
                problems.append(f"key: no emitter has {show(key)}{did_you_mean(key, names)}")
            elif without:
                problems.append(f"key: {show(key)} is no dimension of the emitter {', '.join(map(show, without))}")
        return problems

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        from datagen.targets.postgres.sink import TableSink

        return TableSink(self.dsn.get_secret_value(), self.table, columns_of(layout), self.keys, create=self.create)


def _problems_of_names(what: str, names: list[str]) -> list[str]:
    long = [name for name in names if len(name.encode()) > _LONGEST_NAME or "\0" in name]
    return [
        f"{what}: {show(name)} can't be a name in PostgreSQL: it has a null character, or more than 63 bytes"
        for name in long
    ]
