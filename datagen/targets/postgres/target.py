"""The target ``postgres``."""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from datagen.draw import fingerprint
from datagen.plugin.formatter import Formatter
from datagen.plugin.key import Names, NeededKey, key_of, unknown_emitters
from datagen.plugin.operation import OperationText, strays
from datagen.plugin.operation import misfits as operation_misfits
from datagen.plugin.stage import Scope
from datagen.plugin.target import RECORD_ID, Sink, Target
from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.targets.postgres.copy import columns_of
from datagen.targets.postgres.family import LONGEST_NAME, families, groups, problem_of_name, table_pattern

_PLACE = re.compile(r"\{\{.*?\}\}")
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

    `table` may be a pattern such as `{{emitter}}`; then records go to several tables, in one transaction a write, so that
    foreign keys hold. With `operation`, records are changes: a delete removes the row with the key. In both cases the
    table `datagen_progress` counts the records of the run in the same transactions, and nothing is written twice.

    In the mode `append`, each write is one COPY. Records that were being sent when a connection broke are sent again,
    and may then exist twice. In the mode `upsert`, a record replaces the row with the same key, so that nothing exists
    twice.

    Example: {"type": "postgres", "dsn": "postgresql://postgres@127.0.0.1:5432/test", "table": "clicks"}
    Example: {"type": "postgres", "dsn": "${DSN}", "table": "web.clicks", "mode": "upsert", "record_id": true}
    Example: {"type": "postgres", "dsn": "${DSN}", "table": "{{device}}", "mode": "upsert", "key": ["device", "session"], "operation": "event = 'leave' ? 'delete' : 'upsert'"}
    """  # noqa: E501

    kind: ClassVar[str] = "postgres"
    takes_format: ClassVar[bool] = False
    form: ClassVar[tuple[str, ...]] = ("mode", "key", "operation")
    library: ClassVar[tuple[str, str] | None] = ("psycopg", "psycopg[binary]>=3.2")
    dsn: SecretStr = Field(description="how to connect, such as `postgresql://user:password@host:5432/dbname`")
    table: str = Field(
        min_length=1,
        description="name of the table, or `schema.table`, also with `{{dimension}}` or `{{emitter}}`; case counts",
    )
    mode: Literal["append", "upsert"] = Field("append", description="add rows, or replace the rows with the same key")
    key: NeededKey | None = Field(
        None,
        description='dimensions that form the key of `upsert`; default: ["record_id"], if `record_id` is on; an object '
        "has such a list for each emitter",
    )
    operation: OperationText | None = Field(
        None,
        description="for `upsert`, an expression that says of each record what becomes of the row with its key: "
        "`'delete'` removes it, `'insert'`, `'update'` and `'upsert'` put the record in its place",
    )
    create: bool = Field(True, description="create the table, or its missing columns")

    def __str__(self) -> str:
        return f"postgres table {self.table}"

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.mode == "append" and self.key is not None:
            raise ValueError('"key" has no effect without "mode": "upsert"')
        if self.mode == "append" and self.operation is not None:
            raise ValueError('"operation" requires "mode": "upsert", with a "key"')
        if self.mode == "upsert" and self.key is None and not self.record_id:
            raise ValueError('"upsert" requires a "key", or "record_id": true')
        lists = list(self.keys.values()) if isinstance(self.keys, dict) else [self.keys]
        if any(len(set(names)) < len(names) for names in lists):
            raise ValueError('"key" names a dimension twice')
        return self

    @property
    def keys(self) -> Names | dict[str, Names]:
        """Return the dimensions that make the key of an upsert; none for an append."""
        return (self.key or [RECORD_ID]) if self.mode == "upsert" else []

    def problem(self) -> str | None:
        known = self._known()
        if not known or "@" in known.get("host", "") or re.search(r"[^\d,]", known.get("port", "")):
            return _BAD_DSN
        problem = problem_of_name(_PLACE.sub("x", self.table))
        return problem and f"table: {problem}, found {show(self.table)}"

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
        problems = [*table_pattern(self.table, layout).problems, *_problems_of_names(names)]
        if not names:
            problems.append("the records have no dimension that could be a column")
        if isinstance(self.keys, dict):
            problems += unknown_emitters("key", self.keys, layout)
        if not problems:
            problems += [text for group in groups(self.table, layout) for text in self._misfits_of_key(group, layout)]
        if self.operation is not None:
            problems += operation_misfits(self.operation, layout)
            problems += strays("table", table_pattern(self.table, layout).names, self.keys, layout)
        return problems

    def _misfits_of_key(self, emitters: Sequence[str], layout: Layout) -> Iterator[str]:
        """Yield why emitters whose records go to the same tables can't have this key."""
        layout = layout.of(emitters).shown()
        first = emitters[0]
        key = key_of(self.keys, first)
        for emitter in emitters:
            if key_of(self.keys, emitter) != key:
                yield f"key: {show(first)} and {show(emitter)} go to the same table, so they need the same key"
        for name in key:
            without = [emitter for emitter, columns in layout.emitters.items() if name not in columns]
            if len(without) == len(emitters):
                owner = f"the emitter {show(first)} never" if isinstance(self.keys, dict) else "no emitter"
                yield f"key: {owner} has {show(name)}{did_you_mean(name, layout.names())}"
            elif without:
                yield f"key: {show(name)} is no dimension of the emitter {', '.join(map(show, without))}"

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        dsn = self.dsn.get_secret_value()
        pattern = table_pattern(self.table, layout)
        if pattern.is_constant and self.operation is None and not isinstance(self.keys, dict):
            from datagen.targets.postgres.sink import TableSink

            return TableSink(dsn, self.table, columns_of(layout), self.keys, create=self.create)
        from datagen.targets.postgres.change_sink import ChangeSink, Plan

        schema, dot, _ = self.table.partition(".")
        return ChangeSink(
            Plan(
                dsn,
                f"{scope.run}-{self._fingerprint}",
                schema if dot and not _PLACE.search(schema) else None,
                pattern,
                families(self.table, self.keys, layout),
                self.operation,
                self.create,
            ),
            scope,
        )

    @property
    def _fingerprint(self) -> str:
        """Return what tells it from other targets of a run."""
        return fingerprint(f"{self.table} {self.emitters} {self.keys} {self.operation} {self.through}")


def _problems_of_names(names: list[str]) -> list[str]:
    long = [name for name in names if len(name.encode()) > LONGEST_NAME or "\0" in name]
    return [
        f"dimension: {show(name)} can't be a name in PostgreSQL: it has a null character, or more than 63 bytes"
        for name in long
    ]
