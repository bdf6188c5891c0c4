"""The distribution ``binomial``."""

from functools import cached_property
from math import floor
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.distributions.steps import Steps, around
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution


class Binomial(Distribution):
    """How many of `n` tries succeed, each with the probability `p`: whole numbers from 0 to n.

    For counts with an end: defective parts in a box of 50, mails opened of 1000 that were sent.

    Example: {"type": "binomial", "n": 50, "p": 0.02}
    """

    kind: ClassVar[str] = "binomial"
    draws_times: ClassVar[bool] = False
    n: int = Field(ge=1, le=10**9, description="tries")
    p: int | float = Field(ge=0, le=1, description="probability that a try succeeds")

    def sample(self, u: Floats) -> Floats:
        return self._steps.at(u) if 0 < self.p < 1 else np.full(len(u), float(self.n * self.p))

    @cached_property
    def _steps(self) -> Steps:
        n, p = self.n, self.p
        mode = min(floor((n + 1) * p), n)
        return around(mode, n * p * (1 - p), n, lambda number: (n + 1 - number) / number * (p / (1 - p)))

    def lowest(self) -> float:
        return 0.0 if self.p < 1 else float(self.n)

    def highest(self) -> float:
        return float(self.n) if self.p else 0.0

    def expected(self) -> float:
        return float(self.n * self.p)
