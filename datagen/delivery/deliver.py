"""Delivery: the loop from a run to the lanes of its targets, its end, and the report on it.

The next batches are computed and formatted, by all threads of the run's crew, while this one is written on the thread
of its lane.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.clock import NEVER, stopwatch
from datagen.delivery.lane import Lane
from datagen.delivery.resume import Journal
from datagen.delivery.sender import unmade
from datagen.engine.run import Run
from datagen.engine.walked import Held, Refused
from datagen.plugin.model import place_in_source
from datagen.plugin.target import ReaderGone, Undelivered
from datagen.problems import RunFailed, counted, hidden, reason
from datagen.records.batch import Batch


@dataclass(frozen=True)
class Report:
    """What a run has delivered so far."""

    records: int = 0  # records of the run that every target has finished with
    before: int = 0  # records that were delivered before this process
    reached: int = 0  # ns since the start: the time of the last record
    seconds: float = 0.0
    bytes: int | None = None  # of the records that were made, as lines of compact JSON; None when nobody counts them
    history: int | None = None  # records that had come before a run reached the present; None until it does
    late: int = 0  # ns: how late the records are that are being written
    slowest: str = ""  # the target where they are
    latest: int = 0  # ns: the most that any was late
    held: Held = field(default_factory=Held)  # what the limit of workers has held back
    refused: tuple[Refused, ...] = ()  # workers who were dropped, turned away or left out, by source
    stuck: tuple[tuple[str, int], ...] = ()  # states in which workers stopped with no transition left, and how many
    skipped: int = 0  # records that were left out, since something has failed for them
    skipped_for: str = ""  # why the first was
    delivered: tuple[tuple[str, int], ...] = ()  # targets, and the records each has acknowledged


Watch = Callable[[Report], None]


class Delivery:
    """Leads the records of a run to its lanes."""

    def __init__(
        self,
        run: Run,
        lanes: Sequence[Lane],
        watch: Watch,
        journal: Journal | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        """Take what to call from time to time with a report, a journal for a run that can be continued, and texts that
        no message may show.
        """
        self.report = Report()
        self._run = run
        self._lanes = lanes
        self._watch = watch
        self._watch_error: Exception | None = None  # the first that it raised; then it is called no more
        self._journal = journal
        self._secrets = secrets
        self._began = stopwatch()

    def deliver(self) -> Report:
        """Lead all records to the targets; with a journal, from where it says on.

        Raises RunFailed when records can't be made or delivered; the message says how many were. What ``watch`` raises
        ends the run at a record boundary and is raised then.
        """
        self._began = stopwatch()
        self._restore()
        before = min((lane.sender.standing.passed for lane in self._lanes), default=0)
        self.report = Report(before=before)
        error: Exception | None = None
        for lane in self._lanes:
            lane.start()
        try:
            self._fill()
        except Exception as raised:  # the lanes end first, with all that was made before
            error = raised
            self._run.stop()
        for lane in self._lanes:
            lane.sender.end(self._look)
        for lane in self._lanes:
            lane.sender.join(self._look)
        self._look()
        self._raise_failure(error)
        if self._watch_error is not None:
            raise self._watch_error
        return self.report

    def _fill(self) -> None:
        """Compute the run and hand it to the lanes."""
        run, journal = self._run, self._journal
        ticking = any(lane.encoder.has_stages for lane in self._lanes)
        for window in run.windows(ticking, holds=_never if journal is None else journal.is_due):
            for batch in window.batches:
                self._hand_over(batch, int(batch.due[-1]))
            if ticking:
                self._hand_over(Batch.empty(), window.until)
            if journal is not None and run.is_between_windows:
                journal.offer(self._snapshot)
            self._look()
        if journal is None or not run.clock.stopped.is_set():
            self._hand_over(Batch.empty(), NEVER)

    def _hand_over(self, batch: Batch, until: int) -> None:
        for lane in self._lanes:
            lane.take(batch, until, self._run.emitted, self._look)

    def _look(self) -> None:
        """Bring the report up to date and show it."""
        self.report = self.reported()
        if self._watch_error is None:
            try:
                self._watch(self.report)
            except Exception as error:  # the caller's code may raise anything
                self._watch_error = error
                self._run.stop()

    def reported(self) -> Report:
        """Return a report of now. May be called by any thread."""
        standings = [lane.sender.standing for lane in self._lanes]
        slowest = max(self._lanes, key=lambda lane: lane.sender.lag)
        late = max(slowest.sender.lag, self._run.clock.late)
        return Report(
            records=min(standing.passed for standing in standings),
            before=self.report.before,
            reached=max(standing.reached for standing in standings),
            seconds=stopwatch() - self._began,
            bytes=self._run.bytes,
            history=self._run.history,
            late=late,
            slowest=hidden(str(slowest.target), self._secrets),
            latest=max(self.report.latest, late, self._run.clock.latest),
            held=self._run.held,
            refused=self._run.refused,
            stuck=self._run.stuck,
            skipped=self._run.skipped,
            skipped_for=hidden(self._run.skipped_for, self._secrets),
            delivered=tuple((hidden(str(lane.target), self._secrets), lane.delivered) for lane in self._lanes),
        )

    def _snapshot(self) -> dict[str, Any]:
        return self._run.snapshot() | {"lanes": [lane.encoder.snapshot() for lane in self._lanes]}

    def _restore(self) -> None:
        kept = None if self._journal is None else self._journal.snapshot
        if kept is not None:
            self._run.restore(kept)
            for lane, of_lane in zip(self._lanes, kept["lanes"], strict=True):
                lane.encoder.restore(of_lane)

    def _raise_failure(self, error: Exception | None) -> None:
        """Say what failed, if anything did, and what each target has; a reader who has gone away is no failure."""
        lanes = self._lanes
        failures: list[tuple[str, BaseException]] = []
        for raised in (error, *(lane.sender.error for lane in lanes)):
            if isinstance(raised, MemoryError):
                raise raised
        if error is not None:
            failures.append((str(unmade(error)), error))
        elif all(isinstance(lane.sender.error, ReaderGone) for lane in lanes):
            return
        failures += [(_failure(lane, lane.sender.error), lane.sender.error) for lane in lanes if lane.sender.error]
        if failures:
            counts = "; ".join(f"{counted(lane.delivered, 'record')} delivered to {lane.target}" for lane in lanes)
            if len(lanes) == 1:
                counts = f"{counted(lanes[0].delivered, 'record')} delivered"
            text = f"{'; '.join(text for text, _ in failures)} ({counts})"
            raise RunFailed(hidden(text, self._secrets)) from failures[0][1]


def _never() -> bool:
    return False


def _failure(lane: Lane, error: BaseException) -> str:
    """Say what a lane failed at; no secret is part of it."""
    if isinstance(error, RunFailed):
        text = str(error)
    else:
        expected = isinstance(error, OSError | Undelivered | ReaderGone)
        kind = "" if expected else f"{type(error).__name__}: "
        text = f"writing to {lane.target}: {kind}{reason(error)}{'' if expected else place_in_source(error)}"
    return hidden(text, lane.target.secrets())
