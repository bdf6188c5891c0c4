"""Everything that is said to the user: progress, warnings, closing lines, on standard error; and no secret."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf

from datagen.delivery.deliver import Report
from datagen.job.options import Options
from datagen.problems import InvalidInput, hidden, listed

_REPORT_LATE = 1_000_000_000  # ns: from here on a live run says that it falls behind
_REPORT_EVERY = 5.0  # seconds
_LONG_STOP = 1.0  # seconds
_SHOW_EVERY = 0.1  # seconds


class Voice:
    """Says things on standard error, and no secret."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def say(self, text: str) -> None:
        """Write a line, with ``…`` in place of what nobody may read."""
        if sys.stderr is None:
            return
        with suppress(OSError):  # nobody listens
            print(hidden(text, self.secrets), file=sys.stderr, flush=True)

    def print(self, text: str) -> None:
        """Write a line to standard output, where results go that are asked for."""
        print(hidden(text, self.secrets), flush=True)

    def refuse(self, error: InvalidInput) -> None:
        """Say all that is wrong."""
        for line in listed(error.problems):
            self.say(line)
        count = len(error.problems)
        self.say(f"{count} problem{'s' if count > 1 else ''} found; nothing was generated")


@contextmanager
def watching(options: Options, voice: Voice, asked: threading.Event) -> Iterator[Callable[[Report], None]]:
    """Show the progress of a bounded run on a terminal; say when it falls behind, or takes long to stop.

    ``asked`` is set once somebody has asked for a stop.
    """
    bounded = options.records if options.records is not None else options.duration
    if bounded is None or sys.stderr is None or not sys.stderr.isatty():
        yield _speaker(voice, asked)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    speak = _speaker(voice, asked)
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=bounded)
        shown = 0.0

        def watch(report: Report) -> None:
            nonlocal shown
            speak(report)
            if report.seconds - shown < _SHOW_EVERY:
                return
            shown = report.seconds
            rate = (report.records - report.before) / report.seconds
            text = f"{report.records:,} records, {_span(report.reached)}, {rate:,.0f} records/s"
            done = report.records if options.records is not None else report.reached
            progress.update(task, completed=done, description=text, refresh=True)

        yield watch


def _speaker(voice: Voice, asked: threading.Event) -> Callable[[Report], None]:
    said = -_REPORT_EVERY
    since: float | None = None  # when a stop was asked for; infinity once that was said

    def watch(report: Report) -> None:
        nonlocal said, since
        if asked.is_set():
            since = report.seconds if since is None else since
            if report.seconds - since > _LONG_STOP:
                since = inf
                voice.say("stopping: waiting for the last records; press Ctrl-C again to quit now")
            return
        if report.late > _REPORT_LATE and report.seconds - said > _REPORT_EVERY:
            said = report.seconds
            voice.say(f"warning: records are {report.late / 1e9:.1f} s late at {report.slowest}")

    return watch


def closing_lines(report: Report, options: Options) -> Iterator[str]:
    """Yield the lines that end a run."""
    clock = "on the system clock" if options.start is None else "simulated"
    rate = (report.records - report.before) / report.seconds if report.seconds else 0
    late = f", up to {report.latest / 1e9:.3f} s late" if options.start is None and report.records else ""
    before = f", continued after {report.before} records" if report.before else ""
    yield (
        f"{report.records} records, {_span(report.reached)} {clock}, {report.seconds:.3f} s, "
        f"{rate:.0f} records/s, seed {options.seed}{late}{before}"
    )
    if any(records != report.records for _, records in report.delivered) or len(report.delivered) > 1:
        for target, records in report.delivered:
            yield f"{records} records delivered to {target}"


def _span(nanoseconds: int) -> str:
    """Write a span of time as ``2d 03:04:05.678``."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours:02}:{minutes:02}:{seconds:02}.{rest // 1_000_000:03}"
    return f"{days}d {text}" if days else text
