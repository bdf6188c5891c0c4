"""What is to be expected of the workers of a population under its limit."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats
from datagen.engine.expectation import Expectation, Inflow
from datagen.engine.limited import Outcome, under
from datagen.engine.timeline import Timeline
from datagen.plugin.arrival import TurnedAway


@dataclass(frozen=True)
class Crowd:
    """The workers of a population, as they are to be expected; of several its own, as it lives among the others."""

    expectation: Expectation
    limit: int
    is_chosen: bool  # whether somebody chose that number
    emits: Floats  # (states,) records of a step into each
    lasts: bool  # whether it is that of a run without an end
    measure: Callable[[float], float]  # a pilot: the share of workers who are born, of so many a second

    @property
    def timeline(self) -> Timeline:
        return self.expectation.timeline

    @cached_property
    def outcome(self) -> Outcome | None:
        """Return what the limit does to workers who stop some time."""
        if not self.expectation.always_stops:
            return None
        return under(self.expectation, self.limit, lambda: self.measure(self.expectation.rate))

    def makes(self, weights: Floats) -> Floats | None:
        """Return what is made a second, (parts,), by the weights of states.

        What descendants make is in it, if there is an end to them, as if made at the step that brings them about.
        """
        expected, weights = self.expectation, self._of_families(weights)
        if not expected.always_stops:
            made = expected.makes(weights)
            if made is not None:
                return made * np.minimum(self.limit / np.maximum(expected.endless, 1), 1)
            if expected.beat is None or not any(flow.rate and not flow.chain.always_stops for flow in expected.inflows):
                return None
            return np.full(self.timeline.parts, self.limit * float(expected.beat @ weights))  # all places are theirs
        if self.outcome is None:
            return None
        total = np.zeros(self.timeline.parts)
        for flow, came in zip(self.outcome.flows, expected.inflows, strict=True):
            made = flow.makes(weights)
            if made is None:
                return None
            total += made + self._turned(flow, came, weights)
        return total

    def _of_families(self, weights: Floats) -> Floats:
        families = self.expectation.families
        return families.weights(weights) if families.ends else weights

    def _turned(self, flow: Inflow, came: Inflow, weights: Floats) -> Floats | float:
        """Return what workers make a second who find no place and are born elsewhere."""
        if not isinstance(flow.source.when_full, TurnedAway):
            return 0.0
        visits = self.expectation.chain(flow.source.when_full.state).visits
        return 0.0 if visits is None else (came.rates - flow.rates) * float(visits @ weights)

    def life(self) -> dict[str, Any]:
        """Return how long a worker lives, and what it makes."""
        visits = self.expectation.visits
        return {
            "seconds": finite(self.expectation.life),
            "records": None if visits is None else float(visits @ self.emits),
            "always_stops": self.expectation.always_stops,
        }

    def workers(self) -> dict[str, Any]:
        """Return how many workers come and are alive."""
        expected, outcome = self.expectation, self.outcome
        alive = None
        if not expected.always_stops:
            alive = float(min(self.limit, self.limit if expected.alive is None else expected.alive))
        elif outcome is not None:
            curves = [curve for flow in outcome.flows if (curve := flow.alive) is not None]
            alive = min(sum(self.timeline.mean(curve) for curve in curves), float(self.limit))
            if expected.has_growing_lines:
                alive = float(self.limit) if self.limit != NEVER and self.lasts else None
        return {
            "coming_per_second": finite(expected.rate),
            "born_per_second": None if outcome is None else sum(flow.rate for flow in outcome.flows),
            "alive": alive,
            "alive_without_limit": finite(expected.alive),
            "alive_at_most": finite(expected.most_alive),
        }

    def limits(self) -> dict[str, Any]:
        """Return what the limit does."""
        outcome, expected = self.outcome, self.expectation
        free, bound = expected.makes(self._of_families(self.emits)), self.makes(self.emits)
        lost = None
        if free is not None and bound is not None:
            lost = max(self.timeline.mean(free) - self.timeline.mean(bound), 0.0)
        return {
            "workers": None if self.limit == NEVER else self.limit,
            "is_chosen": self.is_chosen,
            "binds": not expected.always_stops or outcome is None or outcome.binds,
            "sufficient": finite(expected.sufficient_limit),
            "records_lost_per_second": lost,
            "queue_grows": outcome is not None and outcome.grows,
            "how": "unknown" if outcome is None else "pilot" if outcome.is_measured else "closed form",
        }


def summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is true of several populations together: sums of numbers, null where one is unknown; any of truths.

    How they are known is the least certain way.
    """
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Any] = {}
    for key in parts[0]:
        values = [part[key] for part in parts]
        if key == "how":
            whole[key] = next(way for way in ("unknown", "pilot", "closed form") if way in values)
        elif isinstance(values[0], bool):
            whole[key] = any(values)
        else:
            whole[key] = None if None in values else sum(values)
    return whole


def finite(number: float | None) -> float | None:
    """Return a number; None when there is none, or an infinite one."""
    return None if number is None or not isfinite(number) else float(number)
