"""The source ``at_start``: a fleet that is there from the begin."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Arrival, Counted, Scope, Stream
from datagen.plugin.instant import Duration
from datagen.plugin.week import Week, nothing


class AtStart(Arrival):
    """A fleet: all workers at the begin, or evenly spread over some time from then on."""

    kind: ClassVar[str] = "at_start"

    total: int = Field(ge=1, description="workers")
    spread: Duration = Field(0, description="over how long they come, evenly")

    @property
    def altogether(self) -> float:
        return self.total

    def rates(self, scope: Scope, week: Week) -> Floats:
        return nothing()

    def stream(self, scope: Scope) -> Stream:
        total = int(self.total * scope.scale)

        def times(numbers: Integers) -> Integers:
            return scope.begin + np.floor(numbers / max(total, 1) * self.spread).astype(np.int64)

        return Counted(times, total)
