"""Time: the only module that reads the system's.

A clock answers up to which simulated time a run may go, and waits until records are due. On a simulated clock there is
nothing to wait for; on the system clock the very same records are let out in time.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers
from datagen.moment import Moment

NEVER = 2**62  # ns, 146 years after the start: no run gets there

_AHEAD = 250_000_000  # ns: how far a live run is computed ahead of time
_GRAIN = 50_000_000  # ns: what is due within it is computed at once; else each record of a slow run costs a window
_HEAD_START = 150_000_000  # ns
_TICK = 0.002  # seconds: records that are due within one tick go out together
_LONGEST_WAIT = 0.2  # seconds: after this a wait looks whether it should end


class Clock(ABC):
    """Time as a run sees it, in nanoseconds since its start."""

    start: Moment

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.late = 0  # ns: how late the first of the last records was
        self.latest = 0  # ns: the most that any was late

    @abstractmethod
    def horizon(self) -> int:
        """Give the time up to which the run may be computed now."""

    @abstractmethod
    def wait_for(self, moment: int) -> None:
        """Wait until a time comes within the horizon, or the clock is stopped."""

    @abstractmethod
    def due(self, times: Integers, emitted: Integers | None = None) -> Iterator[tuple[int, int]]:
        """Give ranges of records, each as soon as it is due, until all are due or the clock is stopped.

        Once it is stopped, records that were ``emitted`` (n,) before and are held back still are due at once.
        """

    def lag(self, moment: int) -> int:
        """Give how long ago a time was, in ns; 0 when it is not over."""
        return 0

    def stop(self) -> None:
        """End all waiting."""
        self.stopped.set()


class SimulatedClock(Clock):
    """A clock that is always far enough."""

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
    """The clock on the wall, in UTC; it does not follow later changes of the system's time.

    It starts a moment after it is made, so that the first records can be computed before they are due; or at a moment
    in the past, to continue a run that began then.
    """

    def __init__(self, start: Moment | None = None) -> None:
        super().__init__()
        now = time.time_ns()
        self.start = start or Moment((now + _HEAD_START) // 1000)
        self._zero = time.monotonic_ns() + (_HEAD_START if start is None else start.microseconds * 1000 - now)
        self._stopped_at = -1  # ns since the start

    def horizon(self) -> int:
        return self._now() + _AHEAD

    def wait_for(self, moment: int) -> None:
        while self.horizon() <= moment + _GRAIN and not self.stopped.is_set():
            self._sleep((moment + _GRAIN - self.horizon()) / 1e9)

    def due(self, times: Integers, emitted: Integers | None = None) -> Iterator[tuple[int, int]]:
        done = 0
        while done < len(times) and not self.stopped.is_set():
            now = self._now()
            ready = int(np.searchsorted(times, now, "right"))
            if ready == done:
                self._sleep((int(times[done]) - now) / 1e9)
                continue
            self.late = now - int(times[done])
            self.latest = max(self.latest, self.late)
            yield done, ready
            done = ready
            if done < len(times):
                self._sleep(_TICK)
        if emitted is not None and done < len(times):
            yield from ((done + start, done + stop) for start, stop in _ranges(emitted[done:] <= self._stopped_at))

    def stop(self) -> None:
        if not self.stopped.is_set():
            self._stopped_at = self._now()
        super().stop()

    def lag(self, moment: int) -> int:
        return max(self._now() - moment, 0)

    def _now(self) -> int:
        return time.monotonic_ns() - self._zero

    def _sleep(self, seconds: float) -> None:
        self.stopped.wait(min(seconds, _LONGEST_WAIT))


def _ranges(wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give the ranges in which all are wanted."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def stopwatch() -> float:
    """Give seconds that only count up, for measuring how long something took."""
    return time.perf_counter()
