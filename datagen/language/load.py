"""Loading: documents to checked specs and targets, with the kinds of a registry and the values of an environment."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from datagen.language.composition import compose
from datagen.language.document import Document, problems_in
from datagen.language.flat import flat, strangers
from datagen.language.items import with_items
from datagen.language.placeholder import Values, filled, settled
from datagen.language.spec import Spec, in_order, read_spec
from datagen.plugin.registry import Registry
from datagen.plugin.target import Target, Targets
from datagen.problems import InvalidInput, Problem, hiding

T = TypeVar("T")

Environment = Mapping[str, str] | None


@dataclass(frozen=True)
class LoadedSpec:
    """A checked spec, with warnings and the kinds that it was made with. Any number of runs may share it."""

    spec: Spec
    document: Document
    registry: Registry
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()  # that it includes


@dataclass(frozen=True)
class LoadedTargets:
    """Checked targets, and the document that describes them."""

    targets: tuple[Target, ...]
    document: Document
    described: Any  # the JSON of a target or a list of them
    path: tuple[str | int, ...] = ()  # where that stands in the document


def load_spec(
    document: Document,
    registry: Registry,
    environment: Environment,
    parameters: Mapping[str, Any] | None = None,
    only: Collection[str] = (),
) -> LoadedSpec:
    """Return a checked spec, with values of its parameters; ``only`` some of its populations, if any are named.

    Without an environment there are no values of it: whoever loads a document decides what it may read. Raises
    InvalidInput with all that is wrong; it shows no value of the environment.
    """
    made = compose(document, environment, parameters or {})
    whole = flat(made.document)
    problems = [*made.problems, *whole.problems]
    registry = replace(registry, namespaces=whole.namespaces).inside("")
    loaded = _checked(with_items(whole.document), problems, partial(_spec, registry), [*made.lacking, *whole.lacking])
    if only:
        part = flat(made.document, only)
        if problems := [*strangers(whole.document, only), *part.problems]:
            raise InvalidInput(problems)
        left = _checked(with_items(part.document), (), partial(_spec, registry))
        loaded = replace(left, warnings=loaded.warnings)
    if loaded.spec.populations and not loaded.spec.crowds_with_sources:
        text = "those with sources are off, and the workers of others are spawned by theirs, so nobody ever comes"
        raise InvalidInput([made.document.problem(("populations",), text)])
    warnings = hiding(in_order([*made.warnings, *loaded.warnings]), made.document.secrets)
    return replace(loaded, warnings=tuple(warnings), files=made.files)


def load_targets(document: Document, registry: Registry, environment: Environment) -> LoadedTargets:
    """Return a checked target, or several.

    Raises InvalidInput with all their problems; it shows no value of the environment.
    """
    try:
        made = filled(document, Values(environment))
    except RecursionError as error:
        raise InvalidInput([Problem("is nested too deeply", document.source)]) from error
    return _checked(made.document, made.problems, partial(_targets, registry))


def _checked(
    document: Document, found: Sequence[Problem], load: Callable[[Document], T], lacking: Collection[Problem] = ()
) -> T:
    """Load a document with which something may be wrong already; what is ``lacking`` is required in vain.

    Raises InvalidInput with that and all else that is wrong.
    """
    problems = list(found)
    places = {(problem.place, problem.path) for problem in problems}
    loaded: list[T] = []
    try:
        loaded.append(load(document))
    except InvalidInput as error:
        others = (other for other in error.problems if (other.place, other.path) not in places)
        problems += (other for other in others if not any(_follows(other, cause) for cause in lacking))
    except RecursionError:
        problems.append(Problem("is nested too deeply", document.source))
    if problems:  # raised here, not above, where its context would be an exception that may show a value
        raise InvalidInput(hiding(in_order(problems), document.secrets))
    return loaded[0]


def _follows(problem: Problem, lacking: Problem) -> bool:
    """Return whether a problem is only that an object lacks keys, or that one of them is empty."""
    is_lack = "required" in problem.message or problem.message == "must not be empty"
    return is_lack and problem.place == lacking.place and problem.path.startswith(lacking.path)


def _spec(registry: Registry, document: Document) -> LoadedSpec:
    registry = replace(registry, folder=os.path.dirname(document.source), templates=_templates(document.data))
    document = settled(document, partial(Spec.model_validate, context=registry))
    spec, warnings = read_spec(document, registry)
    return LoadedSpec(spec, document, registry, tuple(warnings))


def _templates(data: Any) -> dict[str, Any]:
    """Return the templates of a spec, as far as they can be any."""
    found = data.get("templates") if isinstance(data, dict) else None
    return {name: one for name, one in (found if isinstance(found, dict) else {}).items() if isinstance(one, dict)}


def _targets(registry: Registry, document: Document) -> LoadedTargets:
    validate = partial(TypeAdapter(Targets).validate_python, context=registry)
    document = settled(document, validate)
    try:
        made: list[Target] = validate(document.data)
    except ValidationError as error:
        raise InvalidInput(problems_in(document, error)) from error
    return LoadedTargets(tuple(made), document, document.data)
