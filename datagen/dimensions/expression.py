"""The dimension ``expression``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.expression import AnyExpression
from datagen.problems import Path_
from datagen.records.expression import Expression as Parsed


class Expression(Dimension):
    """What an [expression](expressions.md) gives.

    It reads dimensions of the record that stand above it, the worker's variables, and `time`, the record's time, and
    [more](expressions.md#names), in this order where several have the same name. Inside an object or a list it reads
    the same, but no other field there. As a variable, it reads all of this but dimensions.

    Example: {"type": "expression", "name": "slot", "value": "hour(time) < 12 ? 'morning' : 'later'"}
    """

    kind: ClassVar[str] = "expression"
    value: AnyExpression = Field(description="the expression")
    precision: int | None = Field(
        None, ge=0, le=15, description="digits after the point that a number is rounded to; without it, full precision"
    )

    def draws(self) -> bool:
        return False

    @cached_property
    def _rounded(self) -> Parsed:
        return self.value if self.precision is None else self.value.rounded(self.precision)

    def expressions(self) -> Iterator[tuple[Path_, Parsed]]:
        for path, expression in super().expressions():
            yield path, self._rounded if expression is self.value else expression

    def make(self, rows: Rows) -> pa.Array:
        return rows.calculate(self._rounded)
