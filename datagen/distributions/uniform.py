"""The distribution ``uniform``."""

from math import ceil, floor
from typing import ClassVar, Self

from pydantic import Field, model_validator

from datagen.draw import UNIFORM, Floats
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number


class Uniform(Distribution):
    """Flat between `min` and `max`.

    Where whole numbers are wanted (`int`, `ipaddress`, a length, an index), every whole number from `min` to `max`,
    both included, is equally likely; where real numbers are wanted, it is continuous.

    Example: {"type": "uniform", "min": 1, "max": 6}
    """

    kind: ClassVar[str] = "uniform"
    min: Number = Field(description="lowest value")
    max: Number = Field(description="highest value")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.min > self.max:
            raise ValueError(f'"min" ({self.min}) must not be above "max" ({self.max})')
        return self

    def sample(self, u: Floats) -> Floats:
        return self.min + (self.max - self.min) * u

    def linear(self) -> Linear:
        return Linear(UNIFORM, float(self.min), float(self.max - self.min))

    def lowest(self) -> float:
        return self.min

    def highest(self) -> float:
        return self.max

    def evenly(self) -> tuple[int, int]:
        low = ceil(self.min)
        return low, floor(self.max) - low + 1

    def problem_as_whole(self) -> str | None:
        low, high = ceil(self.min), floor(self.max)
        if low > high:
            return f'there is no whole number between "min" ({self.min}) and "max" ({self.max})'
        if low < -(2**63) or high >= 2**63:
            return f'"min" ({self.min}) and "max" ({self.max}) must fit into 64 bits'
        return None
