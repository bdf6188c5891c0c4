"""The table ``file``: the records of a file."""

from functools import cached_property
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.dimension import World
from datagen.plugin.model import invalid
from datagen.plugin.table import Table
from datagen.plugin.table_file import FilePath, TableFile, unusable
from datagen.problems import Path_, RunFailed
from datagen.records.blocks import Blocks
from datagen.records.cells import Misfit, typed, types_of


class FileTable(Table, TableFile):
    """The records of a file: csv, tsv, lines of JSON, a list of JSON, Parquet, or lines of text.

    All of it is read before the run. A column of a text file holds whole numbers, numbers or booleans if all its filled
    cells are such in their plain form, else texts; an empty cell is null. It needs no `type`.

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
                lines += self.misnamed()
            except RunFailed as error:
                lines.append((("path",), str(error).removeprefix("reading ")))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def names(self) -> list[str]:
        return list(self._columns)

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        return self._columns

    def files(self) -> list[str]:
        return [self.path]

    @cached_property
    def _columns(self) -> dict[str, pa.Array]:
        """Return all records of the file. Raises RunFailed when it does not hold what it should."""
        form = self.form(self.path)
        blocks = Blocks(self.path, form)
        read: list[pa.Table] = []
        while (block := blocks.read(len(read))) is not None:
            read.append(block)
        table = pa.concat_tables(read, promote_options="default")
        try:
            return typed(table, types_of(table, self.types), keeps_empty=self.types == "text")
        except Misfit as misfit:
            raise RunFailed(f"reading {self.path}: {form.unit} {misfit.row + form.first}: {misfit}") from misfit
