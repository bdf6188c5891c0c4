"""What ``row`` and ``column`` have in common: how a row of a table is picked."""

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.computed import Drawn, DrawsNumbers, indices
from datagen.plugin.description import MaybeWholeNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Linear
from datagen.plugin.expression import AnyExpression
from datagen.plugin.life import ITEM
from datagen.plugin.model import invalid
from datagen.plugin.namespace import TableName
from datagen.plugin.recipe import DOWN, WEIGHED, Recipe, of_index
from datagen.problems import Path_
from datagen.records.expression import parse
from datagen.records.reference import Grouping
from datagen.records.types import plain

_READ = {"worker": "worker", "batch": "batch.index", "each": ITEM}  # ways to pick, with what they read
_ITEM = parse(ITEM)
_COUNTING = ("cycle", "shuffle")
_OF_WORKERS = ("worker", "batch", "step", "each")


class Picker(DrawsNumbers):
    """A field generator that picks one row of a table, or several."""

    table: TableName = Field(description="name of the table")
    pick: str = "draw"
    distribution: MaybeWholeNumberDistribution = Field(None, description="index of the row that is drawn")
    match: dict[str, AnyExpression] = Field(
        {}, description="expressions by columns: only rows that are equal there, and null when there is none"
    )

    def oversights(self) -> Iterator[tuple[Path_, str]]:
        """Yield what of its keys does not go together, each with its path from here."""
        if self.distribution is not None and self.pick != "draw":
            yield ("distribution",), f'can only be where a row is drawn, not with "pick": "{self.pick}"'
        if self.match and self.counts():
            yield ("match",), f'can\'t be with "pick": "{self.pick}", which goes through all rows'

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if lines := list(self.oversights()):
            raise invalid(self.kind, lines)
        return self

    def draws(self) -> bool:
        return self.pick == "draw"

    def counts(self) -> bool:
        return self.pick in _COUNTING

    def of_workers(self) -> Iterator[Path_]:
        if self.pick in _OF_WORKERS:
            yield ("pick",)

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield ("table",), self.table, None
        yield from ((("match", column), self.table, column) for column in self.match)

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        if self.pick in _READ:
            yield ("pick",), _READ[self.pick]

    def numbers(self, rows: Rows) -> Integers:
        """Return the numbers by which rows of the table are picked, (n,), 0 where there is none."""
        match self.pick:
            case "cycle" | "shuffle":
                return rows.count() + np.arange(len(rows))
            case "step":
                return rows.steps()
            case "batch":
                batches = plain(rows.read("batch"))
                is_there = pa.types.is_struct(batches.type)
                return _whole(batches.field("index") if is_there else pa.nulls(len(rows), pa.int64()))
            case "each":
                return _whole(rows.calculate(_ITEM))
        return _whole(plain(rows.read("worker")))

    def has_number(self, rows: Rows) -> pa.Array | None:
        """Return where there is something to pick by, (n,); None for everywhere.

        A worker of no source has no number, and one who has come to no item no place.
        """
        if self.pick == "each":
            return rows.calculate(_ITEM).is_valid()
        return rows.read("worker").is_valid() if self.pick == "worker" else None


class Picked(Picker):
    """A field generator that picks a row of a table."""

    fixed: ClassVar[bool] = True

    pick: Literal["draw", "worker", "cycle", "batch", "step", "each", "shuffle"] = Field(
        "draw",
        description="which row: `draw`, by the weights of the table, or by `distribution`; `worker`, worker k of a source "
        "the k-th; `cycle`, the next with every value; `batch`, by the place of the worker in its batch; `step`, by the "
        "worker's step; `each`, by the place of the item that it has come to; `shuffle`, each once, then again in another order",
    )
    as_: str | None = Field(
        None, alias="as", min_length=1, description="fields of a record with the same table and label share a row"
    )

    def oversights(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oversights()
        absent = [key for key in ("percent_missing", "percent_nulls", "when") if getattr(self, key)]
        if self.as_ is not None and self.counts() and absent:
            yield (absent[0],), f'can\'t be with "pick": "{self.pick}" and "as": the fields of a row would count apart'

    def row_label(self) -> tuple[str, str, Any] | None:
        """Return the table and the label of a row that fields share, if they do, and how it is picked."""
        return None if self.as_ is None else (self.table, self.as_, (self.pick, self.distribution, self.match))

    def recipe(self, rows: Rows) -> Recipe | None:
        table, key = rows.world.tables[self.table], self._drawn(rows).key("pick")
        if self.pick != "draw" or self.match or not table.size:
            return None
        if self.distribution is not None:
            return of_index(self.distribution, key, table.size)
        if table.by_weight is not None:
            return Recipe(WEIGHED, key, weighted=table.by_weight)
        return Recipe(DOWN, key, linear=Linear(draw.UNIFORM, 0.0, float(table.size)), least=0, most=table.size - 1)

    def picked(self, rows: Rows) -> pa.Array:
        """Return which rows of the table are picked, (n,) int32.

        Null where none has what it must match, and where there is nothing to pick by.
        """
        found, has_number = self._found(rows), self.has_number(rows)
        return found if has_number is None else pc.if_else(has_number, found, None)

    def _found(self, rows: Rows) -> pa.Array:
        """Return which rows of the table are picked, (n,) int32; null where none has what it must match."""
        table = rows.world.tables[self.table]
        if not self.match:
            if self.pick == "draw" and self.distribution is None and table.by_weight is not None:
                drawn = self._drawn(rows)
                return pa.array(table.by_weight.of(drawn.keys, drawn.key("pick")))
            places, there = self._places(rows, table.grouping(()), 0, table.size)
            return pa.array(places.astype(np.int32), mask=None if there is None else ~there)
        grouping = table.grouping(tuple(self.match))
        begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        places, there = self._places(rows, grouping, begins, np.maximum(counts, 1))
        order = np.append(grouping.order, 0).astype(np.int32)
        found = (counts > 0) & (places < begins + counts) & (True if there is None else there)
        return pa.array(order[np.where(found, places, -1)], mask=~found)

    def _places(self, rows: Rows, grouping: Grouping, begins: Integers | int, counts: Integers | int) -> Drawn:
        """Return the places of the picked rows, (n,), in the order of a grouping, from the begin of a group each.

        And where there are any; None is everywhere.
        """
        drawn = self._drawn(rows)
        if self.pick != "draw":
            return begins + self._turns(rows, drawn, counts), None
        if self.distribution is not None:
            index, there = indices(self.distribution, drawn, "pick", int(np.max(counts, initial=1)))
            return begins + np.minimum(index, counts - 1), there
        u = drawn.unit("pick")
        if grouping.sums is None:
            return begins + np.floor(u * counts).astype(np.int64), None
        low, high = grouping.sums[begins], grouping.sums[np.minimum(begins + counts, len(grouping.order))]
        return np.searchsorted(grouping.sums, low + u * (high - low), side="right") - 1, None

    def _drawn(self, rows: Rows) -> Rows:
        """Return the rows for draws, which fields with the same label share."""
        return rows if self.as_ is None else rows.shared(f"as:{self.table}").within(self.as_)

    def _turns(self, rows: Rows, drawn: Rows, counts: Integers | int) -> Integers:
        """Return the places in their groups of rows that come in turn."""
        if self.pick == "shuffle":
            return _shuffled(self.numbers(rows), int(np.max(counts)), drawn.key("shuffle"))
        return self.numbers(rows) % counts


def _whole(numbers: pa.Array) -> Integers:
    """Return whole numbers, null as 0."""
    return numbers.cast(pa.int64()).fill_null(0).to_numpy()


def _shuffled(numbers: Integers, size: int, key: np.uint64) -> Integers:
    """Return the rows that stand at numbers (n,), which ascend, of shuffles of a size that follow one another."""
    turns, places = np.divmod(numbers, size)
    cuts = [0, *(np.flatnonzero(np.diff(turns)) + 1).tolist(), len(numbers)]
    found = [
        draw.shuffled(places[low:high], size, draw.numbered(np.array([key]), turns[low : low + 1])[0])
        for low, high in itertools.pairwise(cuts)
        if high > low
    ]
    return np.concatenate([*found, np.zeros(0, np.int64)])
