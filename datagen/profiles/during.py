"""The profile ``during``."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats, Integers
from datagen.plugin.namespace import IncidentName
from datagen.plugin.profile import Factor, Profile, Scope


class During(Profile):
    """A factor while an incident is on, 1 otherwise.

    Example: {"type": "during", "incident": "outage", "factor": 0.05}
    """

    kind: ClassVar[str] = "during"
    incident: IncidentName = Field(description="the name of the incident, one of the spec's `incidents`")
    factor: Factor = Field(description="the factor while it is on")

    def always(self, incident: str | None) -> float:
        return float(self.factor) if incident == self.incident else 1.0

    def speed(self, at: Integers, scope: Scope) -> Floats:
        return np.where(scope.incidents[self.incident].on(at), float(self.factor), 1.0)

    def jumps(self, begin: int, end: int, scope: Scope) -> Integers:
        return scope.incidents[self.incident].edges(begin, end)

    def settled(self, scope: Scope) -> int | None:
        return scope.incidents[self.incident].settled
