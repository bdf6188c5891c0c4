"""The dimension ``list``."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import AnyDimension, PooledDimension, Rows, in_halves, too_many
from datagen.plugin.distribution import Extent, LengthDistribution, WholeDistribution, odd_index, odd_span, pick
from datagen.problems import Path_
from datagen.records.conversion import as_type
from datagen.records.types import common_type, is_optional, plain, plain_type, present


class List(PooledDimension):
    """A JSON array.

    Each item is made by one of the `elements`, whose names are not printed; a missing item is left out of the array.
    With a `cardinality`, whole arrays are picked from a pool, by default each equally likely.

    Example: {"type": "list", "name": "tags", "length_distribution": {"type": "uniform", "min": 0, "max": 3}, "elements": [{"type": "enum", "name": "tag", "values": ["new", "hot"]}]}
    """

    kind: ClassVar[str] = "list"
    uniform_by_default: ClassVar[bool] = True
    elements: list[AnyDimension] = Field(min_length=1, description="what the items are made of")
    length_distribution: LengthDistribution = Field(description="how many items")
    selection_distribution: WholeDistribution | None = Field(
        None, description="index into the elements, drawn for each item; without it each is equally likely"
    )

    def extent(self) -> Extent:
        lengths, items = self.length_distribution.extent(), [element.extent() for element in self.elements]
        usual = 1 + sum(item.mean for item in items) / len(items)
        return Extent(lengths.mean * usual, lengths.most * usual + max(item.most for item in items))

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_span(self.length_distribution)
        if odd:
            yield ("length_distribution",), odd
        odd = odd_index(self.selection_distribution, len(self.elements))
        if odd:
            yield ("selection_distribution",), odd

    def make(self, rows: Rows) -> pa.Array:
        lengths = self.length_distribution.length(rows.keys, rows.key("length"))
        if too_many(lengths):
            return in_halves(self.make, rows)
        item_rows = rows.items(lengths)
        items = item_rows.make(self.elements[0]) if len(self.elements) == 1 else self._mixed(item_rows)
        ends = np.cumsum(lengths)
        if is_optional(plain_type(items.type)):
            items = plain(items)
            there = items.is_valid().to_numpy(zero_copy_only=False)
            ends = np.concatenate([[0], np.cumsum(there)])[ends]
            items = present(items.filter(pa.array(there)))
        return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]).astype(np.int32)), items)

    def _mixed(self, rows: Rows) -> pa.Array:
        """Return a value for each row, each made by one of several elements."""
        size = len(self.elements)
        choice = pick(self.selection_distribution, rows.keys, rows.key("select"), size)
        chosen = [np.flatnonzero(choice == number) for number in range(size)]
        made = [rows.at(own).make(element) for element, own in zip(self.elements, chosen, strict=True)]
        type_ = common_type(array.type for array in made)
        order = np.empty(len(rows), np.int64)
        order[np.concatenate(chosen)] = np.arange(len(rows))
        return pa.concat_arrays([as_type(array, type_) for array in made]).take(pa.array(order))
