"""The dimension ``column``."""

from collections.abc import Iterator
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.dimensions.picked import Picked
from datagen.plugin.dimension import Rows
from datagen.problems import Path_


class Column(Picked):
    """The value of one column in a row of a [table](tables.md).

    Fields with the same `as` read the same row of a record.

    Example: {"type": "column", "name": "city", "table": "cities", "column": "name", "as": "home"}
    """

    kind: ClassVar[str] = "column"
    column: str = Field(description="name of the column")

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        yield ("column",), self.table, self.column

    def make(self, rows: Rows) -> pa.Array:
        return pa.DictionaryArray.from_arrays(self.picked(rows), rows.world.tables[self.table].columns[self.column])
