"""Parameters: values that a spec reads as ``${name}``, with defaults that whoever runs it may replace."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import getitem
from typing import Any

from datagen.language.document import Document
from datagen.language.json_text import scalar
from datagen.language.placeholder import Values, filled, first
from datagen.problems import Path_, Problem, did_you_mean, is_comment, show

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


@dataclass
class Parameters:
    """The parameters of a spec and of its populations, and what is wrong with them."""

    values: Values
    secrets: list[str] = field(default_factory=list)  # values of the environment in their defaults
    problems: list[Problem] = field(default_factory=list)
    names: set[str] = field(default_factory=set)  # that their defaults read
    places: dict[str, Path_] = field(default_factory=dict)  # where each is declared, by the name that sets it


def parameters_of(document: Document, environment: Mapping[str, str] | None, given: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a spec, and of its populations, whose defaults may read those of all.

    ``given`` are values in place of defaults, as text or in the default's type: by name, or ``population.name``. A name
    that only populations have is that of each that has it.
    """
    made = Parameters(Values(environment))
    setting = dict(given)
    common = _declared(document, (), made, setting)
    made.values = outer = Values(environment, common)
    data = document.data if isinstance(document.data, dict) else {}
    populations = data["populations"] if isinstance(data.get("populations"), dict) else {}
    inner = {}
    for population, part in populations.items():
        if isinstance(part, dict) and "parameters" in part and not is_comment(population):
            own = _declared(document, ("populations", population), made, setting, apart=common)
            inner[population] = replace(outer, population=population, own=own)
    made.values = replace(outer, populations=inner)
    for name in setting:
        if name not in made.places and not any(name in one.own for one in inner.values()):
            message = f"there is no parameter {show(name)} to set{did_you_mean(name, made.places)}"
            made.problems.append(document.problem(("parameters",), message))
    return made


def _declared(
    document: Document, at: Path_, made: Parameters, setting: Mapping[str, Any], apart: Collection[str] = ()
) -> dict[str, Any]:
    """Return the parameters that are declared in a spec or a population, with what is set in place of defaults.

    A name ``apart`` is that of one of the spec's own where it is set without a population.
    """
    declared: Any = reduce(
        lambda part, key: part.get(key, {}) if isinstance(part, dict) else {}, [*at, "parameters"], document.data
    )
    place = (*at, "parameters")
    if not isinstance(declared, dict):
        message = f"must be an object of names and defaults, found {show(declared)}"
        made.problems.append(document.problem(place, message))
        return {}
    whole: Any = reduce(lambda inner, key: {key: inner}, reversed(place), declared)
    defaults = filled(replace(document, data=whole), made.values)
    made.problems += defaults.problems
    made.secrets += defaults.document.secrets
    made.names |= defaults.names
    filled_in: Any = reduce(getitem, place, defaults.document.data)
    known = {name: first(value) for name, value in filled_in.items() if not is_comment(name)}
    made.problems += _wrong(document, place, known)
    for name in known:
        key = ".".join(map(str, (*at[1:], name)))
        if key in made.places:
            text = f"sets {show(name)} of that population, too; give one of them another name"
            made.problems.append(document.problem(made.places[key], text, at_key=True))
        made.places[key] = (*place, name)
        chosen = key if key in setting or name in apart else name
        if chosen not in setting:
            continue
        try:
            known[name] = _like(known[name], setting[chosen])
        except ValueError as error:
            message = f"is set to {show(setting[chosen])}, but must be {error}, as its default is"
            made.problems.append(document.problem((*place, name), message))
    return known


def _wrong(document: Document, place: Path_, known: Mapping[str, Any]) -> Iterator[Problem]:
    for name, default in known.items():
        if not _NAME.fullmatch(name):
            message = f"{show(name)} is no name for a parameter: letters, digits, _ . - and no digit in front"
            yield document.problem((*place, name), message, at_key=True)
        if not isinstance(default, str | bool | int | float):
            message = f"must be a text, a number, true or false, found {show(default)}"
            yield document.problem((*place, name), message)


def _like(default: Any, value: Any) -> Any:
    """Return a value in the type of a default. Raises ValueError, with that type, when it is of another."""
    read = scalar(value) if isinstance(value, str) else value
    if isinstance(default, bool):
        if isinstance(read, bool):
            return read
        raise ValueError("true or false")
    if isinstance(default, int | float):
        if isinstance(read, int | float) and not isinstance(read, bool):
            return read
        raise ValueError("a number")
    if isinstance(value, str):
        return value
    raise ValueError("a text")
