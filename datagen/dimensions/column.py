"""The dimension ``column``."""

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.dimensions.picked import Picked
from datagen.plugin.dimension import Rows
from datagen.plugin.model import invalid
from datagen.plugin.unique import next_of
from datagen.plugin.world import World
from datagen.problems import Path_
from datagen.records.reference import Reference


class Column(Picked):
    """The value of one column in a row of a [table](tables.md).

    Fields with the same `as` read the same row of a record. With `unique` each value of the column comes once in a run,
    in a drawn order; when all are used up, the run fails.

    Example: {"type": "column", "name": "city", "table": "cities", "column": "name", "as": "home"}
    """

    kind: ClassVar[str] = "column"
    column: str = Field(description="name of the column")

    unique: bool = Field(
        False, description="whether no value may come twice in a run; when all are used up, the run fails"
    )

    @model_validator(mode="after")
    def _can_be_unique(self) -> Self:
        others = {"pick": self.pick != "draw", "distribution": self.distribution, "match": self.match, "as": self.as_}
        lines: list[tuple[Path_, str]] = [
            ((key,), 'can\'t be with "unique", which takes every value of the column once')
            for key, given in others.items()
            if self.unique and given
        ]
        if lines:
            raise invalid(self.kind, lines)
        return self

    def counts(self) -> bool:
        return self.unique or super().counts()

    def most_values(self, world: World) -> int | None:
        return len(world.tables[self.table].different(self.column)) if self.unique else None

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        yield ("column",), self.table, self.column

    def make(self, rows: Rows) -> pa.Array:
        table = rows.world.tables[self.table]
        return pa.DictionaryArray.from_arrays(
            self._unique(rows, table) if self.unique else self.picked(rows), table.columns[self.column]
        )

    def _unique(self, rows: Rows, table: Reference) -> pa.Array:
        different = table.different(self.column)
        return pa.array(different[next_of(len(different), rows)].astype(np.int32))
