"""Who has what of the resources of a run, and who waits for it: the core's counts, to be kept and to be told."""

from typing import Any

import numpy as np

from datagen.draw import Integers
from datagen.engine.conditions import Programs
from datagen.engine.plan import Plan
from datagen.engine.requests import requests_of
from datagen.engine.slot import RANK, Slots
from datagen.native.agenda import Agenda
from datagen.native.decision import Decision
from datagen.native.resources import Resources
from datagen.problems import counted, show

_DAYS = 2**17  # of the calendar of events


class Sharing:
    """The resources of a run."""

    def __init__(self, plan: Plan, programs: Programs, decision: Decision, days: int = _DAYS) -> None:
        """Take a plan, with its conditions as programs and as what decides by them."""
        self._plan = plan
        self._requests = requests_of(plan, programs)
        self.core = Resources(self._requests, Agenda(np.empty(days, np.int32)), decision)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return len(self._requests.free) > 0

    @property
    def waiting(self) -> int:
        """Return how many workers wait for something."""
        return int(self._requests.waiting.sum())

    def who_waits(self) -> list[str]:
        """Return how many workers wait for each resource, in words; none where nobody does."""
        counts = zip(self._plan.population.resources, self._requests.waiting.tolist(), strict=True)
        return [f"{counted(count, 'worker')} for {show(name)}" for name, count in counts if count]

    def asked_twice(self) -> tuple[int, str]:
        """Return the slot of a worker who asks for what it has, and the name of that; slot -1: nobody does."""
        names = [*self._plan.population.resources]
        return self.core.culprit, names[self.core.twice] if self.core.culprit >= 0 else ""

    def snapshot(self, slots: Slots, alive: Integers) -> dict[str, Any]:
        """Return who has what and who waits for what, of the workers in some slots, for ``restore``."""
        if not self:
            return {}
        return {
            "free": self._requests.free.copy(),
            "waiting": self._requests.waiting.copy(),
            "tickets": self.core.tickets,
            "held": [units[alive] for units in slots.held.T],
            "wait": slots.wait[alive],
            "asked": slots.asked[alive],
            "ranks": [{key: rank[key][alive] for key in RANK.names or ()} for rank in (slots.line, slots.timer)],
        }

    def restore(self, slots: Slots, alive: int, snapshot: dict[str, Any]) -> None:
        """Let workers, in the first slots, have and wait for what they did when a snapshot was taken."""
        if not self:
            return
        self._requests.free[:], self._requests.waiting[:] = snapshot["free"], snapshot["waiting"]
        for resource, units in enumerate(snapshot["held"]):
            slots.held[:alive, resource] = units
        slots.wait[:alive], slots.asked[:alive] = snapshot["wait"], snapshot["asked"]
        for rank, kept in zip((slots.line, slots.timer), snapshot["ranks"], strict=True):
            for key, column in kept.items():
                rank[key][:alive] = column
        self.core.restore(alive, snapshot["tickets"])
