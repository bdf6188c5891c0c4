"""The distribution ``gamma``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution, endless
from datagen.plugin.model import Number
from datagen.problems import Path_


class Gamma(Distribution):
    """Times and amounts above 0 that are less scattered than exponential ones, or more: the sum of `shape` of those.

    For a service in several steps, waiting for the n-th event, rainfall, claims. A shape of 1 is `exponential` with the
    mean `scale`; a larger one gathers round the mean, shape · scale; below 1 most draws are tiny and a few large.
    Quantiles are right to within 1e-10 of them.

    Example: {"type": "gamma", "shape": 3, "scale": 0.4}
    """

    kind: ClassVar[str] = "gamma"
    draws_times: ClassVar[bool] = False
    shape: Number = Field(ge=0.01, le=1e6, description="how little the draws are scattered")
    scale: Number = Field(gt=0, description="the mean is `shape` times this")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from endless(self)

    def sample(self, u: Floats) -> Floats:
        return self.scale * draw.exp(draw.skewed(self._table, u))

    @cached_property
    def _table(self) -> Floats:
        return draw.quantile_table(float(self.shape))

    def lowest(self) -> float:
        return 0.0

    def expected(self) -> float:
        return float(self.shape) * float(self.scale)
