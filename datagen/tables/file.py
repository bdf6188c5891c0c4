"""The table ``file``: the records of a file."""

import os
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from datagen.plugin.model import invalid
from datagen.plugin.table import Table, TableProblem
from datagen.plugin.table_file import FilePath, TableFile, unusable
from datagen.plugin.world import World
from datagen.problems import Path_, RunFailed, did_you_mean, reason, show
from datagen.records.blocks import Blocks, Form, as_written
from datagen.records.cells import Misfit, typed, types_of
from datagen.records.conversion import from_json


class FileTable(Table, TableFile):
    """The records of a file: csv, tsv, lines of JSON, a list of JSON, Parquet, or lines of text.

    All of it is read before the run. A column of a text file holds whole numbers, numbers, booleans or times if all its
    filled cells are such in their plain form, else texts; an empty cell is null. The plain form of a time is
    `2024-01-31T09:30:00`, up to the microsecond; with an offset, in all cells or none, it is one in UTC. It needs no
    `type`. What is in JSON stays what it is: a column of 1 and 2.5 holds any JSON, and formats with types, such as
    Parquet, have texts of it; with `"types": {"price": "number"}` it holds numbers, and 1 is 1.0.

    Example: {"path": "cities.csv"}
    """

    kind: ClassVar[str] = "file"
    path: FilePath = Field(description="the file, relative to the spec; also as `.gz` or `.zst`")

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        if problem := unusable(self.path):
            lines.append((("path",), problem))
        else:
            try:
                lines += [*self.misnamed(), *self._mistyped()]
            except RunFailed as error:
                lines.append((("path",), str(error).removeprefix("reading ")))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def _mistyped(self) -> Iterator[tuple[Path_, str]]:
        """Yield the columns that have a type and are not there."""
        for name in self.types if isinstance(self.types, dict) else ():
            if name not in self.names():
                yield ("types", name), f"there is no column {show(name)}{did_you_mean(name, self.names())}"

    def names(self) -> list[str]:
        return list(self._read[1])

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        seen, columns = self._read
        if seen != _seen(self.path):
            raise TableProblem(("path",), f"{self.path} has changed since the spec was read")
        return columns

    def files(self) -> list[str]:
        return [self.path]

    @cached_property
    def _read(self) -> tuple[object, dict[str, pa.Array]]:
        """Return all records of the file, and what tells that nobody has written to it since.

        Raises RunFailed when it does not hold what it should.
        """
        form = self.form(self.path)
        seen, blocks = _seen(self.path), Blocks(self.path, form)
        read: list[pa.Table] = []
        while (block := blocks.read(len(read))) is not None:
            read.append(block)
        if not sum(block.num_rows for block in read):
            raise RunFailed(f"reading {self.path}: there are no records")
        try:
            table = pa.concat_tables(read, promote_options="default")
            types = types_of(table, self.types, of_cells=form.is_of_cells)
            keeps_empty = self.types == "text" or not form.is_of_cells
            return seen, self._with_whole_numbers(form, typed(table, types, keeps_empty=keeps_empty))
        except Misfit as misfit:
            raise RunFailed(f"reading {self.path}: {form.unit} {misfit.row + form.first}: {misfit}") from misfit
        except pa.ArrowException as error:
            raise RunFailed(f"reading {self.path}: {reason(error)}") from error

    def _with_whole_numbers(self, form: Form, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Return columns in which whole numbers that JSON has beside floats are such: 1 and 2.5, not 1.0 and 2.5."""
        said = self.types if isinstance(self.types, dict) else {}
        mixed = [name for name, column in columns.items() if name not in said and _may_have_whole_numbers(column)]
        if form.is_of_cells or form.format == "parquet" or not mixed:
            return columns
        return columns | {name: from_json(values) for name, values in as_written(self.path, form, mixed).items()}


def _may_have_whole_numbers(column: pa.Array) -> bool:
    return pa.types.is_float64(column.type) and bool(pc.any(pc.equal(pc.floor(column), column)).as_py())


def _seen(path: str) -> object:
    """Return what changes when somebody writes to a file."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise RunFailed(f"reading {path}: {reason(error)}") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
