"""The source ``interarrival``: one worker after a drawn gap from the one before."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.arrival import BLOCK, Paced, Scope, Stream
from datagen.plugin.distribution import SMALLEST_WAIT, AnyDistribution


class Interarrival(Paced):
    """A worker a gap after the one before was born. Where a limit holds one back, the next comes later, too."""

    kind: ClassVar[str] = "interarrival"
    counts_from_birth: ClassVar[bool] = True

    distribution: AnyDistribution = Field(description="seconds from one worker to the next")

    @property
    def never_waits(self) -> bool:
        return self.distribution.highest() < SMALLEST_WAIT

    def stream(self, scope: Scope) -> "_Gaps":
        return _Gaps(self, scope)


class _Gaps(Stream):
    def __init__(self, source: Interarrival, scope: Scope) -> None:
        self._source, self._scope = source, scope
        self._next = 0

    def more(self) -> Integers:
        numbers = np.arange(self._next, self._next + BLOCK)
        self._next += BLOCK
        return self._source.distribution.waits(self._scope.rows(numbers), self._scope.key("interarrival"))

    def snapshot(self) -> int:
        return self._next

    def restore(self, snapshot: int) -> None:
        self._next = snapshot
