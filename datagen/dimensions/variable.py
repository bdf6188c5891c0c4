"""The dimension ``variable``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows


class Variable(Dimension):
    """The value that a variable of the record's worker has.

    Example: {"type": "variable", "name": "user", "variable": "user_id"}
    """

    kind: ClassVar[str] = "variable"
    variable: str = Field(description="name of a variable that some state sets")

    def reads(self) -> tuple[str, ...]:
        return (self.variable,)

    def make(self, rows: Rows) -> pa.Array:
        return rows.read(self.variable)
