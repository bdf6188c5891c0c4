"""The distribution ``constant``."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats, Integers, Keys
from datagen.plugin.distribution import CONSTANT, Distribution, Linear
from datagen.plugin.model import Number


class Constant(Distribution):
    """Always the same value.

    Example: {"type": "constant", "value": 5}
    """

    kind: ClassVar[str] = "constant"
    value: Number = Field(description="the value")

    def sample(self, u: Floats) -> Floats:
        return np.full(len(u), float(self.value))

    def linear(self) -> Linear:
        return Linear(CONSTANT, float(self.value), 0.0)

    def lowest(self) -> float:
        return self.value

    def highest(self) -> float:
        return self.value

    def whole(self, random: Keys) -> Integers:
        if isinstance(self.value, int) and -(2**63) <= self.value < 2**63:
            return np.full(len(random), self.value, np.int64)  # exact where a float is not
        return super().whole(random)
