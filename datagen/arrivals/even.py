"""The source ``even``: workers at even distances."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import After, Counted, Paced, Scope, Stream
from datagen.plugin.rate import Rate
from datagen.plugin.week import Week, nothing


class Even(Paced):
    """Workers at even distances: at a rate, or so many between `from` and `until`.

    With a profile the distances are even in its base time, so shorter where it is above 1.
    """

    kind: ClassVar[str] = "even"

    rate: Rate | None = Field(None, description='workers a second, or a text such as "5/s" or "900/H"')
    total: int | None = Field(None, ge=1, description="workers between `from` and `until`, in place of a rate")
    endpoint: bool = Field(False, description="with `total`: whether the last one comes at `until` itself")

    @model_validator(mode="after")
    def _has_one_measure(self) -> Self:
        if (self.rate is None) == (self.total is None):
            raise ValueError('needs either "rate" or "total"')
        if self.total is not None and (self.until is None or isinstance(self.until, After)):
            raise ValueError('"total" needs an "until" to come before')
        if self.endpoint and self.total is None:
            raise ValueError('"endpoint" needs a "total"')
        return self

    @property
    def includes_until(self) -> bool:
        return self.endpoint

    @property
    def altogether(self) -> float | None:
        return self.most if self.total is None else self.total

    def rates(self, scope: Scope, week: Week) -> Floats:
        return nothing() if self.rate is None else week.factors * (self.rate * scope.scale)

    def stream(self, scope: Scope) -> Stream:
        if self.rate is not None:
            rate = self.rate * scope.scale
            return Counted(lambda numbers: scope.pace.times(np.rint(numbers / rate * 1e9).astype(np.int64)))
        total = int((self.total or 0) * scope.scale)
        parts = max(total - 1, 1) if self.endpoint else total
        span = scope.pace.elapsed(scope.until - self.endpoint)
        return Counted(lambda numbers: scope.pace.times(_shares(numbers, parts, span)), total)


def _shares(numbers: Integers, parts: int, span: int) -> Integers:
    """Return so many of the even parts of a span (n,), in whole ns, rounded up: none comes before its time."""
    return np.array([-(-number * span // parts) for number in numbers.tolist()], np.int64)  # 0.2 µs a worker
