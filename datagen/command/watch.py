"""What is said of a run while it goes on, and at its end: progress, status, warnings, closing lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from datagen.clock import stopwatch
from datagen.command.signals import Signals
from datagen.command.voice import Voice
from datagen.delivery.deliver import Report
from datagen.job.job import Job
from datagen.job.limit import Limit
from datagen.job.options import Options
from datagen.problems import counted
from datagen.version import VERSION

_REPORT_LATE = 1_000_000_000  # ns: from here on a live run says that it falls behind
_REPORT_EVERY = 5.0  # seconds
_LONG_STOP = 1.0  # seconds
_LONG_RUN = 10.0  # seconds: from here on a run that should end soon is long
_LONG_LIVE = 60_000_000_000  # ns: a live run of this duration is known to be long
_STATUS_EVERY = 60.0  # seconds
_STATUS_EVERY_VERBOSE = 10.0  # seconds
_MEANS_NOTHING = 1.0  # seconds: the rate of a run that is shorter is that of its start

Show = Callable[[Report], None]


class Watch:
    """Says how a run is doing, whenever it looks at it."""

    def __init__(self, job: Job, voice: Voice, signals: Signals, *, quiet: bool, verbose: bool) -> None:
        self._job = job
        self._signals = signals
        self._voice = voice
        self._is_shown = not quiet and (verbose or not on_terminal())
        self._every = _STATUS_EVERY_VERBOSE if verbose else _STATUS_EVERY
        self._began = stopwatch()
        self._started = verbose or _is_long(job.options)
        self._stop_since: float | None = None  # infinity once it was said that the stop takes long
        self._late_said = -inf
        self._limit_was_said = False
        self._next_status = self._every
        if self._is_shown and self._started:
            self._say_start()

    def look(self, report: Report) -> None:
        """Say what there is to say now."""
        seconds = stopwatch() - self._began
        if self._is_shown and not self._started and seconds > _LONG_RUN:
            self._started = True
            self._say_start()
        if self._signals.asked_for_status or (self._is_shown and seconds > self._next_status):
            self._signals.asked_for_status = False
            self._next_status = seconds + self._every
            self._voice.say(f"so far {_counts(report, self._job.options, seconds)}", **_figures(report, seconds))
        if report.held.spawns and not self._limit_was_said:
            self._limit_was_said = True
            self._warn(self._job.limit.warning())
        if self._signals.asked_to_stop:
            self._say_long_stop(seconds)
        elif report.late > _REPORT_LATE and seconds - self._late_said > _REPORT_EVERY:
            self._late_said = seconds
            self._warn(f"records are {report.late / 1e9:.1f} s late at {report.slowest}")

    def _warn(self, text: str | None) -> None:
        if text:
            self._voice.say(f"warning: {text}")

    def _say_start(self) -> None:
        options = self._job.options
        start = self._job.run.clock.start.text
        clock = f"live from {start}" if options.start is None else f"simulated from {start}"
        targets = ", ".join(str(lane.target) for lane in self._job.lanes)
        self._voice.say(
            f"datagen {VERSION}: {clock}, seed {options.seed}, to {targets}",
            seed=options.seed,
            start=start,
        )

    def _say_long_stop(self, seconds: float) -> None:
        self._stop_since = seconds if self._stop_since is None else self._stop_since
        if seconds - self._stop_since > _LONG_STOP:
            self._stop_since = inf
            self._voice.say("stopping: waiting for the last records; press Ctrl-C again to quit now")


def on_terminal() -> bool:
    """Return whether somebody may look at what is said."""
    return sys.stderr is not None and sys.stderr.isatty()


def _is_long(options: Options) -> bool:
    """Return whether a run is known to be long before it begins."""
    if options.duration is not None:
        return options.start is None and options.duration >= _LONG_LIVE
    return options.records is None


@contextmanager
def progress(options: Options) -> Iterator[Show]:
    """Show on a terminal how far a bounded run is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bounded = options.records if options.records is not None else options.duration
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=bounded)

        def show(report: Report) -> None:
            if not report.seconds:
                return
            text = (
                f"{report.records:,} records, {_span(report.reached)}, {_rate(report, report.seconds):,.0f} records/s"
            )
            done = report.records if options.records is not None else report.reached
            bar.update(task, completed=done, description=text, refresh=True)

        yield show


def say_end(report: Report, options: Options, limit: Limit, voice: Voice) -> None:
    """Say the lines that end a run."""
    cut = limit.summary(report.held)
    if cut:
        voice.say(f"warning: {cut}", held_spawns=report.held.spawns, held_seconds=report.held.nanoseconds / 1e9)
    late = f", up to {report.latest / 1e9:.3f} s late" if options.start is None and report.records else ""
    before = f", continued after {counted(report.before, 'record')}" if report.before else ""
    before += ": nothing was left to do" if report.before == report.records > 0 else ""
    text = f"{_counts(report, options, report.seconds)}, seed {options.seed}{late}{before}"
    voice.say(text, seed=options.seed, **_figures(report, report.seconds))
    if any(records != report.records for _, records in report.delivered) or len(report.delivered) > 1:
        for target, records in report.delivered:
            voice.say(f"{counted(records, 'record')} delivered to {target}", target=target, records=records)


def _counts(report: Report, options: Options, seconds: float) -> str:
    clock = "on the system clock" if options.start is None else "simulated"
    rate = (
        f", {_rate(report, seconds):.{_rate(report, seconds) < 10:d}f} records/s" if seconds >= _MEANS_NOTHING else ""
    )
    return f"{counted(report.records, 'record')}, {_span(report.reached)} {clock}, {seconds:.3f} s{rate}"


def _figures(report: Report, seconds: float) -> dict[str, Any]:
    figures = {"records": report.records, "simulated_seconds": report.reached / 1e9, "seconds": round(seconds, 3)}
    return figures if seconds < _MEANS_NOTHING else figures | {"records_per_second": round(_rate(report, seconds))}


def _rate(report: Report, seconds: float) -> float:
    return (report.records - report.before) / seconds


def _span(nanoseconds: int) -> str:
    """Write a span of time as ``2d 03:04:05.678``."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours:02}:{minutes:02}:{seconds:02}.{rest // 1_000_000:03}"
    return f"{days}d {text}" if days else text
