"""A run: the loop from the walk to the targets, its end, and the report on it.

The next batch is computed and formatted while this one is written, on the thread of its lane. Another thread for
formatting would not pay: it and the walk would take the interpreter's lock from each other a thousand times a batch
(measured: no gain).
"""

import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa

from datagen.clock import NEVER, Clock, SimulatedClock, SystemClock, stopwatch
from datagen.delivery.lane import Lane
from datagen.delivery.resume import Journal
from datagen.engine.columns import Columns
from datagen.engine.plan import Plan
from datagen.engine.pool import make_pools
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.language.checks import places
from datagen.language.document import Document
from datagen.language.spec import Spec, in_order, read_spec
from datagen.moment import Moment, parse_moment
from datagen.plugin.dimension import World
from datagen.plugin.registry import Registry
from datagen.plugin.target import ReaderGone, Undelivered
from datagen.problems import InvalidInput, Problem, RunFailed, hidden, reason
from datagen.records.batch import Batch, Layout

_DEFAULT_WORKERS = 100
_TICK = 100_000_000  # ns: how often stages hear of the time while nothing happens
_LAST_MOMENT = parse_moment("9999-12-31T00:00:00")

T = TypeVar("T")


@dataclass(frozen=True)
class LoadedSpec:
    """A checked spec, with what is odd about it and the kinds that it is made of."""

    spec: Spec
    document: Document
    registry: Registry
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Options:
    """What a run is made with; ``start`` None means now, on the system clock."""

    start: Moment | None = None
    max_workers: int = _DEFAULT_WORKERS
    records: int | None = None
    duration: int | None = None  # ns
    seed: int = 0


@dataclass(frozen=True)
class Window:
    """A stretch of a run: its records, and the time (ns since the start) before which nothing follows any more."""

    batches: Iterator[Batch]
    until: int


@dataclass
class Report:
    """What a run has delivered so far."""

    records: int = 0  # of the run, whose way has come to its end at every target
    before: int = 0  # records that were delivered before this process
    reached: int = 0  # ns since the start: the time of the last record
    seconds: float = 0.0
    late: int = 0  # ns: how late the records are that are being written
    slowest: str = ""  # the target where they are
    latest: int = 0  # ns: the most that any was late
    delivered: list[tuple[str, int]] = field(default_factory=list)  # targets, and the records each has acknowledged


def load_document(document: Document, registry: Registry) -> LoadedSpec:
    """Check a spec.

    Raises InvalidInput with every problem of it.
    """
    try:
        spec, warnings = read_spec(document, registry)
    except RecursionError as error:
        raise InvalidInput([Problem("is nested too deeply", document.source)]) from error
    except InvalidInput as error:
        unfilled = _pool_problems(document, registry, World(seed=0))
        raise InvalidInput(in_order([*error.problems, *unfilled])) from error
    return LoadedSpec(spec, document, registry, tuple(warnings))


def new_seed() -> int:
    """Choose a seed at random, short enough to be typed."""
    return secrets.randbelow(10**9)


class Run:
    """One run of a spec: a pure function of the spec, the seed and the start."""

    def __init__(self, loaded: LoadedSpec, options: Options, clock: Clock | None = None) -> None:
        """Make the pools and get ready; the clock is that of the options when none is given.

        Raises InvalidInput when a pool can't be filled, or when the clock could never move on and nothing ends the run.
        """
        self._options = options
        world = World(options.seed)
        problems = _pool_problems(loaded.document, loaded.registry, world)
        if options.records is None and loaded.spec.stands_still:
            message = "no gap and no delay is ever above 0: the clock can never move on; give a number of records"
            problems.append(loaded.document.problem(("interarrival",), message))
        if problems:
            raise InvalidInput(in_order(problems))
        if clock is None:
            clock = SystemClock() if options.start is None else SimulatedClock(options.start)
        self.clock = clock
        plan = Plan(loaded.spec, clock.start)
        self._columns = Columns(plan, world)
        self._walk = Walk(plan, options.seed, options.max_workers)
        self._emitted = 0

    @property
    def layout(self) -> Layout:
        """Give what the records look like."""
        return self._columns.layout

    def stop(self) -> None:
        """End the run after the records that are being delivered."""
        self.clock.stop()

    def batches(self) -> Iterator[Batch]:
        """Give the records, each when it is due."""
        computed = (batch for window in self.windows() for batch in window.batches)
        with closing(_ahead(computed)) as ahead, self._stopping():
            for batch in ahead:
                for start, stop in self.clock.due(batch.due):
                    yield batch.slice(start, stop)

    def deliver(self, lanes: Sequence[Lane], watch: Callable[[Report], None], journal: Journal | None = None) -> Report:
        """Lead the records to targets; call ``watch`` from time to time.

        With a journal the run continues where it stood. Raises RunFailed when records can't be made or delivered; the
        message says how many were.
        """
        report = Report(before=min((lane.standing.passed for lane in lanes), default=0))
        began = stopwatch()

        def look() -> None:
            report.records = min((lane.standing.passed for lane in lanes), default=0)
            report.reached = max((lane.standing.reached for lane in lanes), default=0)
            report.seconds = stopwatch() - began
            slowest = max(lanes, key=lambda lane: lane.lag)
            report.late, report.slowest = max(slowest.lag, self.clock.late), str(slowest.target)
            report.latest = max(report.latest, report.late, self.clock.latest)
            watch(report)

        error: Exception | None = None
        if journal is not None and journal.snapshot is not None:
            try:
                self._restore(lanes, journal.snapshot)
            except (KeyError, IndexError, TypeError, ValueError, AttributeError, pa.ArrowException) as damage:
                raise journal.problem(f"can't be read: it is damaged ({type(damage).__name__}: {damage})") from damage
        for lane in lanes:
            lane.start()
        try:
            self._fill(lanes, look, journal)
        except Exception as raised:  # the lanes end first, with all that was made before
            error = raised
            self.clock.stop()
        for lane in lanes:
            lane.end(look)
        for lane in lanes:
            lane.join(look)
        look()
        report.delivered = [(str(lane.target), lane.delivered) for lane in lanes]
        self._raise_failure(error, lanes)
        return report

    def _raise_failure(self, error: Exception | None, lanes: Sequence[Lane]) -> None:
        """Say what failed, if anything did, and what each target has; a reader who has gone away is no failure."""
        failures: list[tuple[str, BaseException]] = []
        if isinstance(error, MemoryError):
            raise error
        if error is not None:
            kind = "" if isinstance(error, pa.ArrowException) else f"{type(error).__name__}: "
            failures.append((str(error) if isinstance(error, RunFailed) else f"making records: {kind}{error}", error))
        elif all(isinstance(lane.error, ReaderGone) for lane in lanes):
            return
        failures += [(_failure(lane, lane.error), lane.error) for lane in lanes if lane.error is not None]
        if failures:
            counts = "; ".join(f"{lane.delivered} records delivered to {lane.target}" for lane in lanes)
            if len(lanes) == 1:
                counts = f"{lanes[0].delivered} records delivered"
            raise RunFailed(f"{'; '.join(text for text, _ in failures)} ({counts})") from failures[0][1]

    def _fill(self, lanes: Sequence[Lane], look: Callable[[], None], journal: Journal | None) -> None:
        """Compute the run and hand it to the lanes."""
        ticking = any(lane.has_stages for lane in lanes)
        for window in self.windows(ticking):
            for batch in window.batches:
                for lane in lanes:
                    lane.take(batch, int(batch.due[-1]), self._emitted, look)
            if ticking:
                for lane in lanes:
                    lane.take(Batch.empty(), window.until, self._emitted, look)
            if journal is not None and self._left != 0:  # else the rest of the window was not made
                journal.offer(lambda: self._state(lanes))
            look()
        if journal is None or not self.clock.stopped.is_set():
            for lane in lanes:
                lane.take(Batch.empty(), NEVER, self._emitted, look)

    def _state(self, lanes: Sequence[Lane]) -> dict[str, Any]:
        """Give where the run is between two windows."""
        return {
            "emitted": self._emitted,
            "walk": self._walk.state(),
            "columns": self._columns.state(),
            "lanes": [lane.state() for lane in lanes],
        }

    def _restore(self, lanes: Sequence[Lane], state: dict[str, Any]) -> None:
        self._emitted = state["emitted"]
        self._walk.restore(state["walk"])
        self._columns.restore(state["columns"])
        for lane, kept in zip(lanes, state["lanes"], strict=True):
            lane.restore(kept)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Let nobody wait for the clock any more once the records are not wanted."""
        try:
            yield
        finally:
            self.clock.stop()

    def windows(self, ticking: bool = False) -> Iterator[Window]:
        """Compute the run window by window, as far as the clock lets us, up to its end.

        The records of a window are computed as they are taken, all before the next window. With ``ticking`` there are
        also windows of nothing, while nothing happens.
        """
        end = min(NEVER, (_LAST_MOMENT.microseconds - self.clock.start.microseconds) * 1000)
        ends_in_time = self._options.duration is not None and self._options.duration <= end
        if self._options.duration is not None:
            end = min(end, self._options.duration)
        while self._left != 0 and not self.clock.stopped.is_set():
            moment = self._walk.next_time
            if moment >= end:
                if ends_in_time:
                    return
                raise RunFailed("walking on: the clock would run past the year 9999, or 146 years after the start")
            horizon = self.clock.horizon()
            if moment < horizon:
                steps = self._walk.advance(min(end, horizon))
                yield Window(self._batches(steps), self._walk.next_time)
            elif ticking:
                yield Window(iter(()), horizon)
                self.clock.wait_for(min(moment, horizon + _TICK))
            else:
                self.clock.wait_for(moment)

    def _batches(self, steps: Steps) -> Iterator[Batch]:
        """Make the records of a window, as many as are wanted."""
        for batch in self._columns.batches(steps):
            left = self._left
            taken = batch if left is None else batch.slice(0, min(left, len(batch)))
            self._emitted += len(taken)
            yield taken
            if self._left == 0:
                return

    @property
    def _left(self) -> int | None:
        """Give how many records are still wanted; None for as many as there are."""
        return None if self._options.records is None else max(self._options.records - self._emitted, 0)


def _failure(lane: Lane, error: BaseException) -> str:
    """Say what a lane failed at; no secret is part of it."""
    if isinstance(error, RunFailed):
        text = str(error)
    else:
        expected = isinstance(error, OSError | Undelivered | ReaderGone)
        kind = "" if expected else f"{type(error).__name__}: "
        text = f"writing to {lane.target}: {kind}{reason(error)}"
    return hidden(text, lane.target.secrets())


def _pool_problems(document: Document, registry: Registry, world: World) -> list[Problem]:
    return [document.problem(*problem) for problem in make_pools(places(document.data, registry), world)]


def _ahead(items: Iterator[T]) -> Generator[T]:
    """Compute each item on another thread while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
