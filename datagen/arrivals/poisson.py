"""The source ``poisson``: workers who come independently of each other."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plugin.arrival import BLOCK, Paced, Scope, Stream
from datagen.plugin.rate import Rate
from datagen.plugin.week import Week


class Poisson(Paced):
    """Workers who come independently of each other, as visitors do: a Poisson process.

    Its rate is `rate` times the `profile`, at every instant. Take it for an open load that does not wait for anybody.
    """

    kind: ClassVar[str] = "poisson"

    rate: Rate = Field(description='workers a second, or a text such as "5/s" or "900/H"')

    def rates(self, scope: Scope, week: Week) -> Floats:
        return week.factors * (self.rate * scope.scale)

    def stream(self, scope: Scope) -> Stream:
        return _Poisson(scope, 1 / (self.rate * scope.scale))


class _Poisson(Stream):
    """Draws gaps in base time, and looks up when they are over: exact by the time change of the process."""

    def __init__(self, scope: Scope, mean: float) -> None:
        self._scope, self._mean = scope, mean
        self._next, self._base = 0, 0  # the base time, in ns, of the worker before

    def more(self) -> Integers:
        numbers = np.arange(self._next, self._next + BLOCK)
        gaps = draw.real(draw.EXPONENTIAL, 0.0, self._mean, self._scope.rows(numbers), self._scope.key("gap"))
        base = self._base + np.cumsum(np.rint(np.minimum(gaps * 1e9, NEVER / BLOCK)).astype(np.int64))
        base = base[: np.searchsorted(base, NEVER)]
        if len(base):
            self._next, self._base = self._next + len(base), int(base[-1])
        return self._scope.pace.times(base)

    def snapshot(self) -> list[int]:
        return [self._next, self._base]

    def restore(self, snapshot: list[int]) -> None:
        self._next, self._base = snapshot
