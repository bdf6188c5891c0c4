"""The target ``delta``."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.formatter import Formatter
from datagen.plugin.operation import OperationText
from datagen.plugin.operation import misfits as misfits_of
from datagen.plugin.stage import Scope
from datagen.plugin.target import Sink
from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.records.conversion import exported_types
from datagen.targets.files.place import Address, local_problem, reach
from datagen.targets.lake.change_sink import ChangedTable, ChangeSink
from datagen.targets.lake.storage import storage_of
from datagen.targets.lake.target import LakeTarget

_SECRET = re.compile(r"key|secret|token|password|sas|signature", re.IGNORECASE)


class Delta(LakeTarget):
    """A table of Delta Lake, with one row for each record, written exactly once.

    Every dimension is a column: objects are structs, lists are arrays, times count microseconds. The table is made if
    it does not exist, and columns that it lacks are added; a column that holds something else there is refused before
    anything is written.

    Rows are added in commits that also hold, as a transaction of Delta Lake, how many records of the run are in the
    table. So a run that goes on, after a kill too, adds nothing twice, and neither does the same command given again:
    it goes on where the table says. With `{"time": "day"}` in `partition_by`, the table gets a column `day` such as
    `2024-01-01`. In a column of the partitions an empty text is null, and so is `__HIVE_DEFAULT_PARTITION__`.

    Example: {"type": "delta", "path": "lake/clicks"}

    Example: {"type": "delta", "path": "lake/clicks", "partition_by": [{"time": "day"}], "commit": {"seconds": 300}}

    With a `key`, the table holds the last record of each key: a commit puts the rows of its records in the place of
    those with their keys. `operation` makes it a [change stream](../../change-streams.md): a delete removes the row.

    Example: {"type": "delta", "path": "lake/clicks", "mode": "overwrite"}

    Example: {"type": "delta", "path": "lake/sessions", "key": ["session"], "operation": "event = 'leave' ? 'delete' : 'upsert'"}
    """  # noqa: E501

    kind: ClassVar[str] = "delta"
    form: ClassVar[tuple[str, ...]] = (*LakeTarget.form, "key", "operation")
    library: ClassVar[tuple[str, str] | None] = ("deltalake", "deltalake>=1.6")
    path: str = Field(min_length=1, description="the folder of the table, or its URI in an object store")
    storage: dict[str, str] = Field(
        {}, repr=False, description="settings of the object store, as the library deltalake knows them"
    )

    key: list[str] | None = Field(
        None, min_length=1, description="dimensions that form the key of a row; a record replaces the row with its key"
    )
    operation: OperationText | None = Field(
        None,
        description="with `key`, an expression that says of each record what becomes of the row with its key: "
        "`'delete'` removes it, `'insert'`, `'update'` and `'upsert'` put the record in its place",
    )

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.operation is not None and self.key is None:
            raise ValueError('"operation" requires a "key"')
        if self.key is not None and len(set(self.key)) < len(self.key):
            raise ValueError('"key" names a dimension twice')
        return self

    @property
    def _address(self) -> Address:
        return Address.of(self.path)

    def __str__(self) -> str:
        return f"delta table {self._address}"

    def secrets(self) -> list[str]:
        hidden = [value for key, value in self.storage.items() if value and _SECRET.search(key)]
        return [*super().secrets(), *self._address.secrets(), *hidden]

    def problem(self) -> str | None:
        return self._address.problem(len("/_delta_log"))

    def unwritable(self) -> str | None:
        return local_problem(self._address.path, made=True) if self._address.is_local else None

    def occupies(self) -> list[str]:
        return [self._address.identity]

    def check(self) -> None:
        reach(self._address, f"{self._address.path.rstrip('/')}/", self.problem() or self.unwritable())

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        names = [name.lower() for name in layout.shown().names()]
        parts = [period or name for name, period in self.partitions]
        own = {period for _, period in self.partitions if period in names}
        own |= {part for number, part in enumerate(parts) if part in parts[:number]}
        found = [f"partition_by: two columns would be called {show(name)}" for name in sorted(own)]
        if self.key is not None:
            found += self._misfits_of_key(self.key, layout)
        return super().misfits(layout, formatter, scope) + found

    def _misfits_of_key(self, key: Sequence[str], layout: Layout) -> Iterator[str]:
        """Yield why records can't have a key, or what they do to rows is not known."""
        types = exported_types(layout)
        for name in key:
            if name not in types:
                yield f"key: no emitter has {show(name)}{did_you_mean(name, types)}"
            elif pa.types.is_nested(types[name]):
                yield f"key: {show(name)} is an object or a list, and none of a key can be one"
        quoted = [name for name in types if "`" in name]
        yield from (f"with a key, no column may have ` in its name, as {show(name)} has" for name in quoted)
        if self.operation is not None:
            yield from misfits_of(self.operation, layout)

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        if self.key is None:
            return super().begin(layout, formatter, scope)
        operation = self.operation or "'upsert'"
        return ChangeSink(self.begin_table(layout), layout, scope, self.plan(scope), self.key, operation)

    def described(self) -> dict[str, Any]:
        changes = {} if self.key is None else {"key": self.key, "operation": self.operation}
        return super().described() | changes

    def begin_table(self, layout: Layout) -> ChangedTable:
        from datagen.targets.lake.delta_table import DeltaLakeTable

        uri, options = storage_of(self._address)
        return DeltaLakeTable(uri, options | self.storage, layout, self.partitions)
