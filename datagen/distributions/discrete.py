"""The distribution ``discrete``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.distributions.weight import Weights, bounds, odd_weights, shares
from datagen.draw import Floats
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Number
from datagen.problems import Path_


class Discrete(Distribution):
    """One of some numbers, by their weights.

    For what has only a few values: sizes of packs, prices of a list, seconds of a timeout. Weights need not add up to
    anything; without them all values are equally likely.

    Example: {"type": "discrete", "values": [1, 6, 12, 24], "weights": [60, 25, 10, 5]}
    """

    kind: ClassVar[str] = "discrete"
    draws_times: ClassVar[bool] = False
    values: list[Number] = Field(min_length=1, description="the numbers")
    weights: Weights | None = Field(None, description="how likely each is, in the same order")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from odd_weights(self.weights, len(self.values), "values")

    def sample(self, u: Floats) -> Floats:
        return self._ascending[np.searchsorted(self._bounds, u, side="right")]

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(np.array(self.values, np.float64), kind="stable")

    @cached_property
    def _ascending(self) -> Floats:
        return np.array(self.values, np.float64)[self._order]

    @cached_property
    def _bounds(self) -> Floats:
        return bounds(shares(self.weights, len(self.values))[self._order])

    def lowest(self) -> float:
        return min(self.values)

    def highest(self) -> float:
        return max(self.values)

    def expected(self) -> float:
        return float(np.array(self.values, np.float64) @ shares(self.weights, len(self.values)))
