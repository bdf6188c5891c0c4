"""The dimension ``rows``."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.dimensions.picked import Picker
from datagen.draw import Floats, Integers
from datagen.plugin.computed import Drawn as Numbers
from datagen.plugin.computed import indices, lengths
from datagen.plugin.description import LengthNumberDistribution
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.expression import AnyExpression
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.listing import Listing
from datagen.plugin.model import changed, invalid
from datagen.records.reference import Grouping

Drawn: TypeAlias = Integers | Floats
Beside = Callable[[Any, Integers, Integers, Integers], Integers]
_MOST = 1000  # rows in a list: what is drawn is looked for among all that were


class SeveralRows(Picker, Listing):
    """A list of rows of a [table](tables.md), each another one: the articles of a cart, the cities of a journey.

    They are drawn one after the other among those that are left, by the weights of the table if it has any, or by a
    `distribution`, as the index of one of these. In other ways to `pick`, they are the row that a [row](#row) would be
    and those that follow it in the table, behind whose last the first comes again. Where there are fewer than wanted it
    is all of them.

    Example: {"type": "rows", "name": "visited", "table": "cities", "length_distribution": {"type": "uniform", "min": 1, "max": 4}}
    """

    kind: ClassVar[str] = "rows"
    lengths: ClassVar[tuple[str, ...]] = ("length_distribution",)
    pick: Literal["draw", "worker", "cycle", "batch", "step", "each"] = Field(
        "draw",
        description="which rows: `draw`, by the weights of the table, or by `distribution`; from a row on: `worker`, of "
        "worker k of a source the k-th; `cycle`, the one behind the last list; `batch`, by the place of the worker in its "
        "batch; `step`, by the worker's step; `each`, by the place of the item that it has come to",
    )
    match: dict[str, AnyExpression] = Field(
        {}, description="expressions by columns: only rows that are equal there, an empty list when there is none"
    )
    length_distribution: LengthNumberDistribution = Field(description=f"how many rows; at most {_MOST}")

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        most = self.length_distribution.extent().most
        if most > _MOST:
            text = f"a list of different rows can have {_MOST} of them, and could have {most:.3g}"
            raise invalid(self.kind, [(("length_distribution",), text)])
        return self

    def draws(self) -> bool:
        return True

    def extent(self) -> Extent:
        drawn = self.length_distribution.extent()
        return Extent(1 + drawn.mean, 1 + drawn.most)

    def skeleton(self) -> Dimension:
        # Rows whose weight is 0 can only be told apart where rows are drawn by weight.
        return self if self.pick == "draw" else changed(self, pick="draw", distribution=self.length_distribution)

    def is_never_empty(self) -> bool:
        always = not self.match and self.pick not in ("worker", "each")
        return always and self.length_distribution.bounds().least >= 1

    def most_items(self) -> float:
        return max(self.length_distribution.bounds().most, 0)

    def make(self, rows: Rows) -> pa.Array:
        table = rows.world.tables[self.table]
        grouping = table.grouping(tuple(self.match))
        begins, counts = np.zeros(len(rows), np.int64), np.full(len(rows), table.size)
        if self.match:
            begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        by_weight = self.pick == "draw" and self.distribution is None
        left = grouping.drawable(begins, counts) if by_weight else counts
        sizes, there = lengths(self.length_distribution, rows, "length", _MOST)
        sizes = np.minimum(sizes, left)
        if (has_number := self.has_number(rows)) is not None:
            sizes = np.where(has_number.to_numpy(zero_copy_only=False), sizes, 0)
        if too_many(sizes):
            return in_halves(self.make, rows)
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        items, group = rows.items(sizes), (begins, counts)
        if self.pick == "draw":
            places, known = self._different(items, sizes, *group, grouping)
        else:
            places, known = self._following(items, sizes, *group), None
        absent = np.zeros(len(rows), bool) if there is None else ~there
        absent[[] if known is None else np.repeat(np.arange(len(rows)), sizes)[~known]] = True
        codes = pa.array(grouping.order[places].astype(np.int32))
        made = pa.DictionaryArray.from_arrays(codes, table.rows)
        return pa.ListArray.from_arrays(pa.array(ends), made, mask=pa.array(absent) if absent.any() else None)

    def _following(self, items: Rows, lengths: Integers, begins: Integers, counts: Integers) -> Integers:
        """Return places that follow one another in each group (n,), as many as its length says."""
        numbers = self.numbers(items)
        if not self.counts():  # then it is that of the first one
            numbers = numbers + np.arange(len(items)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(begins, lengths) + numbers % np.repeat(counts, lengths)

    def _different(
        self, items: Rows, lengths: Integers, begins: Integers, counts: Integers, grouping: Grouping
    ) -> Numbers:
        """Return places in the order of a grouping, as many different ones for each group (n,) as its length says.

        And where there are any; None is everywhere.
        """
        if self.distribution is None:
            return _different(items.unit("pick"), lengths, begins, counts, grouping.place_beside), None
        index, known = indices(self.distribution, items, "pick", int(np.max(counts, initial=1)))
        return _different(index, lengths, begins, counts, grouping.place_at), known


def _different(drawn: Drawn, lengths: Integers, begins: Integers, counts: Integers, beside: Beside) -> Integers:
    """Return different places for groups (n,), as many for each as its length says.

    They stand side by side, as what is drawn for them does; ``beside`` makes a place of it that is not taken yet.
    """
    found, taken = np.zeros(len(drawn), np.int64), np.zeros(len(drawn), np.int64)
    starts = np.cumsum(lengths) - lengths
    for turn in range(int(np.max(lengths, initial=0))):
        own = np.flatnonzero(lengths > turn)
        at = starts[own]
        before = taken[at[:, None] + np.arange(turn)]  # in ascending order
        chosen = beside(drawn[at + turn], begins[own], counts[own], before)
        found[at + turn] = chosen
        taken[at[:, None] + np.arange(turn + 1)] = np.sort(np.column_stack([before, chosen]), axis=1)
    return found
