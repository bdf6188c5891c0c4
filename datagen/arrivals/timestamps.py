"""The source ``timestamps``: workers at given times."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.arrival import Arrival, Counted, Scope, Stream
from datagen.plugin.instant import Instant


class Timestamps(Arrival):
    """Workers at given times, in any order. Those before the begin are left out."""

    kind: ClassVar[str] = "timestamps"
    has_own_times: ClassVar[bool] = True

    values: list[Instant] = Field(min_length=1, description="times in ISO 8601, or offsets from the start")

    def stream(self, scope: Scope) -> Stream:
        times = self._times(scope)
        times = times[np.searchsorted(times, scope.begin) :]
        return Counted(lambda numbers: times[numbers], len(times))

    def left_out(self, scope: Scope) -> int:
        return int(np.searchsorted(self._times(scope), max(scope.begin, 0)))

    def _times(self, scope: Scope) -> Integers:
        """Return all of its times, ascending, in ns since the start."""
        since = np.array([at.microseconds(scope.start, scope.zone) for at in self.values]) - scope.start.microseconds
        return np.sort(since * 1000)
