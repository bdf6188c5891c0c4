"""The source ``interarrival``: one worker after a drawn gap from the one before."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plugin.arrival import BLOCK, Paced, Scope, Stream
from datagen.plugin.distribution import SMALLEST_WAIT
from datagen.plugin.seconds import SecondsDistribution
from datagen.plugin.week import Week


class Interarrival(Paced):
    """A worker a gap after the one before was born. Where a limit holds one back, the next comes later, too."""

    kind: ClassVar[str] = "interarrival"
    counts_from_birth: ClassVar[bool] = True

    distribution: SecondsDistribution = Field(description="seconds from one worker to the next")

    @property
    def never_waits(self) -> bool:
        return self.distribution.bounds().most < SMALLEST_WAIT

    def rates(self, scope: Scope, week: Week) -> Floats:
        gap = self.distribution.mean_wait() / scope.scale
        return week.factors / gap if gap else np.full(len(week.factors), np.inf)

    def stream(self, scope: Scope) -> "_Gaps":
        return _Gaps(self, scope)


class _Gaps(Stream):
    def __init__(self, source: Interarrival, scope: Scope) -> None:
        self._source, self._scope = source, scope
        self._next = 0

    def more(self) -> Integers:
        numbers = np.arange(self._next, self._next + BLOCK)
        self._next += BLOCK
        gaps = self._source.distribution.waits(self._scope.rows(numbers), self._scope.key("interarrival"))
        if self._scope.scale == 1:
            return gaps
        finite = (gaps > 0) & (gaps < NEVER)
        return np.where(finite, np.rint(np.minimum(gaps / self._scope.scale, NEVER)), gaps).astype(np.int64)

    def snapshot(self) -> int:
        return self._next

    def restore(self, snapshot: int) -> None:
        self._next = snapshot
