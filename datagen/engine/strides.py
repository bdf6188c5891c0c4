"""Strides: what is walked from window to window, as far as the clock lets it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datagen.clock import Clock
from datagen.engine.arrivals import Unplayed
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.engine.walked import Walked
from datagen.problems import RunFailed

_TICK = 100_000_000  # ns: how often stages hear of the time while nothing happens


@dataclass(frozen=True)
class Stride:
    """What was walked in a window."""

    walked: Walked
    unplayed: Unplayed
    steps: Steps | None = None
    until: int = 0  # ns since the start: how far it could have gone
    has_rows: bool = False  # of tables, in place of steps

    @property
    def size(self) -> int:
        """Return how many steps there are."""
        return 0 if self.steps is None else len(self.steps)


class Strides:
    """A walk up to an end, and the rows of tables before it. Of its methods one is called at a time, by any thread."""

    def __init__(self, walk: Walk, clock: Clock, end: int, *, ends_in_time: bool, has_rows: bool) -> None:
        """Take the end (ns since the start), and whether the run is to end there and not to fail."""
        self.rows_are_due = has_rows
        self.stepped = 0  # steps so far
        self.fault: RunFailed | None = None  # behind the records that there are
        self._walk, self._clock = walk, clock
        self._end, self._ends_in_time = end, ends_in_time

    @property
    def has_to_wait(self) -> bool:
        """Return whether nothing can be walked before the clock has moved on."""
        return self._clock.horizon() <= min(self._next_time, self._end)

    def walked(self, ticking: bool, goes_on: Callable[[], bool], arrive: Callable[[], None]) -> Iterator[Stride | int]:
        """Yield windows, and at last, where it is not by steps, when the run ends.

        With ``ticking`` there are also windows without steps while nothing happens. The clock is waited for behind a
        call of ``arrive``. Raises RunFailed when the clock would run past all time, or nothing can happen any more.
        """
        walk, clock, end = self._walk, self._clock, self._end
        while goes_on():
            if self.fault is not None:
                raise self.fault
            if walk.is_over and not self.rows_are_due:
                return
            if walk.is_deadlocked:
                raise RunFailed(f"walking on: nothing can happen any more{walk.who_waits()}")
            moment = self._next_time
            if moment >= end and not self._ends_in_time:
                text = "walking on: the clock would run past the year 9999, or 146 years after the start"
                raise RunFailed(f"{text}{walk.who_waits()}")
            horizon = clock.horizon()
            if moment >= end and horizon > end:  # a live run lasts as long as it was asked to
                yield end
                return
            if moment < min(horizon, end):
                yield self._stride(min(end, horizon))
                continue
            if ticking:
                yield Stride(Walked.by_nobody(max(horizon, 0), walk.held_since), walk.unplayed)
            arrive()
            clock.wait_for(min(moment, end, horizon + round(_TICK * clock.speed)) if ticking else min(moment, end))

    @property
    def _next_time(self) -> int:
        """Return when the next record may come, in ns since the start."""
        return 0 if self.rows_are_due else self._walk.next_time

    def _stride(self, until: int) -> Stride:
        """Return the next window, up to a time at most: the rows of tables come first."""
        walk = self._walk
        if self.rows_are_due:
            self.rows_are_due = False
            return Stride(Walked.by_nobody(walk.next_time, walk.held_since), walk.unplayed, has_rows=True)
        steps = walk.advance(until)
        self.stepped += len(steps)
        return Stride(Walked.of(walk), walk.unplayed, steps, until)
