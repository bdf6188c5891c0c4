"""What a part of an expression is, and how it is calculated: of one dictionary array, once for each entry."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.batch import Layout
from datagen.records.expression.facets import BOOLEAN, Facets, spread, words_of
from datagen.records.expression.name import Columns, root

ValueTypes = frozenset[str]


@dataclass(frozen=True)
class Given:
    """What an expression is calculated on."""

    columns: Columns  # each of (size,)
    size: int
    zone: str = "UTC"  # whose wall clock functions of times read, by name or offset


@dataclass(frozen=True)
class Node(ABC):
    """A part of an expression."""

    at: int  # character of the text where it begins, from 0 on

    def parts(self) -> "tuple[Node, ...]":
        """Return the nodes that this one is made of."""
        return ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of the dimensions that it reads."""
        return frozenset().union(*(part.names for part in self.parts()))

    @cached_property
    def zones(self) -> frozenset[str]:
        """Return the time zones that it names."""
        return frozenset().union(*(part.zones for part in self.parts()))

    def value_types(self, layout: Layout) -> ValueTypes:
        """Return the value types that it may have; none when it is always null."""
        return frozenset({BOOLEAN})

    def problems(self, layout: Layout) -> Iterator[str]:
        """Yield what of it does not fit the records."""
        for part in self.parts():
            yield from part.problems(layout)
        for text in self.own_problems(layout):
            yield f"{text} (character {self.at + 1} of the expression)"

    def own_problems(self, layout: Layout) -> Iterator[str]:
        """Yield what of this node itself does not fit the records."""
        return iter(())

    @abstractmethod
    def facets(self, given: Given) -> Facets:
        """Calculate it; arrays (size,) or scalars."""


def no_conditions(nodes: tuple[Node, ...], layout: Layout) -> Iterator[str]:
    """Yield which of some nodes can be neither true nor false."""
    for node in nodes:
        value_types = node.value_types(layout)
        if value_types and BOOLEAN not in value_types:
            yield f"{words_of(value_types)} is no condition"


def evaluated(node: Node, given: Given) -> Facets:
    """Calculate a node, once for each entry where it reads nothing but one dictionary array."""
    if not node.names:
        return {
            value_type: values if isinstance(values, pa.Scalar) else values[0]
            for value_type, values in node.facets(replace(given, columns={}, size=1)).items()
        }
    roots = {root(given.columns, name) for name in node.names}
    column = given.columns.get(roots.pop()) if len(roots) == 1 else None
    if column is None or not _has_few_entries(column):
        return node.facets(given)
    dictionary, indices = column.dictionary, column.indices
    if indices.null_count:
        entries = np.arange(len(dictionary) + 1)
        dictionary = dictionary.take(pa.array(entries, mask=entries == len(dictionary)))
        indices = pc.fill_null(indices, len(dictionary) - 1)
    name = root(given.columns, next(iter(node.names)))
    found = evaluated(node, replace(given, columns={name: dictionary}, size=len(dictionary)))
    return {value_type: spread(values, len(dictionary)).take(indices) for value_type, values in found.items()}


def _has_few_entries(array: pa.Array) -> bool:
    return pa.types.is_dictionary(array.type) and 2 * len(array.dictionary) < len(array)
