"""The table ``file``: the records of a file."""

import os
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.model import invalid
from datagen.plugin.table import Table, TableProblem
from datagen.plugin.table_file import FilePath, TableFile, unusable
from datagen.plugin.world import World
from datagen.problems import Path_, RunFailed, did_you_mean, reason, show
from datagen.records.blocks import Blocks
from datagen.records.cells import Misfit, typed, types_of


class FileTable(Table, TableFile):
    """The records of a file: csv, tsv, lines of JSON, a list of JSON, Parquet, or lines of text.

    All of it is read before the run. A column of a text file holds whole numbers, numbers, booleans or times if all its
    filled cells are such in their plain form, else texts; an empty cell is null. The plain form of a time is
    `2024-01-31T09:30:00`, up to the microsecond; with an offset, in all cells or none, it is one in UTC. It needs no
    `type`.

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
            return seen, typed(table, types, keeps_empty=keeps_empty)
        except Misfit as misfit:
            raise RunFailed(f"reading {self.path}: {form.unit} {misfit.row + form.first}: {misfit}") from misfit
        except pa.ArrowException as error:
            raise RunFailed(f"reading {self.path}: {reason(error)}") from error


def _seen(path: str) -> object:
    """Return what changes when somebody writes to a file."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise RunFailed(f"reading {path}: {reason(error)}") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
