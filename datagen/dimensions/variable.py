"""The dimension ``variable``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows


class Variable(Dimension):
    """The value of a variable of the worker that emits the record.

    Example: {"type": "variable", "name": "user", "variable": "user_id"}
    """

    kind: ClassVar[str] = "variable"
    variable: str = Field(description="name of the variable; some state must set it")

    def reads(self) -> tuple[str, ...]:
        return (self.variable,)

    def make(self, rows: Rows) -> pa.Array:
        return rows.read(self.variable)
