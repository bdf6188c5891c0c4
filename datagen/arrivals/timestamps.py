"""The source ``timestamps``: workers at given times."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Arrival, Counted, Scope, Stream
from datagen.plugin.instant import Instant
from datagen.plugin.model import changed, invalid
from datagen.plugin.table import TableProblem, TableRows
from datagen.plugin.table_file import FilePath, TableFile, unusable
from datagen.plugin.week import Week, nothing
from datagen.problems import Path_, RunFailed, show
from datagen.records.blocks import Blocks
from datagen.records.cells import column_of
from datagen.records.reference import Reference
from datagen.records.strptime import ISO_TIMES
from datagen.records.text import json_text


class Timestamps(Arrival, TableFile):
    """Workers at given times, in any order. Those before the begin are left out.

    The times stand in the spec, as `values`, or in a column of a file or of a [table](tables.md).
    """

    kind: ClassVar[str] = "timestamps"
    has_own_times: ClassVar[bool] = True

    values: list[Instant] | None = Field(
        None,
        min_length=1,
        description="times in ISO 8601, or offsets from the start; these, a `path` or a `table` are required",
    )
    path: FilePath | None = Field(None, description="a file of times, relative to the spec; it is read as a whole")
    table: TableRows | None = Field(None, description="the name of a table with the times")
    column: str | None = Field(None, description="the column of the times; required with a `path` or `table`")

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if sum(given is not None for given in (self.values, self.path, self.table)) != 1:
            raise ValueError('either "values", a "path" or a "table" is required')
        if (self.values is None) != (self.column is not None):
            raise ValueError('"column" is required with a "path" or a "table", and belongs to nothing else')
        if self.path is not None and (problem := unusable(self.path) or self._unreadable()):
            raise invalid(self.kind, [(("path",), problem)])
        return self

    def _unreadable(self) -> str | None:
        """Return why the times of the file or table can't be read, if so."""
        try:
            rows, _, _ = ISO_TIMES.read(self._texts)
        except RunFailed as error:
            return str(error).removeprefix("reading ")
        missing = np.setdiff1d(np.arange(len(self._texts)), rows)
        if len(missing):
            found = show(self._texts[missing[0]].as_py())
            where = f"row {missing[0] + 1}"
            if self.path is not None:
                form = self.form(self.path)
                where = f"{self.path}: {form.unit} {missing[0] + form.first}"
            return f"{where}: must be a time in ISO 8601, found {found}"
        return None if len(rows) else f"{self.path} holds no time"

    @cached_property
    def _texts(self) -> pa.Array:
        """Return the times of the file or table as texts, (n,)."""
        if isinstance(self.table, Reference):
            column = self.table.columns[self.column or ""]
            return json_text(column) if pa.types.is_nested(column.type) else column.cast(pa.string())
        blocks = Blocks(self.path or "", self.form(self.path or ""))
        found = []
        number = 0
        while (table := blocks.read(number)) is not None:
            found.append(column_of(table, self.column or "", self.path or "").cast(pa.string()))
            number += 1
        return pa.concat_arrays(found) if found else pa.array([], pa.string())

    def files(self) -> list[str]:
        return [] if self.path is None else [self.path]

    def tables(self) -> Iterator[tuple[Path_, str, str | None]]:
        if isinstance(self.table, str):
            yield ("table",), self.table, None
            yield ("column",), self.table, self.column

    def bound(self, tables: Mapping[str, Reference]) -> Self:
        if not isinstance(self.table, str):
            return self
        made = changed(self, table=tables[self.table])
        if problem := made._unreadable():
            raise TableProblem(("column",), problem)
        return made

    @property
    def altogether(self) -> float:
        return len(self._texts if self.values is None else self.values)

    def rates(self, scope: Scope, week: Week) -> Floats:
        return nothing()

    def stream(self, scope: Scope) -> Stream:
        times = self._times(scope)
        times = times[np.searchsorted(times, scope.begin) :]
        return Counted(lambda numbers: times[numbers], len(times))

    def left_out(self, scope: Scope) -> int:
        return int(np.searchsorted(self._times(scope), max(scope.begin, 0)))

    def _times(self, scope: Scope) -> Integers:
        """Return all of its times, ascending, in ns of the simulation."""
        if self.values is None:
            at = replace(ISO_TIMES, zone=scope.zone).read(self._texts)[1]
        else:
            at = np.array([time.microseconds(scope.start, scope.zone) for time in self.values])
        return np.sort((at - scope.zero) * 1000)
