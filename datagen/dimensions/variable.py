"""The dimension ``variable``."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.model import invalid
from datagen.plugin.namespace import VariableName
from datagen.plugin.profile import ZoneName
from datagen.plugin.written_time import FORMAT, format_problems, written
from datagen.problems import Path_, show
from datagen.records.batch import Layout
from datagen.records.expression.name import found_in
from datagen.records.types import is_optional, optional, plain, present


class Variable(Dimension):
    """The value of a variable of the worker that emits the record, or with a `path` a part of it.

    Where the variable is an object, such as the [row](#row) of a table, `"path": "address.city"` reads what is inside.
    A time can have a `format`, as in [now](#now).

    Example: {"type": "variable", "name": "user", "variable": "user_id"}
    """

    kind: ClassVar[str] = "variable"
    variable: VariableName = Field(description="name of the variable; some state must set it")
    path: str | None = Field(None, min_length=1, description="a key inside of it, with a dot between keys of keys")
    format: str | None = Field(None, min_length=1, description=f"of a time: {FORMAT}")
    timezone: ZoneName | None = Field(None, description="whose clock a format reads; without it that of the spec")

    @model_validator(mode="after")
    def _has_a_format(self) -> Self:
        if lines := list(format_problems(self.format, self.timezone)):
            raise invalid(self.kind, lines)
        return self

    def draws(self) -> bool:
        return False

    def reads(self) -> tuple[str, ...]:
        return (self.variable,)

    def copies(self) -> bool:
        return self.variable == self.name and self.path is None and super().copies()

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        found = self._inside(pa.nulls(0, variables[self.variable]))
        if found is None:
            yield ("path",), f"variable {show(self.variable)} has no {show(self.path)} inside"
        elif self.format is not None and not pa.types.is_timestamp(present(plain(found)).type):
            yield ("format",), f"variable {show(self.variable)} holds no time there"

    def make(self, rows: Rows) -> pa.Array:
        values = rows.read(self.variable)
        found = self._inside(values)
        if found is None:
            return pa.nulls(len(values))
        return found if self.format is None else self._written(plain(found), self.format, rows)

    def _written(self, times: pa.Array, form: str, rows: Rows) -> pa.Array:
        there = present(times)
        if not pa.types.is_timestamp(there.type):
            return times  # which is a problem before the run
        made = written(there, form, self.timezone or rows.world.zone)
        is_there = times.is_valid().to_numpy(zero_copy_only=False)
        return optional(made, ~is_there) if is_optional(times.type) else made

    def _inside(self, values: pa.Array) -> pa.Array | None:
        return values if self.path is None else found_in({self.variable: values}, f"{self.variable}.{self.path}")
