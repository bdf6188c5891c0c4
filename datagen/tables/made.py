"""The table ``made``: rows that field generators make before the run."""

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import AnyDimension, Dimension, Rows
from datagen.plugin.distribution import LengthDistribution
from datagen.plugin.model import Model, invalid
from datagen.plugin.namespace import TableName
from datagen.plugin.table import Table, TableProblem
from datagen.plugin.world import NO_PAST, Seen, World
from datagen.problems import Path_, did_you_mean, path_part, show
from datagen.records.expression.name import root, shown

MOST_ROWS = 10_000_000
MOST_IN_TABLE = 1_000_000_000  # items and characters; Arrow's arrays of texts hold 2**31 bytes
PARENT = "parent"  # what the row of the other table is called that a row belongs to


class Per(Model):
    """Rows for each row of another table."""

    table: TableName = Field(description="the other table")
    count: LengthDistribution = Field(description="how many rows for each of its rows")


class MadeTable(Table):
    """Rows that are made before the run, by a field generator for each column.

    A column may read those that stand above it. With `per` there are so many rows for each row of another table, which
    columns read as `parent`: orders for each customer, lines for each order. It needs no `type`.

    Example: {"size": 1000, "columns": [{"type": "counter", "name": "id", "start": 1}, {"type": "enum", "name": "plan", "values": ["free", "paid"]}]}
    """

    kind: ClassVar[str] = "made"
    size: int | None = Field(None, ge=1, le=MOST_ROWS, description="how many rows; this or `per` is required")
    per: Per | None = Field(None, description="rows for each row of another table")
    generators: list[AnyDimension] = Field(
        alias="columns", min_length=1, description="a field generator for each column"
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        lines = [*self._contradictions(), *self._unreadable(), *self.misnamed()]
        if lines:
            raise invalid(self.kind, lines)
        return self

    def _contradictions(self) -> Iterator[tuple[Path_, str]]:
        if (self.size is None) == (self.per is None):
            yield (), 'there must be either "size" or "per"'
        names = self.names()
        for number, name in enumerate(names):
            if name in names[:number]:
                yield ("columns", number, "name"), f"the name {show(name)} is taken already; names must be unique"

    def _unreadable(self) -> Iterator[tuple[Path_, str]]:
        """Yield what columns read that they can't: only columns above are known, and the parent."""
        known = [PARENT] if self.per is not None else []
        for number, dimension in enumerate(self.generators):
            for path, variable in dimension.all_reads():
                yield (
                    ("columns", number, *path),
                    f"variable {show(variable)} can't be read here: no worker is there yet",
                )
            of_workers = [(*path, *key) for path, part in dimension.whole() for key in part.of_workers()]
            for path in of_workers:
                yield ("columns", number, *path), "can't be here: no worker is there yet"
            for path, name in (*dimension.sure_names(), *dimension.all_doubts()):
                if path not in of_workers and not root(known, name):
                    text = f"{show(shown(name))} is no column above{did_you_mean(name, known)}"
                    yield ("columns", number, *path), text
            known.append(dimension.name)

    def names(self) -> list[str]:
        return [dimension.name for dimension in self.generators]

    def dimensions(self) -> list[Dimension]:
        return self.generators

    def read_types(self, name: str, world: World) -> dict[str, pa.DataType]:
        above = {} if self.per is None else {PARENT: world.tables[self.per.table].rows.type}
        return above | super().read_types(name, world)

    def tables(self) -> Iterator[tuple[Path_, str]]:
        yield from super().tables()
        if self.per is not None:
            yield ("per", "table"), self.per.table

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        path = f"table/{path_part(name)}"
        keys = draw.numbered(draw.purpose_key(world.seed, f"{path}/row"), np.arange(self.size or 0))
        made: dict[str, pa.Array] = {}
        if self.per is not None:
            parents = world.tables[self.per.table]
            above = draw.numbered(draw.purpose_key(world.seed, f"{path}/parent"), np.arange(parents.size))
            counts = self.per.count.length(above, draw.purpose_key(world.seed, f"{path}/count"))
            if int(counts.sum()) > MOST_ROWS:
                raise TableProblem(("per", "count"), f"makes {int(counts.sum()):,} rows; at most {MOST_ROWS:,} can be")
            keys = draw.item_keys(above, draw.purpose_key(world.seed, f"{path}/row"), counts)
            index = pa.array(np.repeat(np.arange(parents.size, dtype=np.int32), counts))
            made[PARENT] = pa.DictionaryArray.from_arrays(index, parents.rows)
        size = len(keys) * sum(dimension.extent().mean for dimension in self.generators)
        if len(keys) > MOST_ROWS or size > MOST_IN_TABLE:
            text = f"can't fit into memory: {len(keys):,} rows with about {size:.3g} items and characters; "
            raise TableProblem((), f"{text}at most {MOST_ROWS:,} rows with {MOST_IN_TABLE:,} can")
        rows = Rows(keys, path, world, _Above(made), owner=path)
        for dimension in self.generators:
            made[dimension.name] = rows.make(dimension)
        return {column: made[column] for column in self.names()}


class _Above:
    """Reads the columns that are made already."""

    past = NO_PAST

    def __init__(self, made: Mapping[str, pa.Array]) -> None:
        self._made = made

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        raise AssertionError("a table reads no variable")

    def names(self) -> Collection[str]:
        return self._made.keys()

    def steps(self, origin: Integers | None) -> Integers:
        raise AssertionError("a table has no workers")

    def described(self, row: int) -> str:
        return f"row {row + 1}"

    def seen(self, emitter: str, origin: Integers | None) -> Seen:
        raise AssertionError("a table has no records before it")

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        values = self._made[name]
        return values if origin is None else values.take(pa.array(origin))
