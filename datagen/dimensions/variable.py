"""The dimension ``variable``."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.problems import Path_, show
from datagen.records.batch import Layout
from datagen.records.expression.name import found_in


class Variable(Dimension):
    """The value of a variable of the worker that emits the record, or with a `path` a part of it.

    Where the variable is an object, such as the [row](#row) of a table, `"path": "address.city"` reads what is inside.

    Example: {"type": "variable", "name": "user", "variable": "user_id"}
    """

    kind: ClassVar[str] = "variable"
    variable: str = Field(description="name of the variable; some state must set it")
    path: str | None = Field(None, min_length=1, description="a key inside of it, with a dot between keys of keys")

    def draws(self) -> bool:
        return False

    def reads(self) -> tuple[str, ...]:
        return (self.variable,)

    def copies(self) -> bool:
        return self.variable == self.name and self.path is None and super().copies()

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        if self.path is not None and self._inside(pa.nulls(0, variables[self.variable])) is None:
            yield ("path",), f"variable {show(self.variable)} has no {show(self.path)} inside"

    def make(self, rows: Rows) -> pa.Array:
        values = rows.read(self.variable)
        found = self._inside(values)
        return pa.nulls(len(values)) if found is None else found

    def _inside(self, values: pa.Array) -> pa.Array | None:
        return values if self.path is None else found_in({self.variable: values}, f"{self.variable}.{self.path}")
