"""Lists that workers have, as the walk knows them: how long they are, and which item is whose turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.engine.code import LIST, Code, Constants, Source
from datagen.engine.setter import Setter
from datagen.plugin.life import ITEM
from datagen.plugin.listing import Listing
from datagen.records.expression.facets import LIST as LISTS
from datagen.records.expression.facets import facets_of
from datagen.records.expression.value import Item, Name
from datagen.records.types import JSON_TEXT, list_parts, plain


def lists_in(values: pa.Array) -> pa.Array | None:
    """Return the lists among values (n,), null for what is none; None where there can't be any."""
    return facets_of(values).get(LISTS)


def longest(values: pa.Array) -> int:
    """Return how many items the longest list among values has; 0 where there is none."""
    lists = lists_in(values)
    return 0 if lists is None else pc.max(pc.list_value_length(lists)).as_py() or 0


def are_lists(source: Source) -> bool:
    """Return whether a value comes from a list of values some of which are lists, and the others null."""
    if source.values is None or (lists := lists_in(source.values)) is None:
        return False
    return bool(lists.null_count == source.values.null_count)


def size_of(source: Source, constants: Constants) -> Code | None:
    """Return the instructions for how long a list is; None where there is none."""
    if source.type == LIST:
        return source.code
    return _length(source, constants) if are_lists(source) else None


def _length(source: Source, constants: Constants) -> Code:
    found = pc.list_value_length(lists_in(source.values)).cast(pa.int64())
    valid = found.is_valid().to_numpy(zero_copy_only=False)
    return (*source.code, ("listed", constants.add(found.fill_null(0).to_numpy(), valid)))


@dataclass(frozen=True)
class Turn:
    """Whose turn it is of what stands in a list of values from a place on; of the first place where there is none."""

    number: Code  # the instructions for it
    begin: int
    constants: Constants

    def row(self, size: int) -> Code:
        """Return the instructions for the place of one of so many, which come again and again."""
        given = [("whole", self.constants.number(one)) for one in (size, self.begin, 0)]
        return (*self.number, given[0], ("%", 0), given[1], ("+", 0), given[2], ("coalesce", 0))

    def item(self, lists: Source) -> Code:
        """Return the instructions for the place of one in a list, where the items of all lists stand side by side."""
        begins = _parts(lists)[1] + self.begin
        first = self.constants.add(begins, np.ones(len(begins), bool))
        is_there = (*self.number, *_length(lists, self.constants), ("<", 0))
        place = (*lists.code, ("listed", first), *self.number, ("+", 0))
        return (*is_there, *place, ("whole", self.constants.number(0)), ("choose", 0))


def items_of(source: Source) -> pa.Array:
    """Return the items of all lists, side by side."""
    return _parts(source)[0]


def _parts(source: Source) -> tuple[pa.Array, Integers]:
    offsets, items = list_parts(lists_in(source.values))
    return plain(items), offsets.to_numpy()[:-1].astype(np.int64)


def has_lists(setters: Sequence[Setter], type_: pa.DataType) -> bool:
    """Return whether the values that setters draw, of a type, are lists."""
    is_made = any(isinstance(setter.dimension, Listing) for setter in setters)
    return bool(pa.types.is_list(type_)) or (is_made and type_ == JSON_TEXT)


def listed_in(setter: Setter) -> str:
    """Return the variable whose items a setter takes, each in its turn, as `each` does; "" where it does not."""
    node = setter.expression.tree if setter.names else None
    if isinstance(node, Item) and isinstance(node.node, Name) and isinstance(node.place, Name):
        return node.node.name if node.place.name == ITEM else ""
    return ""
