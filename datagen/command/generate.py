"""The command ``generator.py``: arguments, exit codes, progress; the only module that prints."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TypeVar

from datagen.clock import Clock, SystemClock
from datagen.delivery.resume import Journal, open_journal
from datagen.engine.run import Options, Report, Run, new_seed
from datagen.job import load_inputs
from datagen.moment import parse_duration, parse_moment
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput, Problem, RunFailed, hidden, show

T = TypeVar("T")

_DONE, _FAILED, _WRONG = 0, 1, 2
_REPORT_LATE = 1_000_000_000  # ns: from here on a live run says that it falls behind
_REPORT_EVERY = 5.0  # seconds
_LONG_STOP = 1.0  # seconds
_SHOW_EVERY = 0.1  # seconds

_EXAMPLES = """\
examples:
  generator.py -c conf/gen/example.json -n 20                          live, on the system clock
  generator.py -c conf/gen/example.json -s 2024-01-01T00:00:00 -n 20   as fast as possible, on a simulated clock
  generator.py -c conf/gen/clickstream.json -s 2024-01-01T00:00:00Z -r 30D -f csv > month.csv
  generator.py -c conf/gen/example.json -t conf/tar/file.json -r 1H --seed 7
  cat conf/gen/example.json | generator.py -n 20
"""


_AUDIT = """\
Compute a run again and read its targets back: print for each how many records are expected, found, missing,
duplicated, out of order, and altered or not of this run. Takes the options of the run. Exit code 1 when any record is
missing or altered.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code."""
    return _exit_code(lambda voice: _generate(_parser().parse_args(arguments), voice))


def tools(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m datagen``, which describes specs; give its exit code."""
    return _exit_code(lambda voice: _describe(_tools_parser().parse_args(arguments), voice), interrupted=_FAILED)


class _Voice:
    """Says things on standard error, and no secret."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def say(self, text: str) -> None:
        """Write a line, with ``…`` in place of what nobody may read."""
        if sys.stderr is None:
            return
        with suppress(OSError):  # nobody listens
            print(hidden(text, self.secrets), file=sys.stderr, flush=True)


def _exit_code(work: Callable[[_Voice], int], interrupted: int = _DONE) -> int:
    voice = _Voice()
    try:
        return work(voice)
    except InvalidInput as error:
        for problem in error.problems:
            voice.say(str(problem))
        count = len(error.problems)
        voice.say(f"{count} problem{'s' if count > 1 else ''} found; nothing was generated")
        return _WRONG
    except RunFailed as error:
        voice.say(str(error))
        return _FAILED
    except MemoryError:
        voice.say("making records: they do not fit into memory; shorten what is long in the spec")
        return _FAILED
    except KeyboardInterrupt:
        return interrupted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="generator.py",
        description="Generate events: workers walk through the states of a JSON spec and emit records.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_run_options(parser)
    add = parser.add_argument
    add("--state", metavar="PLACE", help="directory, or redis:// URL, that keeps where the run stands; to continue it")
    add("--check", action="store_true", help="say what is wrong with spec, target and format; generate nothing")
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which records there are, and where."""
    add = parser.add_argument
    add("-c", "--config", metavar="SPEC", help="spec file; - or nothing: standard input")
    add("-t", "-o", "--target", metavar="TARGET", help="target file; wins over the spec's target")
    add("-f", "-p", "--format", metavar="FORMAT", help="json (default), csv, tsv or a pattern file")
    add(
        "-s", "--start", metavar="TIME", type=_checked(parse_moment), help="simulated clock, from this ISO 8601 time on"
    )
    add("-m", "--max-workers", metavar="N", type=_whole(1), default=100, help="most workers alive at once (100)")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("-n", "--records", metavar="N", type=_whole(0), help="stop after that many records")
    end.add_argument(
        "-r", "--duration", metavar="TIME", type=_checked(parse_duration), help="stop after 30S, 10M, 1H, 2D or PT1H30M"
    )
    add(
        "--seed", metavar="N", type=_whole(None), help="whole number; the same seed, spec and start give the same bytes"
    )
    add("--plugins", metavar="FILE", action="append", default=[], help="Python file with kinds of your own; repeatable")


def _tools_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m datagen", description="Describe specs, for editors and readers; audit runs."
    )
    plugins = argparse.ArgumentParser(add_help=False)
    plugins.add_argument("--plugins", metavar="FILE", action="append", default=[], help="file with kinds of your own")
    add = parser.add_subparsers(dest="command", required=True).add_parser
    add("schema", parents=[plugins], help="print the JSON Schema of a spec")
    docs = add("docs", parents=[plugins], help="write the reference pages")
    docs.add_argument("directory", metavar="DIR", nargs="?", default="docs/reference", help="docs/reference without it")
    prove = add(
        "audit", help="prove that the targets of a run hold its records", description=_AUDIT, allow_abbrev=False
    )
    _add_run_options(prove)
    prove.add_argument("--state", metavar="PLACE", help="where the run kept where it stands: its seed, start and end")
    return parser


def _describe(arguments: argparse.Namespace, voice: _Voice) -> int:
    from datagen.language.reference import pages
    from datagen.language.schema import schema

    try:
        if arguments.command == "audit":
            return _audit(arguments, voice)
        registry = Registry.load(arguments.plugins)
        if arguments.command == "schema":
            print(json.dumps(schema(registry), indent=2), flush=True)
            return _DONE
        os.makedirs(arguments.directory, exist_ok=True)
        for name, text in pages(registry, _parser()).items():
            Path(arguments.directory, name).write_text(text, encoding="utf-8", newline="\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has no reader
    except OSError as error:
        raise RunFailed(f"writing {error.filename or 'standard output'}: {error.strerror}") from error
    return _DONE


def _audit(arguments: argparse.Namespace, voice: _Voice) -> int:
    from datagen.delivery.audit import Finding, audit

    inputs = load_inputs(arguments, os.environ, voice.secrets)
    whole = True
    with _journal(arguments, there=True) as journal:
        options, known = _options(arguments), None if journal is None else journal.run
        if known is not None:
            seed = known["seed"] if options.seed is None else options.seed
            options = replace(options, seed=seed, start=options.start or parse_moment(known["start"]))
            records, duration = known["end"] or (options.records, options.duration)
            options = replace(options, records=records, duration=duration)
        bounded = options.records is not None or options.duration is not None
        wanted = {"--seed": options.seed, "-s": options.start, "-n or -r": bounded or known or None}
        missing = [name for name, value in wanted.items() if value is None]
        if missing:
            text = f"an audit needs {', '.join(missing)} of the run that it proves, or its --state"
            raise InvalidInput([Problem(text)])
        run, lanes, identity = inputs.prepare(options, lambda text: None)
        if journal is not None and known is not None:
            journal.check(identity | {"clock": known["clock"]})
        limits = [None] * len(lanes) if bounded or journal is None else journal.counts(len(lanes))
        for finding in audit(run, lanes, limits):
            whole = whole and isinstance(finding, Finding) and not finding.missing
            if isinstance(finding, Finding):
                print(hidden(str(finding), voice.secrets), flush=True)
            else:
                voice.say(str(finding))
    return _DONE if whole else _FAILED


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    def parsed(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


def _whole(least: int | None) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        try:
            number = int(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"must be a whole number, found {show(text)}") from error
        if least is not None and number < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more, found {number}")
        return number

    return parsed


def _generate(arguments: argparse.Namespace, voice: _Voice) -> int:
    inputs = load_inputs(arguments, os.environ, voice.secrets)
    for warning in inputs.loaded.warnings:
        voice.say(f"warning: {warning}")
    if arguments.check:
        inputs.prepare(replace(_options(arguments), records=0, seed=arguments.seed or 0), voice.say)
        voice.say("spec, target and format are valid")
        return _DONE
    with _journal(arguments) as journal:
        options, clock = _resumed(_options(arguments), journal)
        run, lanes, identity = inputs.prepare(options, voice.say, clock)
        if journal is not None:
            journal.begin(identity, lanes)
        with _stopping(run) as asked, _watching(options, voice, asked) as watch:
            report = run.deliver(lanes, watch, journal)
    for line in _closing_lines(report, options):
        voice.say(line)
    return _DONE


def _options(arguments: argparse.Namespace) -> Options:
    return Options(arguments.start, arguments.max_workers, arguments.records, arguments.duration, arguments.seed)


@contextmanager
def _journal(arguments: argparse.Namespace, *, there: bool = False) -> Iterator[Journal | None]:
    """Open the state that the command names, if it does."""
    if arguments.state is None:
        yield None
        return
    with closing(open_journal(arguments.state, there=there)) as journal:
        yield journal


def _resumed(options: Options, journal: Journal | None) -> tuple[Options, Clock | None]:
    """Choose what the command leaves open, as the run did that is continued, if there is one."""
    known = None if journal is None else journal.run
    if known is None:
        return (options if options.seed is not None else replace(options, seed=new_seed())), None
    if options.seed is None:
        options = replace(options, seed=known["seed"])
    if options.start is not None:
        return options, None
    start = parse_moment(known["start"])
    return (options, SystemClock(start)) if known["clock"] == "system" else (replace(options, start=start), None)


@contextmanager
def _stopping(run: Run) -> Iterator[threading.Event]:
    """Let the first SIGINT or SIGTERM end the run at a record boundary, and a second one end it at once.

    Give an event that is set by the first one.
    """
    asked = threading.Event()

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        threading.Thread(target=end).start()  # the thread that is interrupted may hold what a stop needs

    def end() -> None:
        asked.set()
        run.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watching(options: Options, voice: _Voice, asked: threading.Event) -> Iterator[Callable[[Report], None]]:
    """Show the progress of a bounded run on a terminal; say when it falls behind, or takes long to stop."""
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


def _speaker(voice: _Voice, asked: threading.Event) -> Callable[[Report], None]:
    said = -_REPORT_EVERY
    since: float | None = None  # when a stop was asked for; infinity once that was said

    def watch(report: Report) -> None:
        nonlocal said, since
        if asked.is_set():
            since = report.seconds if since is None else since
            if report.seconds - since > _LONG_STOP:
                since = inf
                voice.say("stopping: the last records are on their way; Ctrl-C once more ends at once")
            return
        if report.late > _REPORT_LATE and report.seconds - said > _REPORT_EVERY:
            said = report.seconds
            voice.say(f"warning: records are {report.late / 1e9:.1f} s late at {report.slowest}")

    return watch


def _closing_lines(report: Report, options: Options) -> Iterator[str]:
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
