"""The distribution ``poisson``."""

from functools import cached_property
from math import floor
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.distributions.steps import Steps, around
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution


class Poisson(Distribution):
    """How many there are of what comes independently, so many on average: whole numbers from 0 on.

    For counts: items in a basket, calls in an hour, errors in a file.

    Example: {"type": "poisson", "mean": 2.5}
    """

    kind: ClassVar[str] = "poisson"
    draws_times: ClassVar[bool] = False
    mean: int | float = Field(ge=0, le=1e9, description="average of the draws; above a billion, take `normal`")

    def sample(self, u: Floats) -> Floats:
        return self._steps.at(u) if self.mean else np.zeros(len(u))

    @cached_property
    def _steps(self) -> Steps:
        return around(floor(self.mean), self.mean, float("inf"), lambda number: self.mean / number)

    def lowest(self) -> float:
        return 0.0

    def highest(self) -> float:
        return float("inf") if self.mean else 0.0

    def expected(self) -> float:
        return float(self.mean)
