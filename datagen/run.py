"""A run: the loop from the walk to the target, its end, and the report on it.

The next batch is computed and formatted on a second thread while this one is written. A third for formatting would
not pay: the two would take the interpreter's lock from each other a thousand times a batch (measured: no gain).
"""

import secrets
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from datagen.arrival import NEVER
from datagen.batch import Batch, Layout, Lines
from datagen.clock import Clock, SimulatedClock, SystemClock, stopwatch
from datagen.columns import Columns, World
from datagen.moment import Moment, parse_moment
from datagen.plan import Plan
from datagen.plugin import Formatter, PartlyWritten, Target
from datagen.pool import make_pools
from datagen.problems import Document, InvalidInput, Problem, RunFailed
from datagen.registry import Registry
from datagen.spec import Spec, in_order, places, read_spec
from datagen.walk import Walk

_DEFAULT_WORKERS = 100
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


@dataclass
class Report:
    """What a run has delivered so far."""

    records: int = 0
    reached: int = 0  # ns since the start: the time of the last record
    seconds: float = 0.0
    late: int = 0  # ns: how late the last records were
    latest: int = 0  # ns: the most that any was late


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

    @property
    def layout(self) -> Layout:
        """Give what the records look like."""
        return self._columns.layout

    def stop(self) -> None:
        """End the run after the records that are being delivered."""
        self.clock.stop()

    def batches(self) -> Iterator[Batch]:
        """Give the records, each when it is due."""
        with closing(_ahead(self._computed())) as computed, self._stopping():
            for batch in computed:
                for start, stop in self.clock.due(batch.due):
                    yield batch.slice(start, stop)

    def deliver(self, formatter: Formatter, target: Target, watch: Callable[[Report], None]) -> Report:
        """Write the records to a target; call ``watch`` after each write.

        Raises RunFailed when that is not possible, with what was delivered before in the report.
        """
        report = Report()
        began = stopwatch()
        try:
            empty = target.open()
            try:
                if empty and formatter.header():
                    target.write(Lines.of(pa.array([formatter.header()])))
                self._deliver(formatter, target, report, began, watch)
            finally:
                target.close()
        except BrokenPipeError:
            pass
        except pa.ArrowException as error:
            raise RunFailed(f"making records: {error} ({report.records} records delivered)") from error
        except PartlyWritten as error:
            whole = report.records + error.records
            raise RunFailed(f"writing to {target}: {error.strerror} ({whole} records delivered)") from error
        except OSError as error:
            raise RunFailed(
                f"writing to {target}: {error.strerror or error} ({report.records} records delivered)"
            ) from error
        report.seconds = stopwatch() - began
        return report

    def _deliver(
        self, formatter: Formatter, target: Target, report: Report, began: float, watch: Callable[[Report], None]
    ) -> None:
        formatted = ((batch, formatter.lines(batch)) for batch in self._computed())
        with closing(_ahead(formatted)) as ready, self._stopping():
            for batch, lines in ready:
                for start, stop in self.clock.due(batch.due):
                    target.write(lines.slice(start, stop))
                    report.records += stop - start
                    report.reached = int(batch.due[stop - 1])
                    report.late, report.latest = self.clock.late, self.clock.latest
                    report.seconds = stopwatch() - began
                    watch(report)
                if self.clock.stopped.is_set():
                    return

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Let nobody wait for the clock any more once the records are not wanted."""
        try:
            yield
        finally:
            self.clock.stop()

    def _computed(self) -> Iterator[Batch]:
        """Compute the records as far as the clock lets us, up to the end of the run."""
        left = self._options.records
        end = min(NEVER, (_LAST_MOMENT.microseconds - self.clock.start.microseconds) * 1000)
        ends_in_time = self._options.duration is not None and self._options.duration <= end
        if self._options.duration is not None:
            end = min(end, self._options.duration)
        while left != 0 and not self.clock.stopped.is_set():
            moment = self._walk.next_time
            if moment >= end:
                if ends_in_time:
                    return
                raise RunFailed("walking on: the clock would run past the year 9999, or 146 years after the start")
            horizon = self.clock.horizon()
            if moment >= horizon:
                self.clock.wait_for(moment)
                continue
            for batch in self._columns.batches(self._walk.advance(min(end, horizon))):
                taken = batch if left is None else batch.slice(0, min(left, len(batch)))
                left = None if left is None else left - len(taken)
                yield taken
                if left == 0:
                    return


def _pool_problems(document: Document, registry: Registry, world: World) -> list[Problem]:
    return [document.problem(*problem) for problem in make_pools(places(document.data, registry), world)]


def _ahead(items: Iterator[T]) -> Generator[T]:
    """Compute each item on another thread while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
