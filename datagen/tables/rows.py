"""The table ``rows``: rows that stand in the spec."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.model import invalid
from datagen.plugin.table import Table
from datagen.plugin.world import World
from datagen.problems import Path_, counted, show
from datagen.records.conversion import from_json


class RowsTable(Table):
    """Rows that stand in the spec: lists with a value for each column, or objects.

    Of objects, a key that one of them does not have is null there. It needs no `type`.

    Example: {"columns": ["city", "country"], "rows": [["Rome", "IT"], ["Oslo", "NO"]]}
    Example: {"rows": [{"plan": "free", "share": 9}, {"plan": "paid", "share": 1}], "weight": "share"}
    """

    kind: ClassVar[str] = "rows"
    names_: list[str] | None = Field(None, alias="columns", min_length=1, description="names of the columns of lists")
    rows: list[Any] = Field(min_length=1, description="the rows, lists or objects")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        lines = list(self._misfits()) or list(self.misnamed())
        if lines:
            raise invalid(self.kind, lines)
        return self

    def _misfits(self) -> Iterator[tuple[Path_, str]]:
        names = self.names_
        if names is None and any(isinstance(row, list) for row in self.rows):
            yield (), '"columns" is required where rows are lists: it names their values'
        elif not self.names():
            yield ("rows",), "there is no column"
        elif names is not None and len(set(names)) < len(names):
            yield ("columns",), "names of columns must be different"
        else:
            for number, row in enumerate(self.rows):
                if not isinstance(row, dict if names is None else list):
                    yield ("rows", number), f"must be {'an object' if names is None else 'a list'}, found {show(row)}"
                elif names is not None and len(row) != len(names):
                    yield ("rows", number), f"has {counted(len(row), 'value')} for {counted(len(names), 'column')}"

    def names(self) -> list[str]:
        return self.names_ or list(dict.fromkeys(key for row in self.rows if isinstance(row, dict) for key in row))

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        if self.names_ is None:
            return {key: from_json([row.get(key) for row in self.rows]) for key in self.names()}
        return {key: from_json([row[place] for row in self.rows]) for place, key in enumerate(self.names_)}
