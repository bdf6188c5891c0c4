"""The dimension ``map``."""

from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.computed import lengths
from datagen.plugin.description import LengthNumberDistribution
from datagen.plugin.dimension import AnyDimension, Rows
from datagen.plugin.distribution import MOST_ITEMS, Extent
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.pooled import PooledDimension
from datagen.records.text import json_text, plain_text
from datagen.records.types import JSON_TEXT, is_optional, plain, present


class Map(PooledDimension):
    """A JSON object whose keys are drawn, such as labels.

    A key is made by `keys`, as text, and what stands under it by `values`; their own names are not printed. A key that
    comes again in the same object is left out, and so is one that is missing or null, or whose value is missing. With a
    `cardinality`, whole objects are picked from a pool, by default each equally likely.

    Example: {"type": "map", "name": "labels", "length_distribution": {"type": "uniform", "min": 0, "max": 3}, "keys": {"type": "enum", "name": "key", "values": ["team", "zone", "tier"]}, "values": {"type": "hex", "name": "value", "length": 4}}
    """

    kind: ClassVar[str] = "map"
    lengths: ClassVar[tuple[str, ...]] = ("length_distribution",)
    uniform_by_default: ClassVar[bool] = True
    keys: AnyDimension = Field(description="what the keys are made of")
    values: AnyDimension = Field(description="what the values are made of")
    length_distribution: LengthNumberDistribution = Field(description="how many keys are drawn")

    def extent(self) -> Extent:
        drawn, parts = self.length_distribution.extent(), [self.keys.extent(), self.values.extent()]
        usual = sum(part.mean for part in parts)
        return Extent(1 + drawn.mean * usual, 1 + drawn.most * usual + sum(part.most for part in parts))

    @cached_property
    def _most(self) -> float:
        return MOST_ITEMS / (self.keys.extent().mean + self.values.extent().mean)

    def make(self, rows: Rows) -> pa.Array:
        sizes, known = lengths(self.length_distribution, rows, "length", self._most)
        if too_many(sizes):
            return in_halves(self.make, rows)
        items, owners = rows.items(sizes), np.repeat(np.arange(len(rows)), sizes)
        keys, values = plain(items.make(self.keys)), plain(items.make(self.values))
        there = present(keys).is_valid()
        if is_optional(values.type):
            there = pc.and_(there, values.is_valid())
        chosen = np.flatnonzero(there.to_numpy(zero_copy_only=False))
        keys = plain_text(present(keys)).take(pa.array(chosen))
        first = _first_of_each(owners[chosen], keys)
        chosen, keys = chosen[first], keys.take(pa.array(first))
        values = json_text(present(values).take(pa.array(chosen)))
        made = _objects(np.bincount(owners[chosen], minlength=len(rows)), keys, values)
        return made if known is None else pc.if_else(pa.array(known), made, None)


def _first_of_each(owners: Integers, keys: pa.Array) -> Integers:
    """Return the places at which a key stands for the first time with its owner, in order."""
    codes = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
    return np.sort(np.unique(owners * (len(keys) + 1) + codes, return_index=True)[1])


def _objects(lengths: Integers, keys: pa.Array, values: pa.Array) -> pa.Array:
    """Return objects of so many keys (n,), as JSON text."""
    members = pc.binary_join_element_wise(json_text(keys), values, ":")
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), members), ",")
    return pc.binary_join_element_wise("{", joined, "}", "").cast(JSON_TEXT)
