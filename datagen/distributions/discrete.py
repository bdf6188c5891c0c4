"""The distribution ``discrete``."""

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import Floats, Keys
from datagen.plugin.choice import OF_WEIGHTS, Weights, odd_weights
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Number
from datagen.plugin.truncation import BITS
from datagen.problems import Path_


class Discrete(Distribution):
    """One of some numbers, by their weights.

    For what has only a few values: sizes of packs, prices of a list, seconds of a timeout. Weights need not add up to
    anything; without them all values are equally likely. In a field int, float or decimal, a `table` and its `column`
    may stand in place of the values; the weights are those of the table.

    Example: {"type": "discrete", "values": [1, 6, 12, 24], "weights": [60, 25, 10, 5]}
    """

    kind: ClassVar[str] = "discrete"
    draws_times: ClassVar[bool] = False
    values: list[Number] = Field(min_length=1, description="the numbers")
    weights: Weights | None = Field(None, description=OF_WEIGHTS)

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from odd_weights(self.weights, len(self.values), "values")

    def sample(self, u: Floats) -> Floats:
        values, bounds = self._ascending
        return values[np.searchsorted(bounds, (u * 2.0**BITS).astype(np.uint64), side="right")]

    @cached_property
    def _ascending(self) -> tuple[Floats, Keys]:
        """Return the values (n,) in order, and where in [0, 1) the part of each ends, in multiples of 2**-53."""
        values, weights = np.array(self.values, np.float64), self._weights()
        order = np.argsort(values, kind="stable")
        return values[order], draw.bounds(weights[order].tolist())

    def _weights(self) -> Floats:
        return np.array(self.weights or [1] * len(self.values), np.float64)

    def lowest(self) -> float:
        return min(self.values)

    def highest(self) -> float:
        return max(self.values)

    def expected(self) -> float:
        return float(np.average(np.array(self.values, np.float64), weights=self._weights()))
