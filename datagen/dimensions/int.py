"""The dimension ``int``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.computed import whole
from datagen.plugin.description import WholeNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.recipe import Recipe, of_whole
from datagen.plugin.unique import UniqueDimension


class Int(UniqueDimension):
    """A whole number. With `unique`, which needs a `uniform` distribution, each comes only once in a run.

    Example: {"type": "int", "name": "age", "distribution": {"type": "uniform", "min": 18, "max": 99}}
    """

    kind: ClassVar[str] = "int"
    distribution: WholeNumberDistribution = Field(
        description="what is drawn; from anything but uniform, rounded; its numbers may be expressions in quotes"
    )

    def different_values(self) -> int:
        return self.distribution.whole_numbers()

    def range_size(self) -> int:
        return self.distribution.places()

    def of_range(self, places: Integers) -> pa.Array:
        assert isinstance(self.distribution, Distribution), "a range that is not known"
        return pa.array(self.distribution.whole_at(places))

    def recipe(self, rows: Rows) -> Recipe | None:
        return of_whole(self.distribution, rows.key())

    def drawn(self, rows: Rows) -> pa.Array:
        values, there = whole(self.distribution, rows)
        return pa.array(values, mask=None if there is None else ~there)
