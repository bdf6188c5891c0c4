"""The dimension ``list``."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.dimensions.constant import Constant
from datagen.draw import Integers, Marks
from datagen.plugin.choice import made_by, together
from datagen.plugin.computed import Unknown, lengths, picked
from datagen.plugin.description import MaybeLengthNumberDistribution, MaybeWholeNumberDistribution
from datagen.plugin.dimension import AnyDimension, Dimension, Rows
from datagen.plugin.distribution import MOST_ITEMS, Extent, odd_index
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.listing import Listing
from datagen.plugin.model import changed
from datagen.plugin.pooled import PooledDimension
from datagen.problems import Path_
from datagen.records.note import Note, merged_by_name
from datagen.records.types import is_optional, plain, plain_type, present


class List(PooledDimension, Listing):
    """A JSON array.

    With a `length_distribution` each item is made by one of the `elements`; without it there is one item of each, in
    their order. Their names are not printed; a missing item is left out of the array. With a `cardinality`, whole arrays are picked from a pool, by default each equally likely.

    Example: {"type": "list", "name": "tags", "length_distribution": {"type": "uniform", "min": 0, "max": 3}, "elements": [{"type": "enum", "name": "tag", "values": ["new", "hot"]}]}
    """

    kind: ClassVar[str] = "list"
    lengths: ClassVar[tuple[str, ...]] = ("length_distribution",)
    uniform_by_default: ClassVar[bool] = True
    elements: list[AnyDimension] = Field(min_length=1, description="what the items are made of")
    length_distribution: MaybeLengthNumberDistribution = Field(
        None, description="how many items; without it, one of each element, in order"
    )
    selection_distribution: MaybeWholeNumberDistribution = Field(
        None, description="index into the elements, drawn for each item; without it each is equally likely"
    )

    @model_validator(mode="after")
    def _selects_from_some(self) -> Self:
        if self.selection_distribution is not None and self.length_distribution is None:
            raise ValueError('"length_distribution" is required with a "selection_distribution"')
        return self

    def extent(self) -> Extent:
        items = [element.extent() for element in self.elements]
        if self.length_distribution is None:
            return Extent(1 + sum(item.mean for item in items), 1 + sum(item.most for item in items))
        drawn = self.length_distribution.extent()
        usual = 1 + sum(item.mean for item in items) / len(items)
        return Extent(drawn.mean * usual, drawn.most * usual + max(item.most for item in items))

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_index(self.selection_distribution, len(self.elements))
        if odd:
            yield ("selection_distribution",), odd

    def note(self) -> Note:
        return replace(super().note(), inside=merged_by_name(one.note().inside for one in self.elements))

    def skeleton(self) -> Dimension:
        parts = (part for element in self.elements for _, part in element.whole())
        if any(part.when is not None or part.percent_missing or part.reads() or not part.is_ours for part in parts):
            return self  # what is missing is left out
        empty = [Constant.model_construct(name=element.name, value=None) for element in self.elements]
        return changed(self, elements=empty, selection_distribution=None)

    def is_never_empty(self) -> bool:
        drawn = self.length_distribution
        return self.skeleton() is not self and (drawn is None or drawn.bounds().least >= 1)

    def most_items(self) -> float:
        lengths = self.length_distribution
        return len(self.elements) if lengths is None else max(lengths.bounds().most, 0)

    def make(self, rows: Rows) -> pa.Array:
        if self.length_distribution is None:
            return _lists(np.full(len(rows), len(self.elements)), self._each(rows))
        sizes, known = lengths(self.length_distribution, rows, "length", self._most)
        if too_many(sizes):
            return in_halves(self.make, rows)
        return _lists(sizes, self._drawn(rows.items(sizes)), known)

    @cached_property
    def _most(self) -> float:
        return MOST_ITEMS / max(1, *(element.extent().mean for element in self.elements))

    def _each(self, rows: Rows) -> pa.Array:
        """Return a value of each element for each row, those of one row side by side."""
        size = len(self.elements)
        made = together([rows.make(element) for element in self.elements])
        return made.take(pa.array(np.arange(len(made)).reshape(size, -1).T.ravel()))

    def _drawn(self, rows: Rows) -> pa.Array:
        """Return a value for each row, made by one of the elements."""
        if len(self.elements) == 1 and not isinstance(self.selection_distribution, Unknown):
            return rows.make(self.elements[0])
        choice, there = picked(self.selection_distribution, rows, "select", len(self.elements))
        return made_by(self.elements, choice if there is None else np.where(there, choice, len(self.elements)), rows)


def _lists(sizes: Integers, items: pa.Array, known: Marks | None = None) -> pa.Array:
    """Return arrays of so many items (n,), without those that are missing; null where that is not ``known``."""
    ends = np.cumsum(sizes)
    if is_optional(plain_type(items.type)):
        items = plain(items)
        there = items.is_valid().to_numpy(zero_copy_only=False)
        ends = np.concatenate([[0], np.cumsum(there)])[ends]
        items = present(items.filter(pa.array(there)))
    absent = None if known is None else pa.array(~known)
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]).astype(np.int32)), items, mask=absent)
