"""The command ``generator.py``: its arguments, its signals, its exit codes."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from datagen.command.voice import Voice, closing_lines, watching
from datagen.job.job import Job, check, prepare
from datagen.job.options import Options
from datagen.job.request import Request
from datagen.language.document import Document, parse_json
from datagen.plugin.model import place_in_source
from datagen.problems import InvalidInput, Problem, RunFailed, listed

DONE, FAILED, WRONG = 0, 1, 2
OPTIONS = {"start": "-s", "max_workers": "-m", "records": "-n", "duration": "-r", "seed": "--seed"}

_EXAMPLES = """\
examples:
  generator.py -c conf/gen/example.json -n 20                          live, on the system clock
  generator.py -c conf/gen/example.json -s 2024-01-01T00:00:00 -n 20   as fast as possible, on a simulated clock
  generator.py -c conf/gen/clickstream.json -s 2024-01-01T00:00:00Z -r 30D -f csv > month.csv
  generator.py -c conf/gen/example.json -t conf/tar/file.json -r 1H --seed 7
  cat conf/gen/example.json | generator.py -n 20
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return exit_code(lambda voice: _generate(parser().parse_args(arguments), voice))


def exit_code(work: Callable[[Voice], int], interrupted: int = DONE) -> int:
    """Do something, say what went wrong, and return the exit code."""
    voice = Voice()
    try:
        return work(voice)
    except InvalidInput as error:
        voice.refuse(error)
        return WRONG
    except RunFailed as error:
        voice.say(str(error))
        return FAILED
    except MemoryError:
        voice.say("making records: they do not fit into memory; shorten what is long in the spec")
        return FAILED
    except KeyboardInterrupt:
        return interrupted
    except Exception as error:
        where = place_in_source(error)
        if not where:
            raise
        voice.say(f"a plug-in failed: {type(error).__name__}: {error}{where}")
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    made = argparse.ArgumentParser(
        prog="generator.py",
        description="Generate events: workers walk through the states of a JSON spec and emit records.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_run_options(made)
    add = made.add_argument
    add(
        "--state",
        metavar="PLACE",
        help="directory or redis:// URL to save progress in, to continue from",
    )
    add("--check", action="store_true", help="say what is wrong with spec, target and format; generate nothing")
    add("--connect", action="store_true", help="check as --check does, and try to reach the targets too")
    return made


def add_run_options(made: argparse.ArgumentParser) -> None:
    """Add the options that say which records there are, and where. Their values are checked by ``Options``."""
    add = made.add_argument
    add("-c", "--config", metavar="SPEC", help="spec file; - or nothing: standard input")
    add("-t", "-o", "--target", metavar="TARGET", help="target file; wins over the spec's target")
    add("-f", "-p", "--format", metavar="FORMAT", help="json (default), csv, tsv or a pattern file")
    add("-s", "--start", metavar="TIME", help="simulated clock, from this ISO 8601 time on")
    add("-m", "--max-workers", metavar="N", help="maximum number of workers alive at once (default 100)")
    add("-n", "--records", metavar="N", help="stop after that many records")
    add("-r", "--duration", metavar="TIME", help="stop after 30S, 10M, 1H, 2D or PT1H30M")
    add("--seed", metavar="N", help="whole number; the same seed, spec and start give the same bytes")
    add("--plugins", metavar="FILE", action="append", default=[], help="Python file with kinds of your own; repeatable")


def request_of(arguments: argparse.Namespace) -> Request:
    """Make a request of the arguments, with the environment of the process.

    Raises InvalidInput when an option is wrong or there is no spec.
    """
    problems: list[Problem] = []
    options, spec = Options(), arguments.config
    try:
        options = Options.of(vars(arguments), OPTIONS)
    except InvalidInput as error:
        problems += error.problems
    try:
        if spec is None or spec == "-":
            spec = _standard_input(spec)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return Request(
        spec=spec,
        target=arguments.target,
        format=arguments.format,
        options=options,
        environment=os.environ,
        plugins=arguments.plugins,
        state=arguments.state,
        reads=["/dev/stdin"] if isinstance(spec, Document) else [],
    )


def _standard_input(named: str | None) -> Document:
    if sys.stdin is None or (named is None and sys.stdin.isatty()):
        raise InvalidInput([Problem("no spec: give one with -c, or on standard input")])
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput([Problem(f"is not UTF-8 text (byte {error.start})", "standard input")]) from error
    return parse_json(text, "standard input")


def _generate(arguments: argparse.Namespace, voice: Voice) -> int:
    request = request_of(arguments)
    if arguments.check or arguments.connect:
        inputs = check(request, connect=arguments.connect)
        for warning in listed(inputs.loaded.warnings):
            voice.say(f"warning: {warning}")
        voice.say("spec, target and format are valid")
        return DONE
    with closing(prepare(request, voice.say)) as job:
        voice.secrets += job.inputs.secrets
        for warning in listed(job.inputs.loaded.warnings):
            voice.say(f"warning: {warning}")
        with _stopping(job) as asked, watching(job.options, voice, asked) as watch:
            report = job.start(watch).wait()
    for line in closing_lines(report, job.options):
        voice.say(line)
    return DONE


@contextmanager
def _stopping(job: Job) -> Iterator[threading.Event]:
    """Let the first SIGINT or SIGTERM end the run at a record boundary, and a second one end it at once.

    Yield an event that is set by the first one.
    """
    asked = threading.Event()

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        threading.Thread(target=end).start()  # the thread that is interrupted may hold what a stop needs

    def end() -> None:
        asked.set()
        job.run.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
