"""The dimension ``partition``."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen import draw
from datagen.draw import Floats, Integers, Marks
from datagen.plugin.computed import lengths
from datagen.plugin.description import LengthNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.expression import AnyExpression
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.listing import Listing
from datagen.plugin.model import Number
from datagen.plugin.pooled import PooledDimension
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.decimal import decimals, is_decimal, to_decimal, units_of
from datagen.records.expression.facets import NUMBER, value_types_of
from datagen.records.types import plain, present

_EXACT = 2.0**53  # up to here every whole number is a float


class Partition(PooledDimension, Listing):
    """A list of numbers that add up to a total exactly, such as the items of an invoice.

    The total, rounded to `precision`, is cut at places of which each is equally likely; no part is below `least`. Where
    it is too small for so many parts, there are fewer, at least one. It is null where the total is no number, or has
    more than 15 digits with its `precision`. The parts of an exact [decimal](#decimal) are such decimals; of others they
    are floats, or whole numbers where there are no digits after the point.

    Example: {"type": "partition", "name": "shares", "total": "100", "parts": {"type": "constant", "value": 3}, "precision": 2, "least": 5}
    """

    kind: ClassVar[str] = "partition"
    lengths: ClassVar[tuple[str, ...]] = ("parts",)
    total: AnyExpression = Field(description="an expression: what the parts add up to")
    parts: LengthNumberDistribution = Field(description="how many parts")
    precision: int | None = Field(
        None, ge=0, le=15, description="digits after the point; without it, those of an exact decimal, else none"
    )
    least: Number = Field(0, ge=0, description="what no part is below; it is rounded up to the precision")

    def extent(self) -> Extent:
        drawn = self.parts.extent()
        return Extent(1 + drawn.mean, 1 + drawn.most)

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        if not self.total.check(layout) and not self.total.is_number(layout):
            yield ("total",), "is no number"

    def most_items(self) -> float:
        return max(self.parts.bounds().most, 1)

    def make(self, rows: Rows) -> pa.Array:
        sizes, wanted = lengths(self.parts, rows, "parts")
        sizes = np.maximum(sizes, 1)
        if too_many(sizes):
            return in_halves(self.make, rows)
        total = present(plain(rows.calculate(self.total)))
        is_exact = is_decimal(total.type)
        digits = (total.type.scale if is_exact else 0) if self.precision is None else self.precision
        scale = 10.0**digits
        totals, known = _numbers(total, digits)
        known = known if wanted is None else known & wanted
        there = np.flatnonzero(known)
        sizes, parts = self._cut(rows.at(there), sizes[there], totals[there], np.ceil(self.least * scale))
        values = decimals(parts.astype(np.int64), digits) if is_exact else _of_units(parts, scale)
        ends = np.zeros(len(rows) + 1, np.int32)
        ends[there + 1] = sizes
        return pa.ListArray.from_arrays(pa.array(np.cumsum(ends, dtype=np.int32)), values, mask=pa.array(~known))

    def _cut(self, rows: Rows, sizes: Integers, totals: Floats, least: float) -> tuple[Integers, Floats]:
        """Return how many parts each total (n,) is cut into, at most so many (n,), and the parts, side by side."""
        if least:
            sizes = np.minimum(sizes, np.maximum(totals // least, 1)).astype(np.int64)
        sizes = np.where(totals < 0, 1, sizes)
        floor = np.where(sizes > 1, least, 0.0)
        parts = _cuts(rows, sizes - 1, np.abs(totals) - floor * sizes)
        return sizes, parts * np.repeat(np.sign(totals), sizes) + np.repeat(floor, sizes)


def _of_units(parts: Floats, scale: float) -> pa.Array:
    return pa.array(parts / scale + 0.0 if scale > 1 else parts.astype(np.int64))


def _numbers(numbers: pa.Array, digits: int) -> tuple[Floats, Marks]:
    """Return numbers in units of a last digit, (n,), 0 where they are not known exactly, and where they are (n,)."""
    if value_types_of(numbers.type) != {NUMBER}:
        return np.zeros(len(numbers)), np.zeros(len(numbers), bool)
    if is_decimal(numbers.type):
        exact = to_decimal(numbers, digits)
        units = np.where(exact.is_valid().to_numpy(zero_copy_only=False), units_of(exact), np.nan)
    else:
        units = np.rint(pc.cast(numbers, pa.float64(), safe=False).fill_null(np.nan).to_numpy() * 10.0**digits)
    known = np.abs(units) < _EXACT
    return np.where(known, units, 0.0), known


def _cuts(rows: Rows, counts: Integers, totals: Floats) -> Floats:
    """Return the whole parts, side by side, into which totals (n,) of at least 0 are cut by so many cuts (n,)."""
    items, owners = rows.items(counts), np.arange(len(rows))
    cut = np.repeat(owners, counts)
    places = np.floor(draw.unit(items.bits("cut")) * (totals[cut] + 1))
    # The cuts of each total in ascending order, with its begin in front and its end behind.
    places = np.concatenate([np.zeros(len(rows)), places, totals])
    owners = np.concatenate([owners, cut, owners])
    order = np.lexsort((places, owners))
    ascending, owners = places[order], owners[order]
    return np.diff(ascending)[owners[1:] == owners[:-1]]
