"""The dimension ``expression``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import pyarrow as pa
from pydantic import Field, field_validator

from datagen.plugin.dimension import Dimension, Rows
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.expression import Expression as Parsed
from datagen.records.expression import Given, parse


class Expression(Dimension):
    """What an [expression](expressions.md) gives.

    It reads dimensions of the record that stand above it, the worker's variables, and `time`, the record's time, and
    [more](expressions.md#names), in this order where several have the same name. Inside an object or a list it reads
    the same, but no other field there. As a variable, it reads all of this but dimensions.

    Example: {"type": "expression", "name": "slot", "value": "hour(time) < 12 ? 'morning' : 'later'"}
    """

    kind: ClassVar[str] = "expression"
    value: str = Field(description="the expression")
    precision: int | None = Field(
        None, ge=0, le=15, description="digits after the point that a number is rounded to; without it, full precision"
    )

    @field_validator("value")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        parse(text)
        return text

    @cached_property
    def _parsed(self) -> Parsed:
        found = parse(self.value)
        return found if self.precision is None else found.rounded(self.precision)

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from ((("value",), name) for name in sorted(self._parsed.names))

    def misfits(self, layout: Layout) -> Iterator[tuple[Path_, str]]:
        yield from ((("value",), text) for text in self._parsed.check(layout))

    def make(self, rows: Rows) -> pa.Array:
        return self._parsed.values(Given(rows.known(self._parsed.names), len(rows), rows.world.zone))
