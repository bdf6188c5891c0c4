"""The source ``periodic``: so many workers each period, spread over it."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Batches, Paced, Scope, Stream
from datagen.plugin.distribution import MOST_ITEMS
from datagen.plugin.instant import Period
from datagen.plugin.model import Model
from datagen.plugin.week import Week, paired

_CELLS = 4096  # of the table of a beta distribution

Share = Annotated[int | float, Field(ge=0, le=1)]


class UniformSpread(Model):
    """Evenly over a part of the period."""

    type: Literal["uniform"]
    low: Share = Field(0, description="where the part begins, as a share of the period")
    high: Share = Field(1, description="where it ends")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.low > self.high:
            raise ValueError('"low" must not be above "high"')
        return self

    def sample(self, u: Floats) -> Floats:
        """Return shares of the period (n,) for numbers (n,) in [0, 1)."""
        return self.low + (self.high - self.low) * u


class TriangularSpread(Model):
    """More and more up to one time, then less and less."""

    type: Literal["triangular"]
    left: Share = Field(0, description="where it begins, as a share of the period")
    mode: Share = Field(0.5, description="where most come")
    right: Share = Field(1, description="where it ends")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if not self.left <= self.mode <= self.right or self.left == self.right:
            raise ValueError('"left", "mode" and "right" must ascend')
        return self

    def sample(self, u: Floats) -> Floats:
        """Return shares of the period (n,) for numbers (n,) in [0, 1)."""
        width = self.right - self.left
        rising = self.left + np.sqrt(u * width * (self.mode - self.left))
        falling = self.right - np.sqrt((1 - u) * width * (self.right - self.mode))
        return np.where(u * width < self.mode - self.left, rising, falling)


class BetaSpread(Model):
    """A beta distribution over the period."""

    type: Literal["beta"]
    a: float = Field(gt=0, le=1000, description="the larger, the fewer at the begin")
    b: float = Field(gt=0, le=1000, description="the larger, the fewer at the end")

    def sample(self, u: Floats) -> Floats:
        """Return shares of the period (n,) for numbers (n,) in [0, 1), linear between 4096 quantiles."""
        edges = np.arange(_CELLS + 1) / _CELLS
        middle = (edges[:-1] + edges[1:]) / 2
        logs = (self.a - 1) * _log(middle) + (self.b - 1) * _log(1 - middle)
        share = draw.exp(logs - logs.max())
        sums = np.concatenate([[0.0], np.cumsum(share)])
        return np.interp(u, sums / sums[-1], edges)


def _log(x: Floats) -> Floats:
    """Return the logarithms of numbers in (0, 1), the same on every processor."""
    return -draw.exponential(1 - x)


Spread = Annotated[UniformSpread | TriangularSpread | BetaSpread, Field(discriminator="type")]


class Periodic(Paced):
    """So many workers each period, such as calls a day, spread over it.

    A period has `multiplier` times a drawn deviation times the profile at its begin workers, rounded down.
    """

    kind: ClassVar[str] = "periodic"
    beats: ClassVar[bool] = True

    period: Period = Field(description='how long a period is, such as "1D"')
    multiplier: float = Field(gt=0, le=MOST_ITEMS, description="workers a period")
    deviation: Share = Field(0, description="share by which the number is drawn to deviate")
    direction: Literal["decrease", "increase", "mixed"] = Field("mixed", description="to fewer, to more, or both")
    spread: Spread = Field(UniformSpread(type="uniform"), description="how they are spread over the period")

    def rates(self, scope: Scope, week: Week) -> Floats:
        scale = scope.scale
        sizes = self.multiplier * paired(np.ones(1), *self.drawn_from)

        def size(factor: float) -> float:
            return float((np.floor(sizes * factor) if scale == 1 else sizes * factor * scale).mean())

        shares = self.spread.sample((np.arange(1024) + 0.5) / 1024)
        return week.beats(scope.begin, self.period, size, shares)

    @property
    def drawn_from(self) -> tuple[float, float]:
        """Return the lowest and the highest of what the number of workers is multiplied with."""
        low = 1 - self.deviation if self.direction != "increase" else 1.0
        return low, 1 + self.deviation if self.direction != "decrease" else 1.0

    def stream(self, scope: Scope) -> Stream:
        return _Periods(self, scope)


class _Periods(Batches):
    def __init__(self, source: Periodic, scope: Scope) -> None:
        super().__init__(scope, scope.begin, source.period, None, np.floor)
        self._source = source

    def sizes(self, numbers: Integers, begins: Integers) -> Floats:
        source = self._source
        low, high = source.drawn_from
        drawn = low + (high - low) * self.scope.units("deviation", numbers)
        return source.multiplier * drawn * self.scope.pace.factor(begins)

    def instants(self, numbers: Integers, begins: Integers, sizes: Integers) -> Integers:
        places = draw.item_keys(self.scope.rows(numbers), self.scope.key("place"), sizes)
        shares = self._source.spread.sample(draw.unit(draw.bits(places, self.scope.key("spread"))))
        period = self._source.period
        within = np.minimum(np.floor(shares * period).astype(np.int64), period - 1)
        return np.sort(np.repeat(begins, sizes) + within)
