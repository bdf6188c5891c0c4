"""The distribution ``empirical``."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Number
from datagen.problems import Path_

Pair = Annotated[list[Number], Field(min_length=2, max_length=2)]


class Empirical(Distribution):
    """As was measured, without a formula: numbers between those that are given, spread as these are.

    Either `values`, a sample in any order, or `quantiles`, [share, value] pairs: the share of all numbers that are not
    above the value, from 0 to 1, as a dashboard shows them: p50 is [0.5, …]. Between two of them draws are flat. To
    draw nothing but the values themselves, take `discrete`. In a field int, float or decimal, a `table` and its
    `column` may stand in place of the values.

    Example: {"type": "empirical", "quantiles": [[0, 0.8], [0.5, 12], [0.9, 45], [0.99, 310], [1, 2000]]}
    """

    kind: ClassVar[str] = "empirical"
    draws_times: ClassVar[bool] = False
    values: list[Number] | None = Field(None, min_length=1, description="a sample; this or `quantiles` is required")
    quantiles: list[Pair] | None = Field(None, min_length=2, description="[share, value] pairs, ascending, from 0 to 1")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        if (self.values is None) == (self.quantiles is None):
            yield (), 'either "values" or "quantiles" is required, and not both'
            return
        if self.quantiles is None:
            return
        for number, (former, pair) in enumerate(pairwise(self.quantiles), 1):
            for place in (0, 1):
                if pair[place] < former[place]:
                    yield ("quantiles", number, place), f"must not be below the one before it, {former[place]}"
        if self.quantiles[0][0] != 0 or self.quantiles[-1][0] != 1:
            yield ("quantiles",), "must begin with the share 0 and end with the share 1"

    def sample(self, u: Floats) -> Floats:
        shares, values = self._curve
        after = np.searchsorted(shares[1:-1], u, side="right") + 1
        low, high = values[after - 1], values[after]
        within = (u - shares[after - 1]) / (shares[after] - shares[after - 1])
        return np.minimum(low + (high - low) * within, high)

    @cached_property
    def _curve(self) -> tuple[Floats, Floats]:
        """Return shares, ascending from 0 to 1, and the values up to which they reach."""
        if self.quantiles is not None:
            shares, values = np.array(self.quantiles, np.float64).T
            return shares, values
        values = np.sort(np.array(self.values, np.float64))
        if len(values) == 1:
            values = np.repeat(values, 2)
        return np.arange(len(values)) / (len(values) - 1), values

    def lowest(self) -> float:
        return float(self._curve[1][0])

    def highest(self) -> float:
        return float(self._curve[1][-1])

    def expected(self) -> float:
        shares, values = self._curve
        return float(np.diff(shares) @ (values[:-1] + values[1:]) / 2)
