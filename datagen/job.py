"""What a command is made with: the spec, the targets and the format, from their files to lanes that are ready.

Sits between the command's arguments and a run. Everything that is wrong with any of it is reported together.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from datagen.clock import Clock
from datagen.delivery.lane import Lane
from datagen.delivery.resume import fingerprint
from datagen.engine.run import LoadedSpec, Options, Run, load_document
from datagen.language.document import Document, parse_json, problems_in
from datagen.language.environment import with_environment
from datagen.language.spec import Spec
from datagen.plugin.formatter import Formatter
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target, Targets, missing_library
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, read_text, show


@dataclass(frozen=True)
class Place:
    """Where a target is described, and where each stage on the way to it is."""

    document: Document
    path: Path_
    stages: tuple[Path_, ...]


@dataclass(frozen=True)
class Inputs:
    """A checked spec with its targets, and the formatter for those that bring none of their own."""

    loaded: LoadedSpec
    targets: list[Target]
    places: list[Place]
    formatter: Formatter
    format_name: str

    def prepare(
        self, options: Options, say: Callable[[str], None], clock: Clock | None = None
    ) -> "tuple[Run, list[Lane], dict[str, object]]":
        """Make a run, a lane for each target, and what tells this run from others.

        Raises InvalidInput when the records do not fit a target.
        """
        run = Run(self.loaded, options, clock)
        identity = self._identity(run, options)
        same = {key: value for key, value in identity.items() if key not in ("clock", "end")}
        scope = Scope(run.clock.start, options.seed or 0, fingerprint(same), say)
        lanes = [Lane(target, self.formatter.model_copy(), run.layout, scope, run.clock) for target in self.targets]
        problems = []
        for lane, place in zip(lanes, self.places, strict=True):
            problems += [place.document.problem(place.stages[number], text) for number, text in lane.stage_problems]
            found = [*_unknown_emitters(lane.target, self.loaded.spec), *(((), text) for text in lane.problems)]
            if lane.target.format is not None:
                found += [(("format",), text) for text in lane.misfits]
            else:
                problems += [Problem(text, self.format_name) for text in lane.misfits]
            problems += [place.document.problem((*place.path, *inner), text) for inner, text in found]
        if problems:
            raise InvalidInput(dict.fromkeys(problems))  # a stage may stand on the way to two targets
        return run, lanes, identity | {"targets": [_identity_of(target, self.formatter) for target in self.targets]}

    def _identity(self, run: Run, options: Options) -> dict[str, object]:
        data = self.loaded.document.data
        start = run.clock.start
        holding = any(stage.holds for target in self.targets for stage in target.through)
        return {
            "spec": fingerprint({key: value for key, value in data.items() if key != "target"}),
            "seed": options.seed,
            "start": start.text,
            "clock": "system" if options.start is None else "simulated",
            "max_workers": options.max_workers,
            # Where stages give at the end what they hold, another end makes other records.
            "end": [options.records, options.duration] if holding else None,
        }


def load_inputs(arguments: argparse.Namespace, environment: Mapping[str, str], secrets: list[str]) -> Inputs:
    """Load everything that a run needs; add the values of the environment that are used to ``secrets``.

    Raises InvalidInput with all that is wrong; what it says may hold such values.
    """
    registry = Registry.load(arguments.plugins)
    problems: list[Problem] = []
    loaded = formatter = None
    targets: list[Target] = []
    places: list[Place] = []
    try:
        loaded = with_environment(_spec_document(arguments.config), environment, partial(_loaded, registry, secrets))
        targets = loaded.spec.target
        places = _places(targets, loaded.document, loaded.document.data.get("target"), ("target",))
    except InvalidInput as error:
        problems += error.problems
    try:
        if arguments.target is not None or not targets:
            document = _target_document(arguments.target)
            targets, document = with_environment(document, environment, partial(_targets, registry, secrets))
            places = _places(targets, document, document.data, ())
        targets, places = _with_asides(targets, places)
        problems += _conflicts(targets, arguments)
        problems += _no_format(targets, places, arguments)
    except InvalidInput as error:
        problems += error.problems
    format_name = "json" if arguments.format is None else arguments.format
    try:
        formatter = registry.formatter(format_name)
    except ValidationError as error:
        problems += [Problem(line["msg"], format_name) for line in error.errors()]
    if problems or loaded is None or formatter is None:
        raise InvalidInput(problems)
    return Inputs(loaded, targets, places, formatter, format_name)


def _spec_document(config: str | None) -> Document:
    if config is not None and config != "-":
        return parse_json(read_text(config), config)
    if sys.stdin is None or (config is None and sys.stdin.isatty()):
        raise InvalidInput([Problem("no spec: give one with -c, or on standard input")])
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput([Problem(f"is not UTF-8 text (byte {error.start})", "standard input")]) from error
    return parse_json(text, "standard input")


def _loaded(registry: Registry, secrets: list[str], document: Document) -> LoadedSpec:
    secrets += document.secrets
    return load_document(document, registry)


def _target_document(file: str | None) -> Document:
    return Document({"type": "stdout"}, "") if file is None else parse_json(read_text(file), file)


def _targets(registry: Registry, secrets: list[str], document: Document) -> tuple[list[Target], Document]:
    secrets += document.secrets
    try:
        return TypeAdapter(Targets).validate_python(document.data, context=registry), document
    except ValidationError as error:
        raise InvalidInput(problems_in(document, error)) from error


def _places(targets: Sequence[Target], document: Document, described: Any, path: Path_) -> list[Place]:
    """Give the place of each target that is described, in a list or alone."""
    alone = not isinstance(described, list)
    paths = [path if alone else (*path, number) for number in range(len(targets))]
    return [
        Place(document, path, tuple((*path, "through", number) for number in range(len(target.through))))
        for target, path in zip(targets, paths, strict=True)
    ]


def _with_asides(targets: Sequence[Target], places: Sequence[Place]) -> tuple[list[Target], list[Place]]:
    """Put the targets that stages have of their own beside the others, each with the stages before it on its way.

    Those are computed twice; as a run is a pure function, with the same result.
    """
    all_targets, all_places = list(targets), list(places)
    for target, place in zip(all_targets, all_places, strict=True):  # grows meanwhile: such a target may have stages
        for index, stage in enumerate(target.through):
            aside = stage.aside()
            if aside is None:
                continue
            other, last = aside
            before = [number for number in range(index) if not target.through[number].watches]
            stages = [target.through[number].model_copy(deep=True) for number in before]
            path = (*place.stages[index], "target")
            own = tuple((*path, "through", number) for number in range(len(other.through)))
            paths = (*(place.stages[number] for number in before), place.stages[index], *own)
            way = {"through": [*stages, last, *other.through], "emitters": target.emitters}
            all_targets.append(other.model_copy(update=way))
            all_places.append(Place(place.document, path, paths))
    return all_targets, all_places


def _conflicts(targets: Sequence[Target], arguments: argparse.Namespace) -> Iterator[Problem]:
    """Find targets that can't be opened, that would overwrite what the command reads, or one another."""
    seen: set[str] = set()
    for target in targets:
        problem = missing_library(target) or target.problem() or _would_overwrite(target, arguments)
        path = getattr(target, "path", None)
        place = "" if path is None or problem else os.path.realpath(path)
        place = "stdout" if target.kind == "stdout" else place
        if place and place in seen:
            problem = "is given twice; the records of both would stand in it, mixed"
        seen.add(place)
        if problem:
            yield Problem(problem, f"target {target}")


def _no_format(targets: Sequence[Target], places: Iterable[Place], arguments: argparse.Namespace) -> Iterator[Problem]:
    """Find formats that would have no effect."""
    for target, place in zip(targets, places, strict=True):
        if target.format is not None and not target.takes_format:
            yield place.document.problem(
                (*place.path, "format"), f"{target.kind} has no format: it takes records as columns"
            )
    if arguments.format is not None and targets and not any(target.takes_format for target in targets):
        yield Problem(f"{targets[0].kind} has no format: it takes records as columns", arguments.format)


def _would_overwrite(target: Target, arguments: argparse.Namespace) -> str | None:
    """Say that a target is one of the files that the command reads, if so."""
    path = getattr(target, "path", None)
    if (
        path
        and sys.stdin is not None
        and arguments.config in (None, "-")
        and os.path.exists(path)
        and os.path.samestat(os.stat(path), os.fstat(0))
    ):
        return f"{path} is standard input; it would be overwritten"
    if path and arguments.state and os.path.realpath(path).startswith(os.path.realpath(arguments.state) + os.sep):
        return f"{path} is in the directory of the state; it would be overwritten"
    for read in (arguments.config, arguments.target, arguments.format, *arguments.plugins):
        if path and read and os.path.exists(path) and os.path.exists(read) and os.path.samefile(path, read):
            return f"{path} is read by this command; it would be overwritten"
    return None


def _unknown_emitters(target: Target, spec: Spec) -> Iterator[tuple[Path_, str]]:
    known = [emitter.name for emitter in spec.emitters]
    for index, name in enumerate(target.emitters or ()):
        if name not in known:
            yield ("emitters", index), f"unknown emitter {show(name)}{did_you_mean(name, known)}"


def _identity_of(target: Target, formatter: Formatter) -> str:
    """Name what decides which records a target gets, in which form, and where."""
    used = target.format or formatter
    keys = {"emitters", "through", "record_id", *target.form}
    described = target.model_dump(mode="json", include=keys, serialize_as_any=True)
    kinds = [target.kind, used.kind, *(stage.kind for stage in target.through)]
    return fingerprint({"kinds": kinds, "name": str(target), "format": used.model_dump(mode="json"), **described})
