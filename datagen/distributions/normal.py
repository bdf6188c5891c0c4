"""The distribution ``normal``."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import NORMAL, Floats
from datagen.plugin.columnar import Columnar, Line, allowed
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number


class Normal(Distribution):
    """The bell curve.

    Example: {"type": "normal", "mean": 20, "stddev": 2.5}
    """

    kind: ClassVar[str] = "normal"
    mean: Number = Field(description="average of the draws")
    stddev: Number = Field(ge=0, description="standard deviation of the draws, 0 or more")

    def sample(self, u: Floats) -> Floats:
        return self.mean + self.stddev * draw.normal(u)

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar:
        return Line(NORMAL, given["mean"], given["stddev"], allowed(cls, given, "mean", "stddev"))

    def linear(self) -> Linear:
        return Linear(NORMAL, float(self.mean), float(self.stddev))

    def expected(self) -> float:
        return float(self.mean)

    def lowest(self) -> float:
        return float("-inf") if self.stddev else self.mean

    def highest(self) -> float:
        return float("inf") if self.stddev else self.mean
