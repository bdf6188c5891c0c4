"""The source ``timestamps``: workers at given times."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats
from datagen.plugin.arrival import Arrival, Counted, Scope, Stream
from datagen.plugin.instant import Instant
from datagen.plugin.week import Week, nothing


class Timestamps(Arrival):
    """Workers at given times, in any order. Those before the begin are left out."""

    kind: ClassVar[str] = "timestamps"
    has_own_times: ClassVar[bool] = True

    values: list[Instant] = Field(min_length=1, description="times in ISO 8601, or offsets from the start")

    @property
    def altogether(self) -> float:
        return len(self.values)

    def rates(self, scope: Scope, week: Week) -> Floats:
        return nothing()

    def stream(self, scope: Scope) -> Stream:
        since = np.array([at.microseconds(scope.start, scope.zone) for at in self.values]) - scope.zero
        times = np.sort(since * 1000)
        times = times[np.searchsorted(times, scope.begin) :]
        return Counted(lambda numbers: times[numbers], len(times))
