"""The source ``incident``: workers where an incident begins or ends."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Arrival, Scope, Stream
from datagen.plugin.namespace import IncidentName
from datagen.plugin.week import Week, nothing

_FIRST = 86_400 * 10**9  # ns that are looked ahead at first


class AtIncident(Arrival):
    """A worker at each begin, or end, of an incident: an alarm, a ticket, a repair."""

    kind: ClassVar[str] = "incident"
    has_own_times: ClassVar[bool] = True

    incident: IncidentName = Field(description="the name of the incident")
    at: Literal["begin", "end"] = Field("begin", description="at its begin or its end")

    def rates(self, scope: Scope, week: Week) -> Floats:
        apart = week.recurring.get(self.incident)
        return nothing() + (1 / apart if apart else 0.0)

    def stream(self, scope: Scope) -> Stream:
        return _Edges(scope, self.incident, ("begin", "end").index(self.at))


class _Edges(Stream):
    """The begins or ends of an incident, looked up further and further ahead."""

    def __init__(self, scope: Scope, incident: str, edge: int) -> None:
        self._scope, self._edge = scope, edge
        self._stretches = scope.incidents[incident]
        self._until = scope.begin - 1  # ns since the start: up to there they are made

    def more(self) -> Integers:
        zero = self._scope.zero
        ahead = _FIRST
        while self._until < NEVER:
            end = min(self._until + ahead, NEVER)
            ahead *= 2
            edges = self._stretches.until(zero + end // 1000 + 1)[self._edge]
            times = np.sort((edges - zero) * 1000)
            times = times[(times > self._until) & (times <= end)]
            self._until = end
            if len(times):
                return times
        return times

    def snapshot(self) -> int:
        return self._until

    def restore(self, snapshot: int) -> None:
        self._until = snapshot
