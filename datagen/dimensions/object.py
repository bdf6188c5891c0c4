"""The dimension ``object``."""

from dataclasses import replace
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import AnyDimension, Rows
from datagen.plugin.pooled import PooledDimension
from datagen.records.note import Note


class Object(PooledDimension):
    """A nested JSON object. With a `cardinality`, whole objects are picked from a pool, by default each equally likely.

    Example: {"type": "object", "name": "place", "dimensions": [{"type": "enum", "name": "city", "values": ["Rome", "Oslo"]}]}
    """

    kind: ClassVar[str] = "object"
    uniform_by_default: ClassVar[bool] = True
    dimensions: list[AnyDimension] = Field(description="its fields")

    def different_values(self) -> int:
        always = [part for part in self.dimensions if not part.percent_missing and not part.percent_nulls]
        return max((part.different_values() for part in always if not getattr(part, "cardinality", 0)), default=0)

    def note(self) -> Note:
        return replace(super().note(), inside={member.name: member.note() for member in self.dimensions})

    def make(self, rows: Rows) -> pa.Array:
        values = [rows.make(dimension) for dimension in self.dimensions]
        if not values:
            return pa.StructArray.from_buffers(pa.struct([]), len(rows), [None])
        fields = [
            pa.field(dimension.name, value.type) for dimension, value in zip(self.dimensions, values, strict=True)
        ]
        return pa.StructArray.from_arrays(values, fields=fields)
