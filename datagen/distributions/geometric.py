"""The distribution ``geometric``."""

from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution


class Geometric(Distribution):
    """How many tries it takes until one succeeds, that one counted: whole numbers from 1 on, with the mean 1 / p.

    For retries, pages of a visit, messages of a chat: after each there is another one with the probability 1 - p.

    Example: {"type": "geometric", "p": 0.3}
    """

    kind: ClassVar[str] = "geometric"
    draws_times: ClassVar[bool] = False
    p: int | float = Field(gt=0, le=1, description="probability that a try succeeds")

    def sample(self, u: Floats) -> Floats:
        return np.floor(draw.exponential(u) / self._rate) + 1

    @cached_property
    def _rate(self) -> float:
        """Return -log(1 - p), right for the smallest p too: W. Kahan's way, as in the HP-15C handbook, 1982."""
        fails = 1.0 - self.p
        if fails in (0.0, 1.0):
            return float("inf") if fails == 0.0 else float(self.p)
        return float(draw.exponential(np.array([1.0 - fails]))[0]) * (self.p / (1.0 - fails))

    def lowest(self) -> float:
        return 1.0

    def highest(self) -> float:
        return float("inf") if self.p < 1 else 1.0

    def expected(self) -> float:
        return 1 / self.p
