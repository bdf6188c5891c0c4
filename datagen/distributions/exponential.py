"""The distribution ``exponential``."""

from typing import ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import EXPONENTIAL, Floats
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number


class Exponential(Distribution):
    """The time between events that happen independently at a constant rate.

    Example: {"type": "exponential", "mean": 0.5}
    """

    kind: ClassVar[str] = "exponential"
    draws_times: ClassVar[bool] = False
    mean: Number = Field(gt=0, description="average of the draws, above 0")

    def linear(self) -> Linear:
        return Linear(EXPONENTIAL, 0.0, float(self.mean))

    def lowest(self) -> float:
        return 0.0

    def expected(self) -> float:
        return float(self.mean)

    def sample(self, u: Floats) -> Floats:
        return self.mean * draw.exponential(u)
