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
from datagen.records.expression.tree import Node, evaluated

__all__ = ["Expression", "ExpressionError", "parse"]


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

    def holds(self, columns: Mapping[str, pa.Array], size: int) -> pa.Array:
        """Return for which of the ``size`` records of an emitter it is true, (size,); null counts as not true."""
        return spread(condition(evaluated(self.tree, columns, size)), size)


def parse(text: str) -> Expression:
    """Read an expression.

    Raises ExpressionError with the place of the mistake.
    """
    return Expression(read(text))
