"""A run: from a population to batches of records, window by window, as far as its clock lets it. Knows no target."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from datagen.clock import NEVER, Clock, time_left
from datagen.engine.crew import Crew, Lead, Task, looked_ahead
from datagen.engine.crowd import Limits
from datagen.engine.draft import Draft
from datagen.engine.drafts import Drafts
from datagen.engine.first import columns_of
from datagen.engine.fit import misfits, oddities
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.skipped import Skipped
from datagen.engine.strides import Stride, Strides
from datagen.engine.table_records import RowsDraft, TableRecords
from datagen.engine.tally import Tally
from datagen.engine.times import Times
from datagen.engine.walk import Walk
from datagen.engine.walked import Held, Refused, Walked
from datagen.language.population import Population
from datagen.problems import Cancelled, Path_, RunFailed
from datagen.records.batch import Batch

_MOST_FRUITLESS = 1_000_000  # records left out in a row

T = TypeVar("T")


Made = tuple[Batch, Skipped]  # a batch, and what is left out of it
Coming = Walked | Task[Made] | int | None  # a window, its batches, then None; an int: the run lasted up to that time


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
        self._until = 0  # ns since the start: the time up to which there are records
        self._walked = self._passed = 0  # windows, and those of which all records were taken
        self._batches_ahead = 0  # that nobody has asked for yet
        self._lead: Lead[Stride | int] | None = None  # while the run goes on
        self._used, self._records_a_step = 0, 1.0  # steps that were taken for records, and how many the last ones gave
        self._fruitless = 0  # records left out since the last one that was not
        self._drafted = 0  # records, emitted or still to be made
        self._records, self._size = records, size
        self._end = time_left(clock.start) if duration is None else min(duration, time_left(clock.start))
        self._ends_in_time = duration == self._end
        zone = population.timezone or clock.start.zone or "UTC"
        self.pools = Pools(population, seed, clock.stopped, zone) if pools is None else pools
        self._population = population = population.bound(self.pools.tables)
        self._tally = Tally(population)
        plan = Plan(population, clock.start, warm_up, scale, self.pools)
        self._columns = columns_of(plan, seed, self.pools)
        self._rows = TableRecords(plan, self.pools.world())
        self.layout = self._rows.added_to(self._columns.layout)  # what the records look like
        self._walk = Walk(plan, seed, max_workers, self._columns.memories)
        has_rows = len(self._rows) > 0
        self._strides = Strides(self._walk, clock, self._end, ends_in_time=self._ends_in_time, has_rows=has_rows)

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
        return self._tally.held(self._until)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Return the sources with workers who were dropped, turned away or left out so far.

        What can't be read is counted as far as a file was read, which is a mebibyte or two ahead of what is played.
        """
        return self._tally.refused

    @property
    def stuck(self) -> tuple[tuple[str, int], ...]:
        """Return the states in which workers have stopped so far since no transition was left, and how many."""
        return self._tally.stuck

    @property
    def is_complete(self) -> bool:
        """Return whether there are as many records, or bytes, as are wanted."""
        return self._left == 0 or (self.bytes is not None and self._size is not None and self.bytes >= self._size)

    @property
    def is_between_windows(self) -> bool:
        """Return whether all records were taken of what was walked; else the walk is ahead of them."""
        return self._walked == self._passed and not self._is_ahead

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
        ``is_between_windows``. With ``ticking`` there are also windows without records while nothing happens. Raises
        RunFailed when the clock would run past all time.
        """

        def stays() -> bool:
            enough = self._batches_ahead >= self.crew.ahead
            return enough or holds() or (not self._is_ahead and self._strides.has_to_wait)

        most = 3 * self.crew.ahead  # of what comes: a window, its only batch, and its end
        coming = looked_ahead(self._planned(ticking, holds), most, stays)
        for item in coming:
            if self.clock.stopped.is_set() or self.is_complete:
                return
            if isinstance(item, Walked):
                yield Window(self._batches(item, coming), item.until)
            elif isinstance(item, int):
                self._until = item

    def _planned(self, ticking: bool, holds: Callable[[], bool]) -> Iterator[Coming]:
        """Yield the windows and their batches, which are being made by others where there are any."""
        self._tally.unplayed = self._walk.unplayed
        left = self._left
        if left == 0:
            return
        self._warm_up()

        def stays() -> bool:
            return holds() or not self._walk.may_lead or self._strides.has_to_wait or self._suffices

        strides = self._strides.walked(ticking, self._goes_on, self._arrive)
        self._lead = lead = Lead(strides, self.crew, stays)
        try:
            for stride in lead:
                if isinstance(stride, int):
                    yield stride
                    return
                yield from self._window_of(stride, left)
                del stride  # and so a window's memory may go before the next one takes its own
                left = None if self._records is None else max(self._records - self._drafted, 0)
                if left == 0:
                    return
            self._tally.unplayed = self._walk.unplayed
        finally:
            self._lead = lead if lead.is_ahead else None  # in a circle: a run that is over is let go of at once

    def _window_of(self, stride: Stride, left: int | None) -> Iterator[Coming]:
        """Yield a window, its batches, as many as have the records that are left, and None."""
        self._walked += 1
        self._tally.unplayed = stride.unplayed
        size, before = stride.size, self._drafted
        walked, drafts = self._drafts(stride, left)
        yield walked
        for draft in drafts:
            self._drafted += len(draft)
            self._count_fruitless(draft)
            self._batches_ahead += 1
            yield self.crew.begin(partial(self._made, draft))
            del draft
            if self._records is not None and self._drafted >= self._records:
                break
        self._used += size
        if size:
            self._records_a_step = (self._drafted - before) / size
        yield None

    def _drafts(self, stride: Stride, most: int | None) -> tuple[Walked, Iterator[Draft | RowsDraft | Drafts]]:
        """Return a window, with those behind it that are to be one batch with it, and its records."""
        if stride.steps is None:
            return stride.walked, self._rows.drafts() if stride.has_rows else iter([])
        drafts, walk = self._columns.drafts(stride.steps, most), self._walk
        if walk.may_lead or not walk.awaits_texts:  # one that leads may be walking now, and never awaits any
            return stride.walked, drafts
        found = Drafts()
        walked = found.fill(drafts, stride, walk, self._columns, most, lambda: not self.clock.stopped.is_set())
        self._strides.fault = found.fault
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
    def _suffices(self) -> bool:
        """Return whether what was walked seems to give all the records that are wanted."""
        expected = (self._strides.stepped - self._used) * self._records_a_step
        return self._records is not None and self._drafted + expected >= self._records

    @property
    def _is_ahead(self) -> bool:
        """Return whether a window was begun that nobody has asked for yet: another thread may be at it."""
        return self._lead is not None and self._lead.is_ahead

    def _goes_on(self) -> bool:
        return not self.is_complete and not self.clock.stopped.is_set()

    def _arrive(self) -> None:
        """Take note that the present is reached: all that had come is on its way."""
        if self.history is None:
            self.history = self._drafted
            self.clock.arrive()

    def _warm_up(self) -> None:
        """Let pass what lies before the start."""
        while self._walk.next_time < 0 and not self.clock.stopped.is_set():
            self._columns.settle(self._walk.advance(0))

    def snapshot(self) -> dict[str, Any]:
        """Return where the run is, between two windows."""
        return self._tally.snapshot() | {
            "emitted": self.emitted,
            "rows": self._strides.rows_are_due,
            "bytes": self.bytes,
            "skipped": [self.skipped, self.skipped_for],
            "until": self._until,
            "walk": self._walk.snapshot(),
            "columns": self._columns.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self.emitted, self._until, self._strides.rows_are_due = (snapshot[key] for key in ("emitted", "until", "rows"))
        self.skipped, self.skipped_for = snapshot["skipped"]
        self.bytes = None if self.bytes is None else snapshot["bytes"]
        self._drafted = self.emitted
        self._walk.restore(snapshot["walk"])
        self._columns.restore(snapshot["columns"])
        self._tally.restore(snapshot)

    def _batches(self, walked: Walked, coming: Iterator[Coming]) -> Iterator[Batch]:
        """Yield the records of a window, no more than are still wanted; end when the run is stopped."""
        until = self._until
        self._tally.held_since = walked.held_since
        try:
            for making in coming:
                if not isinstance(making, Task):
                    until = NEVER
                    self._passed += 1
                    break
                batch, skipped = making.computed()
                self._batches_ahead -= 1
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
        self._tally.count(walked, until)

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

    @property
    def _left(self) -> int | None:
        """Return how many records are still wanted; None for as many as there are."""
        return None if self._records is None else max(self._records - self.emitted, 0)


def _ahead(items: Iterator[T]) -> Generator[T]:
    """Yield items, each computed on another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
