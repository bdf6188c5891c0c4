"""Expressions over dimensions, such as the ``where`` of a filter: a text in, calculated on columns.

The grammar is closed; nothing of Python is evaluated. ``expression.parser`` reads the text into the tree of
``expression.logic`` and ``expression.value``, which calculates with the values of ``expression.facets``.
"""

from dataclasses import dataclass

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.expression.facets import BOOLEAN, NUMBER, TIME, as_column, condition, spread
from datagen.records.expression.name import found_in
from datagen.records.expression.node import Given, Node, evaluated
from datagen.records.expression.parser import ExpressionError, Meant, as_written, read
from datagen.records.expression.value import Item, Name, Rounded
from datagen.records.text import as_milliseconds

__all__ = ["Expression", "ExpressionError", "Given", "parse"]


@dataclass(frozen=True)
class Expression:
    """An expression, read and ready to be calculated."""

    tree: Node

    def check(self, layout: Layout) -> list[str]:
        """Return what of it does not fit the records: names that no emitter has, and what can't be calculated."""
        return list(dict.fromkeys(self.tree.problems(layout)))

    def is_condition(self, layout: Layout) -> bool:
        """Return whether its value may be true or false."""
        value_types = self.tree.value_types(layout)
        return not value_types or BOOLEAN in value_types

    def is_number(self, layout: Layout) -> bool:
        """Return whether its value may be a number."""
        value_types = self.tree.value_types(layout)
        return not value_types or NUMBER in value_types

    def is_time(self, layout: Layout) -> bool:
        """Return whether its value may be a time."""
        value_types = self.tree.value_types(layout)
        return not value_types or TIME in value_types

    def holds(self, given: Given) -> pa.Array:
        """Return for which records it is true, (size,); null counts as not true."""
        return spread(condition(evaluated(self.tree, given)), given.size)

    def values(self, given: Given) -> pa.Array:
        """Return its value for each record, (size,); their type follows from the types of the columns."""
        if isinstance(self.tree, Name) and (found := found_in(given.columns, self.tree.name)) is not None:
            return as_milliseconds(found)
        if isinstance(self.tree, Item) and (found := self.tree.found(given)) is not None:
            return as_milliseconds(found)
        return as_column(evaluated(self.tree, given), given.size)

    def rounded(self, digits: int) -> "Expression":
        """Return the same with numbers rounded to so many digits after the point, halves to even."""
        return Expression(Rounded(self.tree.at, self.tree, digits))

    @property
    def names(self) -> frozenset[str]:
        """Return the names that it reads, as they are written: with ``a.b`` for a key inside."""
        return self.tree.names

    @property
    def zones(self) -> frozenset[str]:
        """Return the time zones that it names."""
        return self.tree.zones


def parse(text: str, meant: Meant = as_written, zone: str | None = None) -> Expression:
    """Read an expression.

    ``meant`` returns which part of a spec has a name, given the key that such parts stand under; ``zone`` is that of
    functions of times which name none, if it is not the spec's. Raises ExpressionError with the place of the mistake.
    """
    return Expression(read(text, meant, zone))
