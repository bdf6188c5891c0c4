"""The distribution ``beta``."""

from functools import cached_property
from typing import ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Number


class Beta(Distribution):
    """Shares between 0 and 1, with the mean a / (a + b).

    For rates, percentages and probabilities that differ from one to the next: a battery's charge, the part of a page
    that is read. The larger `a` and `b`, the closer to the mean; both 1 is flat; below 1 the ends are the likeliest.
    `scaled` makes any other range of it. Quantiles are right to within 1e-9 of them.

    Example: {"type": "beta", "a": 2, "b": 5}
    """

    kind: ClassVar[str] = "beta"
    draws_times: ClassVar[bool] = False
    a: Number = Field(ge=0.1, le=1e6, description="the larger, the fewer near 0")
    b: Number = Field(ge=0.1, le=1e6, description="the larger, the fewer near 1")

    def sample(self, u: Floats) -> Floats:
        return 1 / (1 + draw.exp(-draw.skewed(self._table, u)))

    @cached_property
    def _table(self) -> Floats:
        return draw.quantile_table(float(self.a), float(self.b))

    def lowest(self) -> float:
        return 0.0

    def highest(self) -> float:
        return 1.0

    def expected(self) -> float:
        return self.a / (self.a + self.b)
