"""The dimension ``list``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.plugin.dimension import AnyDimension, PooledDimension, Rows, in_halves, too_many
from datagen.plugin.distribution import LengthDistribution, WholeDistribution
from datagen.records.conversion import as_type
from datagen.records.types import common_type, is_maybe, plain, plain_type, present


class List(PooledDimension):
    """A JSON array.

    For each place one of the `elements` is chosen and makes the value; their names are not printed, and one that is
    missing leaves no place. With a `cardinality`, whole arrays are picked from a pool, by default each equally likely.

    Example: {"type": "list", "name": "tags", "length_distribution": {"type": "uniform", "min": 0, "max": 3}, "elements": [{"type": "enum", "name": "tag", "values": ["new", "hot"]}]}
    """

    kind: ClassVar[str] = "list"
    uniform_by_default: ClassVar[bool] = True
    elements: list[AnyDimension] = Field(min_length=1, description="what its places are made of")
    length_distribution: LengthDistribution = Field(description="how many places")
    selection_distribution: WholeDistribution | None = Field(
        None, description="index into the elements, drawn per place; without it each is equally likely"
    )

    def make(self, rows: Rows) -> pa.Array:
        lengths = self.length_distribution.length(rows.bits("length"))
        if too_many(lengths):
            return in_halves(self.make, rows)
        places = rows.places(lengths)
        items = places.make(self.elements[0]) if len(self.elements) == 1 else self._mixed(places)
        ends = np.cumsum(lengths)
        if is_maybe(plain_type(items.type)):
            items = plain(items)
            there = items.is_valid().to_numpy(zero_copy_only=False)
            ends = np.concatenate([[0], np.cumsum(there)])[ends]
            items = present(items.filter(pa.array(there)))
        return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]).astype(np.int32)), items)

    def _mixed(self, places: Rows) -> pa.Array:
        """Make the value of each place from one of several elements."""
        size = len(self.elements)
        random = places.bits("select")
        picker = self.selection_distribution
        choice = picker.index(random, size) if picker else draw.below(random, size)
        chosen = [np.flatnonzero(choice == number) for number in range(size)]
        made = [places.at(where).make(element) for element, where in zip(self.elements, chosen, strict=True)]
        kind = common_type(array.type for array in made)
        order = np.empty(len(places), np.int64)
        order[np.concatenate(chosen)] = np.arange(len(places))
        return pa.concat_arrays([as_type(array, kind) for array in made]).take(pa.array(order))
