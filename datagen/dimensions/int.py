"""The dimension ``int``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import WholeDistribution
from datagen.plugin.unique import UniqueDimension


class Int(UniqueDimension):
    """A whole number. With `unique`, which needs a `uniform` distribution, each comes only once in a run.

    Example: {"type": "int", "name": "age", "distribution": {"type": "uniform", "min": 18, "max": 99}}
    """

    kind: ClassVar[str] = "int"
    distribution: WholeDistribution = Field(description="what is drawn; from anything but uniform, rounded")

    def different_values(self) -> int:
        return self.distribution.whole_numbers()

    def range_size(self) -> int:
        return self.distribution.places()

    def of_range(self, places: Integers) -> pa.Array:
        return pa.array(self.distribution.whole_at(places))

    def drawn(self, rows: Rows) -> pa.Array:
        return pa.array(self.distribution.whole(rows.keys, rows.key()))
