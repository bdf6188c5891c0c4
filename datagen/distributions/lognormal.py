"""The distribution ``lognormal``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import Floats, Integers, Marks
from datagen.plugin.columnar import Columnar, allowed
from datagen.plugin.distribution import Distribution, endless
from datagen.plugin.model import Number
from datagen.plugin.truncation import LARGEST
from datagen.problems import Path_


class Lognormal(Distribution):
    """Numbers whose logarithm is normal: most lie near the median, a few are many times larger.

    For what people take their time for, such as the seconds on a page, and for prices, amounts and response times. Half
    of the draws are below the `median`; two thirds lie within a factor of e^`sigma` of it: 1.6 for 0.5, 2.7 for 1.
    The mean is median · e^(sigma²/2); it can be given in place of the median.

    Example: {"type": "lognormal", "median": 12, "sigma": 0.8}
    """

    kind: ClassVar[str] = "lognormal"
    draws_times: ClassVar[bool] = False
    median: Number | None = Field(None, gt=0, description="half of the draws are below; this or `mean` is required")
    mean: Number | None = Field(None, gt=0, description="average of the draws")
    sigma: Number = Field(ge=0, le=20, description="standard deviation of the logarithm of the draws")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        if (self.median is None) == (self.mean is None):
            yield (), 'either "median" or "mean" is required, and not both'
        else:
            yield from endless(self)

    def sample(self, u: Floats) -> Floats:
        return self._median * draw.exp(self.sigma * draw.normal(u))

    @cached_property
    def _median(self) -> float:
        if self.mean is None:
            return float(self.median or 0)
        return float(self.mean * draw.exp(np.array([-self.sigma * self.sigma / 2]))[0])

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar | None:
        [key, *others] = [key for key in ("median", "mean") if key in given] or [""]
        if not key or others:
            return None
        sigma, median = given["sigma"], given[key]
        is_allowed = allowed(cls, given, "sigma", key)
        with np.errstate(all="ignore"):  # of rows whose numbers won't do
            return _Lognormal(median if key == "median" else median * draw.exp(-sigma * sigma / 2), sigma, is_allowed)

    def lowest(self) -> float:
        return 0.0 if self.sigma else self._median

    def highest(self) -> float:
        return float("inf") if self.sigma else self._median

    def expected(self) -> float:
        return self._median * exp(self.sigma * self.sigma / 2) if self.mean is None else float(self.mean)


@dataclass(frozen=True)
class _Lognormal(Columnar):
    median: Floats
    sigma: Floats
    is_allowed: Marks

    def __len__(self) -> int:
        return len(self.median)

    def sound(self) -> Marks:
        return self.is_allowed & np.isfinite(self.sample(np.full(len(self), LARGEST)))

    def at(self, rows: Integers) -> "_Lognormal":
        return _Lognormal(self.median[rows], self.sigma[rows], self.is_allowed[rows])

    def sample(self, u: Floats) -> Floats:
        with np.errstate(all="ignore"):  # of rows that are not sound
            return self.median * draw.exp(self.sigma * draw.normal(u))
