"""The distribution ``weibull``."""

from collections.abc import Iterator
from math import exp, lgamma, log
from typing import ClassVar

from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution, endless
from datagen.plugin.model import Number
from datagen.problems import Path_


class Weibull(Distribution):
    """How long something lasts until it fails.

    For lifetimes of parts, sessions and connections, and for wind speeds. With a shape below 1 what is new fails most
    (faults of its making), 1 is `exponential`, above 1 what is old does (wear). Of all draws 63 % are below `scale`.

    Example: {"type": "weibull", "shape": 1.5, "scale": 3600}
    """

    kind: ClassVar[str] = "weibull"
    draws_times: ClassVar[bool] = False
    shape: Number = Field(gt=0, description="whether failures get rarer with age, below 1, or more frequent")
    scale: Number = Field(gt=0, description="63 % of the draws are below this")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from endless(self)

    def sample(self, u: Floats) -> Floats:
        return self.scale * draw.raised(draw.exponential(u), 1 / self.shape)

    def lowest(self) -> float:
        return 0.0

    def expected(self) -> float | None:
        logarithm = log(self.scale) + lgamma(1 + 1 / self.shape)
        return exp(logarithm) if logarithm < 700 else None
