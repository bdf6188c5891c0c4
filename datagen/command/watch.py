"""What is said of a run while it goes on, and at its end: progress, status, warnings, closing lines."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from math import inf
from typing import Any

from datagen.clock import stopwatch
from datagen.command.signals import Signals
from datagen.command.voice import Voice
from datagen.delivery.deliver import Report
from datagen.job.job import Job
from datagen.job.limit import Limit, Limits
from datagen.job.options import Options
from datagen.moment import Moment
from datagen.plugin.arrival import Unreadable
from datagen.problems import counted, show
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
        self._started = verbose or _is_long(job.options, job.run.clock.start)
        self._stop_since: float | None = None  # infinity once it was said that the stop takes long
        self._late_said = -inf
        self._limit_was_said = self._skip_was_said = False
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
        if report.skipped and not self._skip_was_said:
            self._skip_was_said = True
            self._warn(f"records are skipped, the first for: {report.skipped_for}")
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
        pace = "simulated" if options.is_simulated else "history and then live" if options.then_live else "live"
        pace = pace if options.speed is None else f"at speed {options.speed:g}"
        targets = ", ".join(str(lane.target) for lane in self._job.lanes)
        self._voice.say(
            f"datagen {VERSION}: {pace} from {start}, seed {options.seed}, to {targets}",
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


def _is_long(options: Options, start: Moment) -> bool:
    """Return whether a run is known to be long before it begins."""
    span = options.span(start)
    if span is not None:
        return not options.is_simulated and span / (options.speed or 1) >= _LONG_LIVE
    return not options.is_bounded


@contextmanager
def progress(records: int | None, span: int | None) -> Iterator[Show]:
    """Show on a terminal how far a run is that ends after so many records or ns."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=span if records is None else records)

        def show(report: Report) -> None:
            if not report.seconds:
                return
            text = (
                f"{report.records:,} records, {_span(report.reached)}, {_rate(report, report.seconds):,.0f} records/s"
            )
            done = report.reached if records is None else report.records
            bar.update(task, completed=done, description=text, refresh=True)

        yield show


def say_end(
    report: Report, options: Options, limit: Limit | Limits, voice: Voice, libraries: Sequence[str] = ()
) -> None:
    """Say the lines that end a run, which depends on the data of some libraries."""
    cut = limit.summary(report.held)
    if cut:
        voice.say(f"warning: {cut}", held_spawns=report.held.spawns, held_seconds=report.held.nanoseconds / 1e9)
    late = f", up to {report.latest / 1e9:.3f} s late" if not options.is_simulated and report.records else ""
    before = f", continued after {counted(report.before, 'record')}" if report.before else ""
    before += ": nothing was left to do" if report.before == report.records > 0 else ""
    text = f"{_counts(report, options, report.seconds)}, seed {options.seed}{_times(options)}{late}{before}"
    text += _refused(report) + _stuck(report) + _skipped(report) + "".join(f", {library}" for library in libraries)
    figures = _figures(report, report.seconds)
    if report.refused:
        figures["refused"] = [asdict(source) for source in report.refused]
    if report.stuck:
        figures["stuck"] = dict(report.stuck)
    if report.skipped:
        figures |= {"skipped": report.skipped, "skipped_for": report.skipped_for}
    if libraries:
        figures["libraries"] = list(libraries)
    voice.say(text, seed=options.seed, **figures)
    if any(records != report.records for _, records in report.delivered) or len(report.delivered) > 1:
        for target, records in report.delivered:
            voice.say(f"{counted(records, 'record')} delivered to {target}", target=target, records=records)


def _counts(report: Report, options: Options, seconds: float) -> str:
    clock = "simulated" if options.is_simulated else "on the system clock"
    clock = clock if options.speed is None else f"at speed {options.speed:g}"
    rate = (
        f", {_rate(report, seconds):.{_rate(report, seconds) < 10:d}f} records/s" if seconds >= _MEANS_NOTHING else ""
    )
    history = f" ({_history(report)} of them history)" if options.then_live else ""
    size = "" if report.bytes is None else f", {counted(report.bytes, 'byte')} as JSON"
    span = f"{_span(report.reached)} {clock}"
    return f"{counted(report.records, 'record')}{history}, {span}, {seconds:.3f} s{rate}{size}"


def _history(report: Report) -> int:
    """Return how many of the records had come before the run reached the present."""
    return report.records if report.history is None else min(report.history, report.records)


def _times(options: Options) -> str:
    """Return the times that were said in relation to now, for whoever wants the same again."""
    said = (("from", options.start), ("until", options.until))
    return "".join(f", {word} {when.moment.text}" for word, when in said if when and when.is_relative and when.moment)


def _refused(report: Report) -> str:
    """Return who was dropped, turned away or left out, by source."""
    found = []
    for refused in report.refused:
        source = f" of source {show(refused.source)}" if refused.source else ""
        counts = (("dropped", refused.dropped), ("turned away", refused.turned_away))
        found += [f", {counted(count, 'worker')}{source} {what}" for what, count in counts if count]
        if refused.left_out:
            found.append(f", {counted(refused.left_out, 'time')}{source} before the start left out")
        if refused.unreadable is not None:
            found.append(f", {_unreadable(refused.unreadable, source)}")
    return "".join(found)


def _stuck(report: Report) -> str:
    """Return how many workers stopped since no transition was left, by state."""
    found = (
        f", {counted(count, 'worker')} stopped in state {show(name)}: no transition was left"
        for name, count in report.stuck
    )
    return "".join(found)


def _skipped(report: Report) -> str:
    """Return how many records were left out, and why the first was."""
    return (
        f", {counted(report.skipped, 'record')} skipped, the first for: {report.skipped_for}" if report.skipped else ""
    )


def _unreadable(left_out: Unreadable, source: str) -> str:
    numbers = ", ".join(map(str, left_out.first)) + (", …" if left_out.count > len(left_out.first) else "")
    return f"{counted(left_out.count, left_out.unit)}{source} without a time that can be read left out: {numbers}"


def _figures(report: Report, seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"records": report.records, "simulated_seconds": report.reached / 1e9}
    figures |= {"seconds": round(seconds, 3)} | ({} if report.bytes is None else {"bytes": report.bytes})
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
