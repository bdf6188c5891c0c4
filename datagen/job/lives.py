"""Lives as trees: what one worker of each source goes through, and whom it brings about, as objects of JSON."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from datagen.draw import Floats
from datagen.engine.chain import Chain
from datagen.engine.expectation import Expectation
from datagen.engine.families import Bearing
from datagen.job.crowd import finite
from datagen.records.expression import Expression

_DEEPEST = 16  # generations that are shown
_RARE = 1e-9  # visits a life: those are the rounding of none


@dataclass(frozen=True)
class Lives:
    """The lives of a population, with the numbers of an expectation."""

    expectation: Expectation
    emits: Floats  # (states,) records of a step into each

    def trees(self) -> list[dict[str, Any]]:
        """Return the life of a worker of each source, with all whom it brings about."""
        return [
            {"source": flow.source.name, "type": flow.source.kind} | self._life(flow.chain, set(), 0)
            for flow in self.expectation.inflows
        ]

    def _life(self, chain: Chain, told: set[int], depth: int) -> dict[str, Any]:
        """Return a life that begins as a chain does; what is ``told`` of those that begin elsewhere is not told again.

        So a tree has no more parts than there are states, also where workers bring about their like.
        """
        begin = self.expectation.population.states[chain.begin].name
        life = {
            "state": begin,
            "seconds": finite(chain.life),
            "records": _made(chain, self.emits),
            "family": self._family(chain),
        }
        is_told = chain.begin in told
        told.add(chain.begin)
        states = None if is_told or depth == _DEEPEST else self._states(chain, told, depth + 1)
        return life | {"again": is_told, "states": states}

    def _family(self, chain: Chain) -> dict[str, Any]:
        """Return how many workers, and records, come of one, itself included; None where there is no end to it."""
        families = self.expectation.families
        if not families.ends or chain.visits is None:
            return {"workers": None, "records": None}
        return {
            "workers": 1 + float(chain.visits @ families.weights(self._bears)),
            "records": float(chain.visits @ families.weights(self.emits)),
        }

    @cached_property
    def _bears(self) -> Floats:
        """Return how many children a visit to each state brings about, (states,)."""
        count = np.zeros(len(self.emits))
        for one in self.expectation.families.bearings:
            count[one.state] += one.count
        return count

    def _states(self, chain: Chain, told: set[int], depth: int) -> list[dict[str, Any]]:
        """Return the states that one goes through, in the order of the spec."""
        visits = chain.visits
        entered = chain.entered if visits is None else visits > _RARE
        states = self.expectation.population.states
        return [
            {
                "state": states[number].name,
                "visits": None if visits is None else float(visits[number]),
                "seconds": float(chain.delays[number]),
                "records": float(self.emits[number]),
                "children": [
                    self._children(one, told, depth)
                    for one in self.expectation.families.bearings
                    if one.state == number
                ],
            }
            for number in np.flatnonzero(entered).tolist()
        ]

    def _children(self, one: Bearing, told: set[int], depth: int) -> dict[str, Any]:
        entry = self.expectation.population.states[one.state].spawn[one.place]
        return {
            "entry": entry.called,
            "count": one.count,
            "how": "pilot" if isinstance(entry.count, Expression) else "closed form",
            "after_seconds": 0.0 if entry.delay is None else entry.delay.mean_wait(),
        } | self._life(self.expectation.families.chains[one.begin], told, depth)


def _made(chain: Chain, weights: Floats) -> float | None:
    return None if chain.visits is None else float(chain.visits @ weights)
