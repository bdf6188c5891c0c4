"""The distribution ``exponential``."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import EXPONENTIAL, Floats
from datagen.plugin.columnar import Columnar, Line, allowed
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number


class Exponential(Distribution):
    """The time between events that happen independently at a constant rate.

    Example: {"type": "exponential", "mean": 0.5}
    """

    kind: ClassVar[str] = "exponential"
    draws_times: ClassVar[bool] = False
    mean: Number = Field(gt=0, description="average of the draws, above 0")

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar:
        return Line(EXPONENTIAL, np.zeros_like(given["mean"]), given["mean"], allowed(cls, given, "mean"))

    def linear(self) -> Linear:
        return Linear(EXPONENTIAL, 0.0, float(self.mean))

    def lowest(self) -> float:
        return 0.0

    def expected(self) -> float:
        return float(self.mean)

    def sample(self, u: Floats) -> Floats:
        return self.mean * draw.exponential(u)
