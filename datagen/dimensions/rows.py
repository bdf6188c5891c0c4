"""The dimension ``rows``."""

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Extent, LengthDistribution
from datagen.plugin.expression import AnyExpression
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.listing import Listing
from datagen.plugin.model import invalid
from datagen.plugin.namespace import TableName
from datagen.problems import Path_
from datagen.records.reference import Grouping

_MOST = 1000  # rows in a list: what is drawn is looked for among all that were


class SeveralRows(Listing):
    """A list of rows of a [table](tables.md), each another one: the articles of a cart, the cities of a journey.

    They are drawn one after the other among those that are left, by the weights of the table if it has any. Where there
    are fewer than wanted it is all of them.

    Example: {"type": "rows", "name": "visited", "table": "cities", "length_distribution": {"type": "uniform", "min": 1, "max": 4}}
    """

    kind: ClassVar[str] = "rows"
    lengths: ClassVar[tuple[str, ...]] = ("length_distribution",)
    table: TableName = Field(description="name of the table")
    length_distribution: LengthDistribution = Field(description=f"how many rows; at most {_MOST}")
    match: dict[str, AnyExpression] = Field(
        {}, description="expressions by columns: only rows that are equal there, an empty list when there is none"
    )

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        most = self.length_distribution.extent().most
        if most > _MOST:
            text = f"a list of different rows can have {_MOST} of them, and could have {most:.3g}"
            raise invalid(self.kind, [(("length_distribution",), text)])
        return self

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield ("table",), self.table, None
        yield from ((("match", column), self.table, column) for column in self.match)

    def extent(self) -> Extent:
        lengths = self.length_distribution.extent()
        return Extent(1 + lengths.mean, 1 + lengths.most)

    def is_never_empty(self) -> bool:
        return not self.match and self.length_distribution.bounds().least >= 1

    def make(self, rows: Rows) -> pa.Array:
        table = rows.world.tables[self.table]
        grouping = table.grouping(tuple(self.match))
        begins, counts = np.zeros(len(rows), np.int64), np.full(len(rows), table.size)
        if self.match:
            begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        wanted = self.length_distribution.length(rows.keys, rows.key("length"))
        lengths = np.minimum(wanted, grouping.drawable(begins, counts))
        if too_many(lengths):
            return in_halves(self.make, rows)
        places = _different(rows.items(lengths).unit("pick"), lengths, begins, counts, grouping)
        codes = pa.array(grouping.order[places].astype(np.int32))
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), pa.DictionaryArray.from_arrays(codes, table.rows))


def _different(u: Floats, lengths: Integers, begins: Integers, counts: Integers, grouping: Grouping) -> Integers:
    """Return places in the order of a grouping, as many different ones for each group (n,) as its length says.

    They stand side by side, as the numbers from 0 to 1 do that choose them.
    """
    found, taken = np.zeros(len(u), np.int64), np.zeros(len(u), np.int64)
    starts = np.cumsum(lengths) - lengths
    for turn in range(int(np.max(lengths, initial=0))):
        own = np.flatnonzero(lengths > turn)
        at = starts[own]
        before = taken[at[:, None] + np.arange(turn)]  # in ascending order
        chosen = grouping.place_beside(u[at + turn], begins[own], counts[own], before)
        found[at + turn] = chosen
        taken[at[:, None] + np.arange(turn + 1)] = np.sort(np.column_stack([before, chosen]), axis=1)
    return found
