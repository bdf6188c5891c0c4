"""A run: from a population to batches of records, window by window, as far as its clock lets it. Knows no target."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from datagen.clock import NEVER, Clock, time_left
from datagen.engine.columns import Columns
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.language.population import Population
from datagen.plugin.dimension import World
from datagen.problems import Cancelled, RunFailed
from datagen.records.batch import Batch, Layout

_TICK = 100_000_000  # ns: how often stages hear of the time while nothing happens

T = TypeVar("T")


@dataclass(frozen=True)
class Held:
    """What the limit of workers has held back."""

    spawns: int = 0
    nanoseconds: int = 0  # how long one was held back, in all; never two at a time


@dataclass(frozen=True)
class Window:
    """A stretch of a run: its records, and the time (ns since the start) before which nothing follows any more."""

    batches: Iterator[Batch]
    until: int


class Run:
    """One run of a population: a pure function of the population, the seed and the start of its clock."""

    def __init__(
        self,
        population: Population,
        clock: Clock,
        *,
        seed: int,
        max_workers: int,
        records: int | None = None,
        duration: int | None = None,
        pools: Pools | None = None,
    ) -> None:
        """Prepare a run that ends after a number of records, or at a duration (ns), or when there are no more."""
        self.clock = clock
        self.emitted = 0  # records so far
        self._held = Held()
        self._until = 0  # ns since the start: the time up to which there are records
        self.is_between_windows = True  # else the records of a window were not all made, and the walk is ahead of them
        self._records = records
        self._duration = duration
        self.pools = Pools(population.places(), seed, clock.stopped) if pools is None else pools
        plan = Plan(population, clock.start)
        self._columns = Columns(plan, World(seed, self.pools))
        self._walk = Walk(plan, seed, max_workers)

    @property
    def layout(self) -> Layout:
        """Return what the records look like."""
        return self._columns.layout

    @property
    def held(self) -> Held:
        """Return what the limit has held back so far, a spawn that is held back now included."""
        return _added(self._held, self._until - self._walk.held_since)

    @property
    def is_complete(self) -> bool:
        """Return whether there are as many records as are wanted."""
        return self._left == 0

    def stop(self) -> None:
        """End the run after the records that are being delivered."""
        self.clock.stop()

    def batches(self) -> Iterator[Batch]:
        """Yield the records, each when it is due. When nobody takes them any more, the clock is stopped."""
        computed = (batch for window in self.windows() for batch in window.batches)
        with closing(_ahead(computed)) as ahead:
            try:
                for batch in ahead:
                    for start, stop in self.clock.due(batch.due):
                        yield batch.slice(start, stop)
            finally:
                self.clock.stop()  # before the other thread is waited for, which may wait for the clock

    def windows(self, ticking: bool = False) -> Iterator[Window]:
        """Yield the run window by window, as far as the clock lets it, up to its end.

        The records of a window are computed as they are taken; all must be taken before the next window. With
        ``ticking`` there are also windows without records while nothing happens. Raises RunFailed when the clock would
        run past all time.
        """
        end = time_left(self.clock.start)
        ends_in_time = self._duration is not None and self._duration <= end
        if self._duration is not None:
            end = min(end, self._duration)
        while not self.is_complete and not self.clock.stopped.is_set():
            moment = self._walk.next_time
            if moment >= end and not ends_in_time:
                raise RunFailed("walking on: the clock would run past the year 9999, or 146 years after the start")
            horizon = self.clock.horizon()
            if moment >= end and horizon > end:  # a live run lasts as long as it was asked to
                self._until = end
                return
            if moment < min(horizon, end):
                steps = self._walk.advance(min(end, horizon))
                yield Window(self._batches(steps), self._walk.next_time)
            elif ticking:
                yield Window(iter(()), horizon)
                self.clock.wait_for(min(moment, end, horizon + _TICK))
            else:
                self.clock.wait_for(min(moment, end))

    def snapshot(self) -> dict[str, Any]:
        """Return where the run is, between two windows."""
        return {
            "emitted": self.emitted,
            "held": [self._held.spawns, self._held.nanoseconds],
            "until": self._until,
            "walk": self._walk.snapshot(),
            "columns": self._columns.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self.emitted, self._held, self._until = snapshot["emitted"], Held(*snapshot["held"]), snapshot["until"]
        self._walk.restore(snapshot["walk"])
        self._columns.restore(snapshot["columns"])

    def _batches(self, steps: Steps) -> Iterator[Batch]:
        """Yield the records of a window, no more than are still wanted; end when the run is stopped."""
        self.is_between_windows = False
        try:
            for batch in self._columns.batches(steps):
                left = self._left
                taken = batch if left is None else batch.slice(0, min(left, len(batch)))
                self.emitted += len(taken)
                self._until = int(taken.due[-1])
                yield taken
                if self.is_complete:
                    self._hold(self._until)
                    return
        except Cancelled:
            return
        self._hold(NEVER)
        self.is_between_windows = True

    def _hold(self, until: int) -> None:
        """Count the spawns of a window that were held back, up to a time."""
        births, spans = self._walk.held
        asked = births - spans
        counted = asked < until
        held = np.minimum(births, until)[counted] - asked[counted]
        self._held = Held(self._held.spawns + len(held), self._held.nanoseconds + int(held.sum()))

    @property
    def _left(self) -> int | None:
        """Return how many records are still wanted; None for as many as there are."""
        return None if self._records is None else max(self._records - self.emitted, 0)


def _added(held: Held, nanoseconds: int) -> Held:
    return Held(held.spawns + 1, held.nanoseconds + nanoseconds) if nanoseconds > 0 else held


def _ahead(items: Iterator[T]) -> Generator[T]:
    """Yield items, each computed on another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
