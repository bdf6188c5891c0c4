"""Placeholders: ``${NAME}`` in any text of a spec or a target stands for a parameter or a value of the environment.

Sits between the text and the models, which never learn where a value came from.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

from pydantic import ValidationError

from datagen.language.document import Document
from datagen.language.json_text import scalar
from datagen.problems import Path_, Problem, did_you_mean, is_comment, show

_PLACEHOLDER = re.compile(r"\$(\$?)\{([^{}]*)\}")


@dataclass(frozen=True)
class Either:
    """What one placeholder alone stands for: a value, and how else it can be read where that is not wanted."""

    value: Any
    other: Any


@dataclass(frozen=True)
class Values:
    """What placeholders stand for. Without an environment only parameters and defaults are known."""

    environment: Mapping[str, str] | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    populations: Mapping[str, "Values"] = field(default_factory=dict)  # what they stand for in these, where it differs
    population: str = ""  # in which they stand
    own: Mapping[str, Any] = field(default_factory=dict)  # its parameters, which hide those of all

    def inside(self, population: str) -> "Values":
        """Return what they stand for in a population."""
        return self.populations.get(population, self)

    def whole_name(self, name: str) -> str:
        """Return the name by which what is read is set."""
        name = name.partition(":-")[0]
        return f"{self.population}.{name}" if name in self.own else name

    def of(self, name: str) -> Any:
        """Return the value of a name, with the default behind ``:-`` where it has none or an empty one.

        Raises LookupError, with the reason, when there is no value.
        """
        name, has_default, default = name.partition(":-")
        found: Any = self._known.get(name, (self.environment or {}).get(name))
        if found is None or (found == "" and has_default):
            if not has_default:
                raise LookupError(self._why_not(name))
            return default
        return found

    def secret(self, name: str) -> str | None:
        """Return the value of a name where it comes from the environment, which no message may show."""
        name = name.partition(":-")[0]
        return None if name in self._known else (self.environment or {}).get(name)

    @property
    def _known(self) -> dict[str, Any]:
        return {**self.parameters, **self.own}

    def _why_not(self, name: str) -> str:
        near = did_you_mean(name, self._known)
        if "did you mean" in near:
            return f"there is no parameter {show(name)}{near}"
        if self.environment is None:
            shown = show(f"${{{name}}}")
            return f"{shown} needs an environment, but none was given; for example, pass environment=os.environ"
        near = did_you_mean(name, self.environment)
        near = near if "did you mean" in near else ""  # not a list of all that the environment has
        return f"the environment has no variable {show(name)}{near}"


class Filled(NamedTuple):
    """A document with values in place of its placeholders, those that have none, and the names that it reads."""

    document: Document
    problems: list[Problem]
    names: set[str]


def filled(document: Document, values: Values) -> Filled:
    """Put values in place of the placeholders of a document; ``$${`` becomes ``${``.

    A text that is one placeholder alone becomes an ``Either`` when it can be read in two ways.
    """
    secrets: list[str] = []
    problems: list[Problem] = []
    names: set[str] = set()

    def value_of(match: re.Match[str], path: Path_) -> Any:
        escaped, name = match.groups()
        if escaped:
            return f"${{{name}}}"
        here = values.inside(str(path[1])) if path[:1] == ("populations",) and len(path) > 1 else values
        names.add(here.whole_name(name))
        try:
            value = here.of(name)
        except LookupError as error:
            problems.append(document.problem(path, str(error.args[0])))
            return match[0]
        secrets.extend(secret for secret in [here.secret(name)] if secret is not None)
        return value

    def walk(part: Any, path: Path_) -> Any:
        if isinstance(part, str):
            alone = _PLACEHOLDER.fullmatch(part)
            if alone:
                return _either(value_of(alone, path))
            return _PLACEHOLDER.sub(lambda match: as_text(value_of(match, path)), part)
        if isinstance(part, list):
            return [walk(member, (*path, index)) for index, member in enumerate(part)]
        if isinstance(part, dict):
            return {key: value if is_comment(key) else walk(value, (*path, key)) for key, value in part.items()}
        return part

    data = walk(document.data, ())
    return Filled(replace(document, data=data, secrets=tuple(secrets)), problems, names)


def _either(value: Any) -> Any:
    if not isinstance(value, str):
        return Either(value, as_text(value))
    read = scalar(value)
    return value if read is None else Either(value, read)


def as_text(value: Any) -> str:
    """Return a value as it stands in a text."""
    return value if isinstance(value, str) else json.dumps(value)


def first(part: Any) -> Any:
    """Return what an ``Either`` is where nothing else is wanted; anything else is itself."""
    return part.value if isinstance(part, Either) else part


def settled(document: Document, validate: Callable[[Any], object]) -> Document:
    """Return the document with each ``Either`` read as its place wants it, which a validation tells.

    Where both readings are wrong, the first one stays.
    """
    others: dict[Path_, Any] = {}
    data = _settled(document.data, (), others)
    tried: dict[Path_, Any] = {}
    while wrong := _wrong(data, validate) & (others.keys() | tried.keys()) if others or tried else set():
        for path in wrong:
            holder: Any = reduce(getitem, path[:-1], data)
            if path in tried:
                holder[path[-1]] = tried.pop(path)
            else:
                tried[path] = holder[path[-1]]
                holder[path[-1]] = others.pop(path)
    return replace(document, data=data)


def _settled(part: Any, path: Path_, others: dict[Path_, Any]) -> Any:
    """Return a part with the first readings, and collect the others by their paths."""
    if isinstance(part, list):
        return [_settled(member, (*path, index), others) for index, member in enumerate(part)]
    if isinstance(part, dict):
        return {key: value if is_comment(key) else _settled(value, (*path, key), others) for key, value in part.items()}
    if isinstance(part, Either) and path:
        others[path] = part.other
    return first(part)


def _wrong(data: Any, validate: Callable[[Any], object]) -> set[Path_]:
    try:
        validate(data)
    except ValidationError as error:
        return {line["loc"] for line in error.errors()}
    return set()
