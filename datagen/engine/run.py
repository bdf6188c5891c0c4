"""A run: from a population to batches of records, window by window, as far as its clock lets it. Knows no target."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from datagen.clock import NEVER, Clock, time_left
from datagen.draw import Integers
from datagen.engine.crew import Crew, looked_ahead
from datagen.engine.crowd import Limits
from datagen.engine.draft import Draft
from datagen.engine.drafts import Drafts
from datagen.engine.first import columns_of
from datagen.engine.fit import misfits, oddities
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.skipped import Skipped
from datagen.engine.table_records import RowsDraft, TableRecords
from datagen.engine.times import Times
from datagen.engine.walk import Walk
from datagen.engine.walked import Held, Refused, Walked
from datagen.language.population import Population
from datagen.problems import Cancelled, Path_, RunFailed
from datagen.records.batch import Batch

_TICK = 100_000_000  # ns: how often stages hear of the time while nothing happens

_MOST_FRUITLESS = 1_000_000  # records left out in a row

T = TypeVar("T")


Made = tuple[Batch, Skipped]  # a batch, and what is left out of it
Making = Callable[[], Made]  # what waits for a batch that is being made
Coming = Walked | Making | int | None  # a window, its batches, then None; an int: the run lasted up to that time


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
        max_workers: Limits,
        records: int | None = None,
        duration: int | None = None,
        size: int | None = None,
        warm_up: int = 0,
        pools: Pools | None = None,
        threads: int = 1,
        scale: float = 1.0,
    ) -> None:
        """Prepare a run that ends after a number of records, at a duration (ns), or with the record that makes the
        ``size`` (bytes of compact JSON) full, whichever comes first; or when there are no more.

        The simulation begins a ``warm_up`` (ns) before the start; nobody gets the records of that time. There are
        ``scale`` times more workers than the sources say. So many threads compute it, the one that takes its records
        included.
        """
        self.crew = Crew(threads)
        self.clock = clock
        self.emitted = 0  # records so far
        self.bytes = None if size is None else 0  # of the records so far, as lines of compact JSON; counted if need be
        self.history: int | None = None  # records that had come before the present was reached; None until then
        self.skipped = 0  # records that were left out, since something has failed for them
        self.skipped_for = ""  # why the first was
        self._held = Held()
        self._until = 0  # ns since the start: the time up to which there are records
        self._held_since = NEVER  # at the end of the window that records are taken of
        self._walked = self._passed = 0  # windows, and those of which all records were taken
        self._fault: RunFailed | None = None  # behind the records that there are
        self._fruitless = 0  # records left out since the last one that was not
        self._drafted = 0  # records, emitted or still to be made
        self._records = records
        self._size = size
        self._end = time_left(clock.start) if duration is None else min(duration, time_left(clock.start))
        self._ends_in_time = duration == self._end
        zone = population.timezone or clock.start.zone or "UTC"
        self.pools = Pools(population, seed, clock.stopped, zone) if pools is None else pools
        self._population = population = population.bound(self.pools.tables)
        self._refused = np.zeros(len(population.sources), np.int64)
        self._stuck = np.zeros(len(population.states), np.int64)
        plan = Plan(population, clock.start, warm_up, scale, self.pools)
        self._columns = columns_of(plan, seed, self.pools)
        self._rows = TableRecords(plan, self.pools.world())
        self._rows_are_due = len(self._rows) > 0
        self.layout = self._rows.added_to(self._columns.layout)  # what the records look like
        self._walk = Walk(plan, seed, max_workers, self._columns.memories)

    @property
    def times(self) -> Times:
        """Return its profiles and incidents, and the zone of its clocks."""
        return self._columns.times

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        """Yield what can't be from this start on, and what expressions can't do, each with its path in the JSON."""
        yield from misfits(self._population, self.times)
        yield from self._columns.misfits()
        yield from self._walk.misfits()

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is valid from this start on and hardly meant, each with its path in the JSON."""
        return oddities(self._population, self.times)

    @property
    def held(self) -> Held:
        """Return what the limit has held back so far, a spawn that is held back now included."""
        return _added(self._held, self._until - self._held_since)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Return the sources with workers who were dropped, turned away or left out so far.

        What can't be read is counted as far as a file was read, which is a mebibyte or two ahead of what is played.
        """
        found = []
        of_sources = self._refused.tolist(), self._walk.left_out, self._walk.unreadable
        known = zip(self._population.sources, *of_sources, strict=True)
        for source, refused, left_out, unreadable in known:
            dropped, turned = (refused, 0) if source.when_full == "drop" else (0, refused)
            if refused or left_out or unreadable:
                found.append(Refused(source.name or "", dropped, turned, left_out, unreadable))
        return tuple(found)

    @property
    def stuck(self) -> tuple[tuple[str, int], ...]:
        """Return the states in which workers have stopped so far since no transition was left, and how many."""
        counts = zip(self._population.states, self._stuck.tolist(), strict=True)
        return tuple((state.name, count) for state, count in counts if count)

    @property
    def is_complete(self) -> bool:
        """Return whether there are as many records, or bytes, as are wanted."""
        return self._left == 0 or (self.bytes is not None and self._size is not None and self.bytes >= self._size)

    @property
    def is_between_windows(self) -> bool:
        """Return whether all records were taken of what was walked; else the walk is ahead of them."""
        return self._walked == self._passed

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

    def windows(self, ticking: bool = False, holds: Callable[[], bool] = lambda: False) -> Iterator[Window]:
        """Yield the run window by window, as far as the clock lets it, up to its end.

        The records of a window must all be taken before the next window. Other threads make those that come next, but
        while the clock has to be waited for, or ``holds`` says so; so it may be waited for that the run
        ``is_between_windows``. With ``ticking`` there are
        also windows without records while nothing happens. Raises RunFailed when the clock would run past all time.
        """
        coming = looked_ahead(self._planned(ticking), self.crew.ahead, lambda: holds() or self._has_to_wait)
        for item in coming:
            if self.clock.stopped.is_set() or self.is_complete:
                return
            if isinstance(item, Walked):
                yield Window(self._batches(item, coming), item.until)
            elif isinstance(item, int):
                self._until = item

    def _planned(self, ticking: bool) -> Iterator[Coming]:
        """Yield the windows and their batches, which are being made by others where there are any."""
        self._warm_up()
        end, left = self._end, self._left
        while left != 0 and not self.is_complete and not self.clock.stopped.is_set():
            if self._fault is not None:
                raise self._fault
            if self._walk.is_over and not self._rows_are_due:
                return
            if self._walk.is_deadlocked:
                raise RunFailed(f"walking on: nothing can happen any more{self._walk.who_waits()}")
            moment = self._next_time
            if moment >= end and not self._ends_in_time:
                text = "walking on: the clock would run past the year 9999, or 146 years after the start"
                raise RunFailed(f"{text}{self._walk.who_waits()}")
            horizon = self.clock.horizon()
            if moment >= end and horizon > end:  # a live run lasts as long as it was asked to
                yield end
                return
            if moment < min(horizon, end):
                self._walked += 1
                walked, drafts = self._advance(min(end, horizon), left)
                yield walked
                for draft in drafts:
                    left = None if left is None else max(left - len(draft), 0)
                    self._drafted += len(draft)
                    self._count_fruitless(draft)
                    yield self.crew.begin(partial(self._made, draft))
                    if left == 0:
                        break
                yield None
            elif ticking:
                self._walked += 1
                yield Walked.by_nobody(max(horizon, 0), self._walk.held_since)
                yield None
                self._wait_for(min(moment, end, horizon + round(_TICK * self.clock.speed)))
            else:
                self._wait_for(min(moment, end))

    @property
    def _next_time(self) -> int:
        """Return when the next record may come, in ns since the start."""
        return 0 if self._rows_are_due else self._walk.next_time

    def _advance(self, until: int, most: int | None) -> tuple[Walked, Iterator[Draft | RowsDraft | Drafts]]:
        """Return the next window, up to a time at most, and its records: the rows of tables, then those of workers."""
        walk = self._walk
        if self._rows_are_due:
            self._rows_are_due = False
            return Walked.by_nobody(walk.next_time, walk.held_since), self._rows.drafts()
        drafts = self._columns.drafts(walk.advance(until), most)
        if not walk.awaits_texts:
            return Walked.of(walk), drafts
        found = Drafts()
        walked = found.fill(drafts, walk, self._columns, until, most, lambda: not self.clock.stopped.is_set())
        self._fault = found.fault
        return walked, iter([found] if found.pieces else [])

    def _count_fruitless(self, draft: Draft | RowsDraft | Drafts) -> None:
        """Raise RunFailed when so many steps in a row have made no record that there is hardly ever one that does.

        Where none has failed, it is only a fault if the run ends with records: it would never end.
        """
        if isinstance(draft, Drafts):
            for one in draft.pieces:
                self._count_fruitless(one)
            return
        self._fruitless += int((draft.barren == 0).sum())
        reason = draft.skipped.reason
        if self._fruitless >= _MOST_FRUITLESS and (reason or not self._ends_in_time):
            text = f"records in a row were skipped; {reason}" if reason else "steps in a row had a text without a line"
            raise RunFailed(f"{_MOST_FRUITLESS:,} {text}")
        if len(draft):
            self._fruitless = int((draft.barren == len(draft)).sum())

    @property
    def _has_to_wait(self) -> bool:
        """Return whether nothing can be walked before the clock has moved on."""
        return self.clock.horizon() <= min(self._next_time, self._end)

    def _wait_for(self, moment: int) -> None:
        """Wait for a time: all that had come is on its way."""
        if self.history is None:
            self.history = self._drafted
            self.clock.arrive()
        self.clock.wait_for(moment)

    def _warm_up(self) -> None:
        """Let pass what lies before the start."""
        while self._walk.next_time < 0 and not self.clock.stopped.is_set():
            self._columns.settle(self._walk.advance(0))

    def snapshot(self) -> dict[str, Any]:
        """Return where the run is, between two windows."""
        return {
            "emitted": self.emitted,
            "rows": self._rows_are_due,
            "bytes": self.bytes,
            "refused": self._refused.copy(),
            "stuck": self._stuck.copy(),
            "skipped": [self.skipped, self.skipped_for],
            "held": [self._held.spawns, self._held.nanoseconds],
            "until": self._until,
            "held_since": self._held_since,
            "walk": self._walk.snapshot(),
            "columns": self._columns.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self.emitted, self._held, self._until = snapshot["emitted"], Held(*snapshot["held"]), snapshot["until"]
        self._held_since, self._rows_are_due = snapshot["held_since"], snapshot["rows"]
        self.skipped, self.skipped_for = snapshot["skipped"]
        self._refused, self._stuck = snapshot["refused"].copy(), snapshot["stuck"].copy()
        self.bytes = None if self.bytes is None else snapshot["bytes"]
        self._drafted = self.emitted
        self._walk.restore(snapshot["walk"])
        self._columns.restore(snapshot["columns"])

    def _batches(self, walked: Walked, coming: Iterator[Coming]) -> Iterator[Batch]:
        """Yield the records of a window, no more than are still wanted; end when the run is stopped."""
        until = self._until
        self._held_since = walked.held_since
        try:
            for making in coming:
                if not callable(making):
                    until = NEVER
                    self._passed += 1
                    break
                batch, skipped = making()
                if len(batch):
                    self._columns.learn(batch)
                taken = self._taken(batch) if len(batch) else batch
                self.emitted += len(taken)
                self._skip(skipped, len(taken), len(batch))
                if not len(taken):
                    continue
                self._until = until = int(taken.due[-1])
                yield taken
                if self.is_complete:
                    break
        except Cancelled:
            pass
        self._hold(walked, until)

    def _skip(self, skipped: Skipped, taken: int, size: int) -> None:
        """Count what was left out before the last record that is taken of a batch, and behind it if the run goes on."""
        count = len(skipped) if taken == size and not self.is_complete else skipped.up_to(taken)
        self.skipped_for = self.skipped_for or (skipped.reason if count else "")
        self.skipped += count

    def _made(self, draft: Draft | RowsDraft | Drafts) -> Made:
        """Return the batch of a draft; raises Cancelled when the run is stopped before anybody has begun to make it."""
        if self.clock.stopped.is_set():
            raise Cancelled
        if isinstance(draft, RowsDraft):
            batch = draft.made()
        else:
            batch = draft.made(self._columns) if isinstance(draft, Drafts) else self._columns.made(draft)
        if self._size is not None:
            batch.json  # noqa: B018  # made here, and kept, as several threads may be at it
        return batch, draft.skipped

    def _taken(self, batch: Batch) -> Batch:
        """Return the records of a batch that are still wanted, and count their bytes."""
        wanted = len(batch) if self._left is None else min(self._left, len(batch))
        if self.bytes is not None and self._size is not None:
            ends = batch.json.ends
            wanted = min(wanted, int(np.searchsorted(ends, self._size - self.bytes)) + 1)
            self.bytes += int(ends[wanted - 1])
        return batch.slice(0, wanted) if wanted < len(batch) else batch

    def _hold(self, walked: Walked, until: int) -> None:
        """Count the spawns of a window that were held back, and the workers who were refused or stuck, up to a time."""
        refused = walked.refused_by[walked.refused_at < until]
        self._refused += np.bincount(refused, minlength=len(self._refused))
        self._stuck += np.bincount(walked.stuck_in[walked.stuck_at < until], minlength=len(self._stuck))
        is_born = walked.births < until
        waiting = (walked.births - walked.spans)[~is_born]  # since when; of these, as of those in no window, one counts
        self._held_since = min(walked.held_since, int(waiting.min(initial=NEVER)))
        spans = walked.spans[is_born]
        self._held = Held(self._held.spawns + len(spans), self._held.nanoseconds + _total(spans))

    @property
    def _left(self) -> int | None:
        """Return how many records are still wanted; None for as many as there are."""
        return None if self._records is None else max(self._records - self.emitted, 0)


def _total(spans: Integers) -> int:
    """Return the sum of spans (n,), which may be more than 64 bits hold."""
    return (int((spans >> 32).sum()) << 32) + int((spans & 0xFFFFFFFF).sum())


def _added(held: Held, nanoseconds: int) -> Held:
    return Held(held.spawns + 1, held.nanoseconds + nanoseconds) if nanoseconds > 0 else held


def _ahead(items: Iterator[T]) -> Generator[T]:
    """Yield items, each computed on another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
