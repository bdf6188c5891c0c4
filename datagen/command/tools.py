"""The command ``python -m datagen``: what editors and readers need, and audits."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from datagen.command.generate import DONE, FAILED, add_run_options, exit_code, parser, request_of
from datagen.command.voice import Voice
from datagen.plugin.registry import Registry
from datagen.problems import RunFailed

_AUDIT = """\
Compute a run again and read its targets back: print for each how many records are expected, found, missing,
duplicated, out of order, and altered or not of this run. Takes the options of the run. Exit code 1 when any record is
missing or altered.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return exit_code(lambda voice: _do(_parser().parse_args(arguments), voice), interrupted=FAILED)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m datagen", description="Describe specs, for editors and readers; audit runs."
    )
    plugins = argparse.ArgumentParser(add_help=False)
    plugins.add_argument("--plugins", metavar="FILE", action="append", default=[], help="file with kinds of your own")
    add = made.add_subparsers(dest="command", required=True).add_parser
    add("schema", parents=[plugins], help="print the JSON Schema of a spec")
    docs = add("docs", parents=[plugins], help="write the reference pages")
    docs.add_argument("directory", metavar="DIR", nargs="?", default="docs/reference", help="docs/reference without it")
    audit = add(
        "audit", help="prove that the targets of a run hold its records", description=_AUDIT, allow_abbrev=False
    )
    add_run_options(audit)
    audit.add_argument(
        "--state", metavar="DIR", help="directory where the run saved its progress, with seed, start and end"
    )
    return made


def _do(arguments: argparse.Namespace, voice: Voice) -> int:
    try:
        if arguments.command == "audit":
            return _audit(arguments, voice)
        _describe(arguments, voice)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has no reader
    except OSError as error:
        raise RunFailed(f"writing {error.filename or 'standard output'}: {error.strerror}") from error
    return DONE


def _describe(arguments: argparse.Namespace, voice: Voice) -> None:
    from datagen.language.reference import pages
    from datagen.language.schema import schema

    registry = Registry.load(arguments.plugins)
    if arguments.command == "schema":
        voice.print(json.dumps(schema(registry), indent=2))
        return
    os.makedirs(arguments.directory, exist_ok=True)
    for name, text in pages(registry, parser()).items():
        Path(arguments.directory, name).write_text(text, encoding="utf-8", newline="\n")


def _audit(arguments: argparse.Namespace, voice: Voice) -> int:
    from datagen.job.proof import prove

    whole = True
    inputs, findings = prove(request_of(arguments))
    voice.secrets += inputs.secrets
    for finding in findings:
        whole = whole and finding.is_whole
        (voice.print if finding.was_read else voice.say)(str(finding))
    return DONE if whole else FAILED
