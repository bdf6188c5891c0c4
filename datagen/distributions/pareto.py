"""The distribution ``pareto``."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution, endless
from datagen.plugin.model import Number
from datagen.problems import Path_


class Pareto(Distribution):
    """Many small numbers and a few huge ones: of those above any x, half are above 2^(1/`alpha`) · x.

    For sizes: of files, messages, orders, cities, wealth. The smaller `alpha`, the heavier the tail: with 1.16 a fifth
    has four fifths of all; up to 2 there is no variance, up to 1 no mean. `most` keeps single draws from being absurd.

    Example: {"type": "pareto", "min": 1000, "alpha": 1.5, "most": 1e9}
    """

    kind: ClassVar[str] = "pareto"
    draws_times: ClassVar[bool] = False
    min: Number = Field(gt=0, description="lowest value")
    alpha: Number = Field(gt=0, description="how fast larger numbers get rarer")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from endless(self)

    def sample(self, u: Floats) -> Floats:
        return self.min * draw.exp(draw.exponential(u) / self.alpha)

    def lowest(self) -> float:
        return self.min

    def expected(self) -> float | None:
        return self.min * (self.alpha / (self.alpha - 1)) if self.alpha > 1 else None
