"""The tally: what became of workers beside their records, counted up to where records were taken."""

from typing import Any

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.arrivals import Unplayed
from datagen.engine.walked import Held, Refused, Walked
from datagen.language.population import Population


class Tally:
    """Who was held back, refused, or stopped with nowhere to go, in the part of a run of which records were taken."""

    def __init__(self, population: Population) -> None:
        self.held_since = NEVER  # at the end of the window that records are taken of
        self.unplayed: Unplayed = ((0, None),) * len(population.sources)  # as far as was walked
        self._held = Held()
        self._sources, self._states = population.sources, population.states
        self._refused = np.zeros(len(population.sources), np.int64)
        self._stuck = np.zeros(len(population.states), np.int64)

    def held(self, until: int) -> Held:
        """Return what the limit has held back up to a time, a spawn that is held back then included."""
        return _added(self._held, until - self.held_since)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Return the sources that have lost workers, or have not played all that they were given."""
        found = []
        for source, refused, unplayed in zip(self._sources, self._refused.tolist(), self.unplayed, strict=True):
            dropped, turned = (refused, 0) if source.when_full == "drop" else (0, refused)
            if refused or any(unplayed):
                found.append(Refused(source.name or "", dropped, turned, *unplayed))
        return tuple(found)

    @property
    def stuck(self) -> tuple[tuple[str, int], ...]:
        """Return the states in which workers have stopped since no transition was left, and how many."""
        counts = zip(self._states, self._stuck.tolist(), strict=True)
        return tuple((state.name, count) for state, count in counts if count)

    def count(self, walked: Walked, until: int) -> None:
        """Count those of a window, up to a time."""
        refused = walked.refused_by[walked.refused_at < until]
        self._refused += np.bincount(refused, minlength=len(self._refused))
        self._stuck += np.bincount(walked.stuck_in[walked.stuck_at < until], minlength=len(self._stuck))
        is_born = walked.births < until
        waiting = (walked.births - walked.spans)[~is_born]  # since when; of these, as of those in no window, one counts
        self.held_since = min(walked.held_since, int(waiting.min(initial=NEVER)))
        spans = walked.spans[is_born]
        self._held = Held(self._held.spawns + len(spans), self._held.nanoseconds + _total(spans))

    def snapshot(self) -> dict[str, Any]:
        """Return all counts, for ``restore``."""
        return {
            "refused": self._refused.copy(),
            "stuck": self._stuck.copy(),
            "held": [self._held.spawns, self._held.nanoseconds],
            "held_since": self.held_since,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self._refused, self._stuck = snapshot["refused"].copy(), snapshot["stuck"].copy()
        self._held, self.held_since = Held(*snapshot["held"]), snapshot["held_since"]


def _total(spans: Integers) -> int:
    """Return the sum of spans (n,), which may be more than 64 bits hold."""
    return (int((spans >> 32).sum()) << 32) + int((spans & 0xFFFFFFFF).sum())


def _added(held: Held, nanoseconds: int) -> Held:
    return Held(held.spawns + 1, held.nanoseconds + nanoseconds) if nanoseconds > 0 else held
