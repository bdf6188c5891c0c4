"""The distribution ``constant``."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import CONSTANT, Floats
from datagen.plugin.columnar import Columnar, Line, allowed
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number


class Constant(Distribution):
    """Always the same value.

    Example: {"type": "constant", "value": 5}
    """

    kind: ClassVar[str] = "constant"
    value: Number = Field(description="the value")

    def sample(self, u: Floats) -> Floats:
        return np.full(len(u), float(self.value))

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar:
        return Line(CONSTANT, given["value"], np.zeros_like(given["value"]), allowed(cls, given, "value"))

    def linear(self) -> Linear:
        return Linear(CONSTANT, float(self.value), 0.0)

    def lowest(self) -> float:
        return self.value

    def highest(self) -> float:
        return self.value

    def expected(self) -> float:
        return float(self.value)

    def evenly(self) -> tuple[int, int] | None:
        if isinstance(self.value, int) and draw.LEAST <= self.value <= draw.MOST:
            return self.value, 1  # exact where a float is not
        return None
