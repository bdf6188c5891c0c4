"""Requests: what somebody wants to be run, and everything that it names, loaded and checked together."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from datagen.delivery.encoder import Misfit
from datagen.job.options import Options
from datagen.language.document import Document, from_python
from datagen.language.load import LoadedSpec, LoadedTargets, load_spec, load_targets
from datagen.language.spec import Spec
from datagen.language.syntax import parse
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import named_files, named_streams
from datagen.plugin.registry import Registry
from datagen.plugin.target import RECORD_ID, Target, missing_library
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, hiding, read_text, show, unreadable

_EXAMPLE_SPECS, _EXAMPLE_TARGETS = "conf/gen", "conf/tar"  # of a clone


@dataclass(frozen=True)
class Request:
    """What is to be run."""

    spec: LoadedSpec | Document | str | Path | Mapping[str, Any]  # a file is named, anything else is the spec itself
    target: Target | str | Path | Mapping[str, Any] | Sequence[Any] | None = None  # wins over the spec's
    format: Formatter | str | Path | Mapping[str, Any] | None = None  # for targets that bring none of their own; json
    options: Options = field(default_factory=Options)
    environment: Mapping[str, str] | None = None  # what `${NAME}` may read
    parameters: Mapping[str, Any] = field(default_factory=dict)  # values in place of the defaults in the spec
    only: Sequence[str] = ()  # the populations that are run; all without it
    plugins: Sequence[str | Path] = ()
    state: str | None = None  # where to keep how far the run is
    reads: Sequence[str] = ()  # other files that were read for it, which no target may overwrite

    def files(self) -> Iterator[str]:
        """Yield the files that it reads, as they were named."""
        for named in (self.spec, self.target, self.format, *self.plugins, *self.reads):
            if isinstance(named, str | Path):
                yield str(named)


@dataclass(frozen=True)
class Located:
    """A target, where it is described, and where each stage on the way to it is."""

    target: Target
    document: Document
    path: Path_
    stages: tuple[Path_, ...]

    def problem(self, path: Path_, text: str) -> Problem:
        """Make a problem of the target."""
        return self.document.problem((*self.path, *path), text)


@dataclass(frozen=True)
class Inputs:
    """A checked spec with its targets, and the formatter for those that bring none of their own."""

    loaded: LoadedSpec
    targets: tuple[Located, ...]
    formatter: Formatter
    format_name: str
    files: tuple[str, ...]  # that objects of the spec, the targets or the format name, and that records depend on
    streams: tuple[str, ...] = ()  # those that are read while the run goes on
    remarks: tuple[Problem, ...] = ()  # on the options: what is valid but hardly meant

    def problem_of(self, located: Located, misfit: Misfit) -> Problem:
        """Say where the request says what does not fit."""
        if misfit.stage is not None:
            return located.document.problem(located.stages[misfit.stage], misfit.text)
        if misfit.is_of_format and located.target.format is None:
            return Problem(misfit.text, self.format_name)
        return located.problem(("format",) if misfit.is_of_format else (), misfit.text)

    @property
    def warnings(self) -> list[Problem]:
        """Return what is valid but hardly meant."""
        # A stage may stand on the way to two targets.
        odd = dict.fromkeys(_oddities(self.targets, self.loaded.spec, self.formatter))
        return [*self.remarks, *self.loaded.warnings, *odd]

    @property
    def secrets(self) -> list[str]:
        """Return the values of the environment in it."""
        documents = [self.loaded.document, *(located.document for located in self.targets)]
        return list(dict.fromkeys(secret for document in documents for secret in document.secrets))


def load(request: Request, *, reads: bool = False) -> Inputs:
    """Load everything that a request names, for a run, or for somebody who only ``reads`` its targets back.

    Raises InvalidInput with all that is wrong.
    """
    problems: list[Problem] = []
    loaded = formatter = None
    targets: list[Located] = []
    if isinstance(request.spec, LoadedSpec) and request.plugins:
        raise InvalidInput([Problem("plug-ins are those that the spec was loaded with; pass them to datagen.load")])
    registry = request.spec.registry if isinstance(request.spec, LoadedSpec) else Registry.load(request.plugins)
    try:
        loaded = spec_of(request, registry)
        registry = replace(registry, templates=loaded.registry.templates)
        targets = _located(LoadedTargets(tuple(loaded.spec.target), loaded.document, _target_of(loaded), ("target",)))
    except InvalidInput as error:
        problems += error.problems
    try:
        if request.target is not None or not targets:
            targets = _located(_targets_of(request, registry))
        targets = _with_asides(targets)
        problems += _no_format(targets, request)
        problems += [] if loaded is None else [*_strangers(targets, loaded), *request.options.strangers(loaded.spec)]
    except InvalidInput as error:
        problems += error.problems
    wanted = "json" if request.format is None else request.format
    wanted = str(wanted) if isinstance(wanted, Path) else wanted
    format_name = wanted if isinstance(wanted, str) else "format"
    try:
        format_name.encode()
        formatter = wanted if isinstance(wanted, Formatter) else registry.formatter(wanted)
    except ValidationError as error:
        problems += [Problem(line["msg"], format_name) for line in error.errors()]
    except UnicodeEncodeError:
        problems.append(Problem("is no text that UTF-8 could hold", format_name))
    streams = named_streams(loaded and loaded.spec)
    files = named_files([loaded and loaded.spec, formatter, *(located.target for located in targets)])
    problems += [problem for file in files for problem in unreadable(file)]
    read = [*files, *streams, *(loaded.files if loaded else ())]
    problems += _conflicts(targets, request, read, reads=reads)
    if problems or loaded is None or formatter is None:
        documents = [*([] if loaded is None else [loaded.document]), *(located.document for located in targets)]
        raise InvalidInput(hiding(problems, [secret for document in documents for secret in document.secrets]))
    return Inputs(loaded, tuple(targets), formatter, format_name, tuple(files), tuple(streams))


def spec_of(request: Request, registry: Registry) -> LoadedSpec:
    """Load the spec of a request.

    Raises InvalidInput with all that is wrong with it.
    """
    if isinstance(request.spec, LoadedSpec):
        if request.parameters:
            raise InvalidInput([Problem("parameters are set when a spec is loaded; pass them to datagen.load")])
        if request.only:
            raise InvalidInput([Problem("populations are chosen when a spec is loaded; pass them to datagen.load")])
        return request.spec
    document = _document(request.spec, "spec", _EXAMPLE_SPECS)
    return load_spec(document, registry, request.environment, request.parameters, request.only)


def _document(given: Any, name: str, examples: str) -> Document:
    """Take a document, or the file of one, or what a Python program made.

    Raises InvalidInput; a file that is not there may be meant to be one of the ``examples``.
    """
    if isinstance(given, Document):
        return given
    if isinstance(given, str | Path):
        example = f"{examples}/{given}.json"
        if not os.path.exists(given) and os.path.isfile(example):
            raise InvalidInput([Problem(f"there is no such file; {example} is a {name}", str(given))])
        if not os.path.exists(given) and name == "target":
            shape = show({"type": "file", "path": "out.json"})
            raise InvalidInput(
                [Problem(f"there is no such file; a target is a file that holds JSON such as {shape}", str(given))]
            )
        return parse(read_text(str(given)), str(given))
    return from_python(given, name)


def _target_of(loaded: LoadedSpec) -> Any:
    data = loaded.document.data
    return data.get("target") if isinstance(data, dict) else None


def _targets_of(request: Request, registry: Registry) -> LoadedTargets:
    if request.target is None:
        return load_targets(Document({"type": "stdout"}, ""), registry, None)
    given = request.target if isinstance(request.target, list | tuple) else [request.target]
    if not given:
        raise InvalidInput([Problem("must not be empty", "target")])
    made = tuple(target for target in given if isinstance(target, Target))
    if len(made) == len(given):
        return LoadedTargets(made, Document([{} for _ in made], "target"), list(made))
    return load_targets(_document(request.target, "target", _EXAMPLE_TARGETS), registry, request.environment)


def _located(loaded: LoadedTargets) -> list[Located]:
    """Find the place of each target that is described, in a list or alone."""
    alone = not isinstance(loaded.described, list)
    paths = [loaded.path if alone else (*loaded.path, number) for number in range(len(loaded.targets))]
    return [
        Located(target, loaded.document, path, tuple((*path, "through", n) for n in range(len(target.through))))
        for target, path in zip(loaded.targets, paths, strict=True)
    ]


def _with_asides(targets: Sequence[Located]) -> list[Located]:
    """Put the targets that stages have of their own beside the others, each with the stages before it on its way.

    Those are computed twice; as a run is a pure function, with the same result.
    """
    found = list(targets)
    for located in found:  # grows meanwhile: such a target may have stages
        through = located.target.through
        for index, stage in enumerate(through):
            aside = stage.aside()
            if aside is None:
                continue
            other, last = aside
            before = [number for number in range(index) if not through[number].watches]
            path = (*located.stages[index], "target")
            own = tuple((*path, "through", number) for number in range(len(other.through)))
            paths = (*(located.stages[number] for number in before), located.stages[index], *own)
            stages = [*(through[number] for number in before), last, *other.through]
            way = {"through": stages, "emitters": located.target.emitters, "populations": located.target.populations}
            found.append(Located(other.model_copy(update=way), located.document, path, paths))
    return found


def _conflicts(targets: Sequence[Located], request: Request, files: Sequence[str], *, reads: bool) -> Iterator[Problem]:
    """Find targets that can't be opened, that would overwrite what the request reads, or one another."""
    seen: set[str] = set()
    for target in (located.target for located in targets):
        problem = missing_library(target) or target.problem()
        if problem is None and not reads:
            problem = target.unwritable() or _would_overwrite(target, request, files)
        occupied = [] if problem else [name for path in target.occupies() for name in _names(path)]
        if not seen.isdisjoint(occupied):
            problem = "two targets write to it; their records would be mixed"
        seen.update(occupied)
        if problem:
            yield Problem(problem, f"target {target}")


def _names(occupied: str) -> Iterator[str]:
    """Yield what something occupied goes by: its name and, of a file that is there, what all its hard links share."""
    yield occupied
    if os.path.isfile(occupied):
        found = os.stat(occupied)
        yield f"{found.st_dev}:{found.st_ino}"


def _would_overwrite(target: Target, request: Request, files: Sequence[str]) -> str | None:
    """Say that a target is one of the files that the request reads, if so."""
    for path in target.occupies():
        if request.state and path.startswith(_real(request.state) + os.sep):
            return f"{path} is in the directory of the state; it would be overwritten"
        for read in (*request.files(), *files):
            if os.path.exists(path) and os.path.exists(read) and os.path.samefile(path, read):
                return f"{path} is read for this run; it would be overwritten"
    return None


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:  # a null character; whoever opens it says so
        return path


def _no_format(targets: Sequence[Located], request: Request) -> Iterator[Problem]:
    """Find formats that would have no effect."""
    for located in targets:
        target = located.target
        if target.format is not None and not target.takes_format:
            yield located.problem(("format",), f"{target.kind} has no format: it takes records as columns")
    if request.format is not None and targets and not any(located.target.takes_format for located in targets):
        yield Problem(f"{targets[0].target.kind} has no format: it takes records as columns", str(request.format))


def _oddities(targets: Sequence[Located], spec: Spec, formatter: Formatter) -> Iterator[Problem]:
    """Find what is valid but hardly meant in targets, alone and with the records that they get."""
    fine = {dimension.name for emitter in spec.emitters for dimension in emitter.fields if dimension.rarely_repeats()}
    for located in targets:
        yield from (located.problem(path, text) for path, text in located.target.oddities())
        for path, name in located.target.splits_by():
            if name in fine or name in ("time", RECORD_ID):
                yield located.problem(path, f"{show(name)} is new in nearly every record: a file each")
        for path, stage in zip(located.stages, located.target.through, strict=True):
            yield from (located.document.problem((*path, *key), text) for key, text in stage.oddities())
            named = _with_columns(located.target, formatter)
            if stage.mixes_types and named:
                text = f"makes values of several types, so their columns in {named} hold texts of JSON, in all records"
                yield located.document.problem(path, text)


def _with_columns(target: Target, formatter: Formatter) -> str | None:
    """Return what writes the records of a target as columns, each of one type; None where nothing does."""
    if not target.takes_format:
        return target.kind
    used = target.format or formatter
    return used.kind if used.has_columns else None


def _strangers(targets: Sequence[Located], loaded: LoadedSpec) -> Iterator[Problem]:
    """Find emitters and populations that targets name and that there are not."""
    known, populations = [*loaded.spec.shown.values()], loaded.spec.populations
    for located in targets:
        for index, name in enumerate(located.target.emitters or ()):
            if name not in known:
                yield located.problem(("emitters", index), f"unknown emitter {show(name)}{did_you_mean(name, known)}")
        for index, name in enumerate(located.target.populations or ()):
            if name not in populations:
                near = did_you_mean(name, populations) if populations else '; the spec has no "populations"'
                yield located.problem(("populations", index), f"unknown population {show(name)}{near}")
