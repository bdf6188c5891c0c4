"""The commands beside ``run``: what editors and readers need, and audits."""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from datagen.command.arguments import parsers, request_of
from datagen.command.voice import Voice
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput, Problem, RunFailed, did_you_mean
from datagen.records.batch import Layout

T = TypeVar("T")


def print_schema(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Print the JSON Schema of specs or of target files."""
    from datagen.language.schema import schema, target_schema

    made = target_schema if arguments.target else schema
    voice.print(json.dumps(made(Registry.load(arguments.plugins)), indent=2))
    return True


def print_types(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Print the dimensions of each emitter's records with their types, or their schema in another language."""
    from datagen.job.job import columns, layout_of

    if arguments.language is not None:
        voice.print(_schema(layout_of(request_of(arguments)), arguments.language, arguments.emitter))
        return True
    for emitter, types in _of_one(columns(request_of(arguments)), arguments.emitter).items():
        voice.print(emitter)
        width = max(map(len, types), default=0)
        for name, (type_, may_be_missing) in types.items():
            voice.print(f"  {name:{width}}  {type_}{' (may be missing)' if may_be_missing else ''}")
    return True


def _schema(layout: Layout, language: str, emitter: str | None) -> str:
    from datagen.records.schema.text import SCHEMAS, misfits

    layout = replace(layout, emitters=_of_one(layout.emitters, emitter))
    problems = misfits(layout, language)
    if problems:
        raise InvalidInput([Problem(text, f"--as {language}") for text in problems])
    return SCHEMAS[language](layout)


def _of_one(emitters: dict[str, T], name: str | None) -> dict[str, T]:
    """Return what is known of one emitter; of all without a name."""
    if name is None:
        return emitters
    if name not in emitters:
        raise InvalidInput([Problem(f"unknown emitter{did_you_mean(name, emitters)}", f"--emitter {name}")])
    return {name: emitters[name]}


def write_docs(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Write the reference pages into a directory."""
    from datagen.language.reference import pages

    made = pages(Registry.load(arguments.plugins), parsers())
    try:
        os.makedirs(arguments.directory, exist_ok=True)
        for name, text in made.items():
            Path(arguments.directory, name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunFailed(f"writing {error.filename or arguments.directory}: {error.strerror}") from error
    return True


def plot(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Draw the page of a spec into a file."""
    from datagen.job.request import spec_of
    from datagen.plots.data.pilot import Pilot
    from datagen.plots.draw.output import ENDINGS, drawn
    from datagen.plots.draw.overview import page

    request = request_of(arguments)
    named = request.spec if isinstance(request.spec, str) else None
    name = Path(named).stem if named else "spec"
    output = arguments.output or f"{name}.html"
    ending = ".html" if output == "-" else Path(output).suffix
    if ending not in ENDINGS:
        raise InvalidInput([Problem("must end in .html, .svg or .png", f"-o {output}")])
    loaded = spec_of(request, Registry.load(request.plugins))
    voice.secrets += loaded.document.secrets
    made = drawn(page(Pilot.complete(loaded, request.options, "--span"), name), ending)
    if output == "-":
        voice.print(made.decode().removesuffix("\n"))
        return True
    try:
        Path(output).write_bytes(made)
    except OSError as error:
        raise RunFailed(f"writing {output}: {error.strerror}") from error
    voice.say(f"{output} is written")
    return True


def audit(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Compute a run again and print what its targets hold of it; return whether those that can be read are whole."""
    from datagen.job.proof import prove

    inputs, findings = prove(request_of(arguments))
    voice.secrets += inputs.secrets
    read, whole = 0, True
    for finding in findings:
        read += finding.was_read
        whole = whole and (finding.is_whole or not (finding.decides or arguments.strict))
        (voice.print if finding.was_read else voice.say)(str(finding))
    if not read:
        voice.fail("no target could be read back, so nothing is proved")
    return whole and read > 0
