"""Expressions over dimensions, such as the ``where`` of a filter: a text in, calculated on the columns of an emitter.

The grammar is closed; nothing of Python is evaluated. ``expression.parser`` reads the text into the tree of
``expression.tree``, which calculates with the values of ``expression.facets``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.expression.facets import BOOLEAN, condition, spread
from datagen.records.expression.parser import ExpressionError, read
from datagen.records.expression.tree import Name, Node, evaluated
from datagen.records.pattern import find

__all__ = ["Expression", "ExpressionError", "parse"]


@dataclass(frozen=True)
class Expression:
    """An expression that was read."""

    tree: Node

    @property
    def names(self) -> tuple[str, ...]:
        """Give the dimensions that it reads."""
        return tuple(sorted(self.tree.names))

    def check(self, layout: Layout) -> list[str]:
        """Say what of it does not fit the records: names that no emitter has, and what can't be calculated."""
        return list(dict.fromkeys(self.tree.problems(layout)))

    def is_condition(self, layout: Layout) -> bool:
        """Tell whether it may be true or false."""
        kinds = self.tree.kinds(layout)
        return not kinds or BOOLEAN in kinds

    def evaluate(self, columns: Mapping[str, pa.Array], size: int) -> pa.Array:
        """Calculate it for each record of an emitter, (size,); a dimension that the emitter does not have is null.

        What compares, tests or joins conditions is never null.
        """
        if isinstance(self.tree, Name):
            found = find(columns, self.tree.name)
            return pa.nulls(size) if found is None else found
        for values in evaluated(self.tree, columns, size).values():
            return spread(values, size)
        return pa.nulls(size)

    def holds(self, columns: Mapping[str, pa.Array], size: int) -> pa.Array:
        """Tell for which records of an emitter it is true, (size,); null counts as not true."""
        return spread(condition(evaluated(self.tree, columns, size)), size)


def parse(text: str) -> Expression:
    """Read an expression.

    Raises ExpressionError with the place of the mistake.
    """
    return Expression(read(text))
