"""The arguments of the command: its sub-commands, their options, and the request that they make."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from datagen.job.options import Options
from datagen.job.request import Request
from datagen.language.document import Document
from datagen.language.syntax import parse as parse_text
from datagen.problems import InvalidInput, Problem, did_you_mean
from datagen.version import VERSION

OPTIONS = {
    "start": "-s",
    "max_workers": "-m",
    "rate": "--rate",
    "volume": "--volume",
    "records": "-n",
    "duration": "-r",
    "until": "--until",
    "bytes": "--bytes",
    "timezone": "--timezone",
    "warm_up": "--warm-up",
    "then_live": "--then-live",
    "speed": "--speed",
    "seed": "--seed",
    "threads": "--threads",
}

LANGUAGES = ("arrow", "avro", "json", "protobuf", "sql")  # of schemas; to load all that prints them takes 0.1 s
_TIMES = ("-s", "--start", "--until")
_BEFORE = re.compile(r"-[0-9P]")

_COMMANDS = {
    "run": "Generate events: workers walk through the states of a spec and emit records.",
    "check": "Say what is wrong with a spec, a target and a format, and what is odd; generate nothing.",
    "explain": "Say what a run would make, without running it: records and bytes a second, by hour over a week, what "
    "workers do and how many are alive, what the limit costs, and the size of the run. Takes the options of the run.",
    "schema": "Print the JSON Schema of a spec or of a target file, for editors.",
    "types": "Print the dimensions of each emitter's records with their Arrow types, or with --as the schema that the "
    "formats of that name have of them: avro, protobuf, json (JSON Schema), sql (a table of PostgreSQL), arrow.",
    "docs": "Write the reference pages, with the kinds of your plug-ins, into a directory.",
    "plot": "Draw a page of a spec: when workers arrive, how they move, how many are alive, some lives, and the values "
    "of every field, each as one seeded run has it and as theory expects it. The page needs no network.",
    "audit": "Compute a run again and read its targets back. For each, print how many records are expected, found, "
    "missing, duplicated, out of order, and altered or not of this run. Takes the options of the run. "
    "The exit code is 1 when a record is missing or altered in any target that can be read back, or when none can.",
}
_EXAMPLES = """\
other commands:
  datagen check SPEC      say what is wrong with a spec; generate nothing
  datagen explain SPEC    say what a run would make
  datagen schema          print the JSON Schema of specs, or with --target of target files
  datagen types SPEC      print the dimensions of the records with their types
  datagen docs DIR        write the reference pages
  datagen plot SPEC       draw a page of a spec: arrivals, states, values
  datagen audit SPEC      prove that the targets of a run hold its records
Each has its own --help. "python -m datagen" and "python generator.py" are the same as "datagen".

examples:
  datagen conf/gen/example.json -n 20                          live, on the system clock
  datagen conf/gen/example.json -s 2024-01-01T00:00:00 -n 20   as fast as possible, on a simulated clock
  datagen conf/gen/clickstream.json -s 2024-01-01T00:00:00Z -r 30D -f csv > month.csv
  datagen conf/gen/clickstream.json -s now-7D@D --until now -f csv > week.csv
  datagen conf/gen/clickstream.json -s -30D --then-live        a month of history, then live
  datagen conf/gen/example.json -t conf/tar/file.json -r 1H --seed 7
  cat conf/gen/example.json | datagen -n 20
"""


class Parser(argparse.ArgumentParser):
    """A parser that refuses as a spec is refused: with what is wrong, and nothing else."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInput([Problem(f"{message}; see {self.prog} --help")])


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command that the first argument names, ``run`` if it names none, and its ``command``.

    Raises InvalidInput when they are none of the command's.
    """
    named = bool(arguments) and arguments[0] in _COMMANDS
    command = arguments[0] if named else "run"
    parser = parsers()[command]
    given = list(arguments[1:] if named else arguments)
    end = given.index("--") if "--" in given else len(given)  # what comes behind it is no option
    parsed, rest = parser.parse_known_args(_with_times(given[:end]))
    parsed.command = command
    known = [name for action in parser._actions for name in action.option_strings]
    unknown = [argument.partition("=")[0] for argument in rest if argument.startswith("-") and argument != "-"]
    if unknown:
        raise InvalidInput([Problem(f"unknown option {name}{_nearest(name, known)}") for name in unknown])
    _take_spec(parsed, [*rest, *given[end + 1 :]])
    return parsed


def _with_times(given: list[str]) -> list[str]:
    """Tie times that begin with a minus, such as ``-30D``, to their options, or they would be taken for options."""
    tied: list[str] = []
    for argument in given:
        if tied and tied[-1] in _TIMES and _BEFORE.match(argument):
            tied[-1] += f"={argument}"
        else:
            tied.append(argument)
    return tied


def _nearest(name: str, known: list[str]) -> str:
    begun = [each for each in known if each.startswith(name)]
    if len(begun) == 1:
        return f"; did you mean {begun[0]}?"
    near = did_you_mean(name, known)
    return near.replace('"', "") if "did you mean" in near else ""


def _take_spec(parsed: argparse.Namespace, rest: list[str]) -> None:
    """Take what is no option as the spec; argparse itself would want it in front of the options, or behind them."""
    takes = "config" in parsed
    if takes and parsed.config is None and rest:
        parsed.config = rest.pop(0)
    if rest and takes and not os.path.exists(parsed.config or ""):
        raise InvalidInput([Problem(_no_such(str(parsed.config)), str(parsed.config))])
    if rest:
        text = "the spec is given already" if takes else "is not expected here"
        raise InvalidInput([Problem(text, argument) for argument in rest])


def _no_such(name: str) -> str:
    if name in _COMMANDS:
        return "is a command, which comes first"
    return f"there is neither a command nor a file like this{_nearest(name, list(_COMMANDS))}"


def parsers() -> dict[str, Parser]:
    """Return the parser of each sub-command, by its name."""
    made = {name: _parser(name) for name in _COMMANDS}
    for name in ("run", "check", "explain", "plot", "types", "audit"):
        _add_spec(made[name])
    for name in ("run", "check", "explain", "audit"):
        _add_run(made[name])
    made["run"].epilog = _EXAMPLES
    _add_generating(made["run"])
    made["check"].add_argument("--connect", action="store_true", help="try to reach the targets too")
    made["explain"].add_argument("--json", action="store_true", help="print JSON, for programs")
    made["types"].add_argument(
        "--as", dest="language", choices=LANGUAGES, help="print one schema of all records in this language instead"
    )
    made["types"].add_argument("--emitter", metavar="NAME", help="of the records of this emitter only")
    made["schema"].add_argument("--target", action="store_true", help="of a target file instead of a spec")
    _add_plot(made["plot"])
    made["docs"].add_argument("directory", metavar="DIR", help="where to write them; it is made if it is not there")
    made["audit"].add_argument("--strict", action="store_true", help="fail too when a target can't be read back")
    made["audit"].add_argument(
        "--state", metavar="DIR", help="directory where the run saved its progress, with seed and start"
    )
    for parser in made.values():
        parser.add_argument(
            "--log",
            choices=["text", "json"],
            default="text",
            help="what standard error says is text (default) or JSON",
        )
        parser.add_argument("--plugins", metavar="FILE", action="append", default=[], help="file with your own kinds")
    return made


def _parser(name: str) -> Parser:
    operands = {"docs": " DIR", "schema": ""}.get(name, " [SPEC]")
    return Parser(
        prog=f"datagen {name}",
        usage=f"datagen {'[run]' if name == 'run' else name}{operands} [options]",
        description=_COMMANDS[name],
        formatter_class=argparse.RawDescriptionHelpFormatter if name == "run" else argparse.HelpFormatter,
        allow_abbrev=False,
    )


def _add_spec(parser: Parser) -> None:
    parser.add_argument(
        "-c", "--config", metavar="SPEC", help="spec file, also without -c; - or nothing: standard input"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="value of a parameter of the spec, or as POPULATION.NAME of a population; repeatable",
    )
    parser.add_argument(
        "--only", metavar="NAME", action="append", default=[], help="run this population alone, of several; repeatable"
    )


def _add_run(parser: Parser) -> None:
    """Add the options that say which records there are, and where. Their values are checked by ``Options``."""
    add = parser.add_argument
    add("-t", "-o", "--target", metavar="TARGET", help="target file; wins over the spec's target")
    add("-f", "-p", "--format", metavar="FORMAT", help="name of a format, json without it, or a pattern file")
    add("-s", "--start", metavar="TIME", help="simulated clock from then on: ISO 8601, now, today, -7D, now-1D@H")
    add(
        "--then-live",
        action="store_true",
        help="with -s: what lies in the past comes at once, the rest when it is due on the system clock",
    )
    add("--speed", metavar="N", help="pace of the clock: N seconds of the run in each second; with or without -s")
    _add_simulation(add)
    add("-n", "--records", metavar="N", help="stop after that many records; 5k and 2M are 5000 and 2000000")
    add(
        "-r", "--duration", metavar="TIME", help="stop after 30 or 30S, 10M, 1H30M, 2D or PT1H30M; seconds without unit"
    )
    add("--until", metavar="TIME", help="stop before that time: ISO 8601, now, today, -1D, or +30D from the start")
    add("--bytes", metavar="N", help="stop with the record that makes this many bytes of JSON full; 5GB, 100MiB")
    add("--seed", metavar="N", help="whole number; the same seed, spec and start give the same bytes")


def _add_simulation(add: Callable[..., Any]) -> None:
    """Add the options of whatever simulates a spec."""
    add("--warm-up", metavar="TIME", help="how long before the start the simulation begins, or auto; else the spec's")
    add("--timezone", metavar="ZONE", help="zone of times without an offset, such as Europe/Berlin; else the spec's")
    add(
        "-m",
        "--max-workers",
        metavar="N",
        action="append",
        help="most workers alive at once; of several populations NAME=N, repeatable; else the spec's, else 100",
    )
    add("--rate", metavar="RATE", help="so many records a time, such as 5000/s, by more workers; wins over the spec")
    add("--volume", metavar="VOLUME", help="so many bytes (of compact JSON) or records a time, such as 10GB/D")


def _add_plot(parser: Parser) -> None:
    add = parser.add_argument
    add("-o", "--output", metavar="FILE", help="ends in .html, .svg or .png; SPEC.html without it; -: HTML, piped")
    add("-s", "--start", metavar="TIME", help="when the run starts; Monday 2024-01-01 without it")
    _add_simulation(add)
    add("--span", dest="duration", metavar="TIME", help="how long the run is; 7D without it; a million steps at most")
    add("--seed", metavar="N", help="whole number; 0 without it")


def _add_generating(parser: Parser) -> None:
    add = parser.add_argument
    add("--state", metavar="DIR", help="directory to save progress in, to continue from")
    add(
        "--threads",
        metavar="N",
        help="threads that compute what need not be waited for; as many as there are processors without it",
    )
    add("--check", action="store_true", help="say what is wrong, as datagen check does; generate nothing")
    add("--connect", action="store_true", help="check as --check does, and try to reach the targets too")
    add("-q", "--quiet", action="store_true", help="say only what is wrong or odd")
    add("-v", "--verbose", action="store_true", help="say more: what runs, and every 10 seconds how far it is")
    add("--version", action="version", version=f"datagen {VERSION}", help="print the version")


def request_of(arguments: argparse.Namespace) -> Request:
    """Make a request of the arguments, with the environment of the process.

    Raises InvalidInput when an option is wrong or there is no spec.
    """
    problems: list[Problem] = []
    options, spec, parameters = Options(), arguments.config, {}
    try:
        spans = {"duration": "--span"} if arguments.command == "plot" else {}
        options = Options.of(vars(arguments), OPTIONS | spans)
    except InvalidInput as error:
        problems += error.problems
    try:
        parameters = _parameters(arguments.set)
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
        target=getattr(arguments, "target", None),
        format=getattr(arguments, "format", None),
        options=options,
        environment=os.environ,
        parameters=parameters,
        only=getattr(arguments, "only", ()),
        plugins=arguments.plugins,
        state=getattr(arguments, "state", None),
        reads=["/dev/stdin"] if isinstance(spec, Document) else [],
    )


def _parameters(given: Sequence[str]) -> dict[str, str]:
    """Return the values of parameters by their names; of one that is given twice, the last."""
    wrong = [Problem("must be NAME=VALUE", f"--set {text}") for text in given if "=" not in text]
    if wrong:
        raise InvalidInput(wrong)
    return {name: value for name, _, value in (text.partition("=") for text in given)}


def _standard_input(named: str | None) -> Document:
    if sys.stdin is None or (named is None and sys.stdin.isatty()):
        raise InvalidInput([Problem("no spec: name its file, or give it on standard input; see datagen --help")])
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput([Problem(f"is not UTF-8 text (byte {error.start})", "standard input")]) from error
    return parse_text(text, "standard input")
