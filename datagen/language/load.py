"""Loading: documents to checked specs and targets, with the kinds of a registry and the values of an environment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from datagen.language.document import Document, problems_in
from datagen.language.environment import with_environment
from datagen.language.spec import Spec, read_spec
from datagen.plugin.registry import Registry
from datagen.plugin.target import Target, Targets
from datagen.problems import InvalidInput, Problem, hidden

Environment = Mapping[str, str] | None


@dataclass(frozen=True)
class LoadedSpec:
    """A checked spec, with warnings and the kinds that it was made with. Any number of runs may share it."""

    spec: Spec
    document: Document
    registry: Registry
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class LoadedTargets:
    """Checked targets, and the document that describes them."""

    targets: tuple[Target, ...]
    document: Document
    described: Any  # the JSON of a target or a list of them
    path: tuple[str | int, ...] = ()  # where that stands in the document


def load_spec(document: Document, registry: Registry, environment: Environment) -> LoadedSpec:
    """Return a checked spec.

    Raises InvalidInput with all its problems.
    """
    return with_environment(document, environment, partial(_spec, registry))


def load_targets(document: Document, registry: Registry, environment: Environment) -> LoadedTargets:
    """Return a checked target, or several.

    Raises InvalidInput with all their problems.
    """
    return with_environment(document, environment, partial(_targets, registry))


def _spec(registry: Registry, document: Document) -> LoadedSpec:
    spec, warnings = read_spec(document, registry)
    hiding = (replace(warning, message=hidden(warning.message, document.secrets)) for warning in warnings)
    return LoadedSpec(spec, document, registry, tuple(hiding))


def _targets(registry: Registry, document: Document) -> LoadedTargets:
    try:
        made: list[Target] = TypeAdapter(Targets).validate_python(document.data, context=registry)
    except ValidationError as error:
        raise InvalidInput(problems_in(document, error)) from error
    return LoadedTargets(tuple(made), document, document.data)
