"""Time: the only module that reads the clock of the system.

A clock says up to which time of the run records may be computed, and waits until they are due. With a simulated clock
there is nothing to wait for; with the system's, the very same records come when they are due.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from datagen.moment import Moment, parse_moment

Integers = npt.NDArray[np.int64]  # as in datagen.draw, which needs the compiled core

NEVER = 2**62  # ns, 146 years after the start: no run gets there
FIRST_MOMENT = parse_moment("0001-01-01T00:00:00Z")
LAST_MOMENT = parse_moment("9999-12-31T00:00:00Z")  # a day before the end, so that every offset has a time of it

_AHEAD = 250_000_000  # ns: how far a live run is computed ahead of time
_GRAIN = 50_000_000  # ns: what is due within it is computed at once, or each record of a slow run would cost a window
_HEAD_START = 150_000_000  # ns
_TICK = 0.002  # seconds: records that are due within one tick go out together
_LONGEST_WAIT = 0.2  # seconds: after these a wait looks whether it should end


def time_left(start: Moment) -> int:
    """Return how long a run that starts then can last, in ns."""
    return min(NEVER, (LAST_MOMENT.microseconds - start.microseconds) * 1000)


class Clock(ABC):
    """Time as a run sees it, in nanoseconds since its start."""

    start: Moment
    speed: float = 1.0  # seconds of the run in a second of the system's clock

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.late = 0  # ns of the system's clock: how late the first record of the latest range was
        self.latest = 0  # ns of the system's clock: how late any record was at most

    @abstractmethod
    def horizon(self) -> int:
        """Return the time up to which the run may be computed now."""

    @abstractmethod
    def wait_for(self, moment: int) -> None:
        """Wait until a time is within the horizon, or the clock is stopped."""

    @abstractmethod
    def due(self, times: Integers, emitted: Integers | None = None) -> Iterator[tuple[int, int]]:
        """Yield ranges (start, stop) of records, each as soon as it is due, until all are or the clock is stopped.

        ``times`` (n,) ascend. When the clock is stopped, the records that were ``emitted`` (n,) before that, but held
        back, are due at once.
        """

    def lag(self, moment: int) -> int:
        """Return how long ago a time was, in ns of the system's clock; 0 when it is to come, or is history."""
        return 0

    def arrive(self) -> None:  # noqa: B027  (most clocks have no history)
        """Hear that everything is computed whose time has come: from now on no record is history."""

    def past(self, times: Integers) -> int:
        """Return how many of the times (n,), which ascend, have come; once it is stopped, had come by then."""
        return len(times)

    def stop(self) -> None:
        """End all waiting."""
        self.stopped.set()


class SimulatedClock(Clock):
    """A clock on which every time has come already."""

    def __init__(self, start: Moment) -> None:
        super().__init__()
        self.start = start

    def horizon(self) -> int:
        return 2**63 - 1

    def wait_for(self, moment: int) -> None:
        pass

    def due(self, times: Integers, emitted: Integers | None = None) -> Iterator[tuple[int, int]]:
        if len(times):
            yield 0, len(times)


class SystemClock(Clock):
    """The clock of the system, in UTC; later changes of the system's time do not affect it.

    It starts a moment after it is made, so that the first records can be computed before they are due. With a start it
    shows the time since that, which may lie in the past, and is waited for where it is still to come.
    """

    def __init__(
        self, start: Moment | None = None, *, speed: float = 1.0, begins: int | None = None, has_history: bool = False
    ) -> None:
        """Make one that runs at a ``speed``, and that ``begins`` at a time of the run (ns), a moment after it is made.

        Of a run that ``has_history``, what has come before the present is reached is never late.
        """
        super().__init__()
        self.start = start or soon()
        self.speed = speed
        shown = time.time_ns() - self.start.microseconds * 1000
        self._shown = shown if begins is None else begins - round(_HEAD_START * speed)
        self._zero = time.monotonic_ns()
        self._late_from = NEVER if has_history else -NEVER
        self._stopped_at = -NEVER  # ns since the start

    def horizon(self) -> int:
        return self._now() + round(_AHEAD * self.speed)

    def wait_for(self, moment: int) -> None:
        wanted = moment + round(_GRAIN * self.speed)
        while self.horizon() <= wanted and not self.stopped.is_set():
            self._sleep(wanted - self.horizon())

    def due(self, times: Integers, emitted: Integers | None = None) -> Iterator[tuple[int, int]]:
        done = 0
        while done < len(times) and not self.stopped.is_set():
            now = self._now()
            ready = int(np.searchsorted(times, now, "right"))
            if ready == done:
                self.late = 0  # it has caught up
                self._sleep(int(times[done]) - now)
                continue
            self.late = self.lag(int(times[done]))
            self.latest = max(self.latest, self.late)
            yield done, ready
            done = ready
            if done < len(times):
                self.stopped.wait(_TICK)
        if emitted is not None and done < len(times):
            yield from ((done + start, done + stop) for start, stop in _ranges(emitted[done:] <= self._stopped_at))

    def stop(self) -> None:
        if not self.stopped.is_set():
            self._stopped_at = self._now()
        super().stop()

    def lag(self, moment: int) -> int:
        return 0 if moment < self._late_from else max(int((self._now() - moment) / self.speed), 0)

    def arrive(self) -> None:
        self._late_from = min(self._late_from, self._now())

    def past(self, times: Integers) -> int:
        now = self._stopped_at if self.stopped.is_set() else self._now()
        return int(np.searchsorted(times, now, "right"))

    def _now(self) -> int:
        """Return the time of the run, in ns since its start."""
        return min(self._shown + int((time.monotonic_ns() - self._zero) * self.speed), NEVER)

    def _sleep(self, nanoseconds: int) -> None:
        """Sleep until so much of the run's time has passed, or for a while."""
        self.stopped.wait(min(nanoseconds / 1e9 / self.speed, _LONGEST_WAIT))


def _ranges(wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the ranges (start, stop) in which all are wanted."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def soon() -> Moment:
    """Return the start of a run that begins when its first records are computed."""
    return Moment((time.time_ns() + _HEAD_START) // 1000)


def present() -> Moment:
    """Return the time of the system, in UTC."""
    return Moment(time.time_ns() // 1000, "UTC")


def stopwatch() -> float:
    """Return seconds that only count up, to measure how long something takes."""
    return time.perf_counter()
