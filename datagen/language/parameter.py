"""Parameters: values that a spec reads as ``${name}``, with defaults that whoever runs it may replace."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from datagen.language.document import Document
from datagen.language.json_text import scalar
from datagen.language.placeholder import Values, filled, first
from datagen.problems import Problem, did_you_mean, is_comment, show

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def parameters_of(
    document: Document, environment: Mapping[str, str] | None, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str], list[Problem]]:
    """Return the parameters of a spec, the values of the environment in their defaults, and what is wrong.

    ``given`` are values in place of defaults, as text or in the default's type.
    """
    declared = document.data.get("parameters", {}) if isinstance(document.data, dict) else {}
    if not isinstance(declared, dict):
        message = f"must be an object of names and defaults, found {show(declared)}"
        return {}, [], [document.problem(("parameters",), message)]
    defaults = filled(replace(document, data={"parameters": declared}), Values(environment))
    known = {name: first(value) for name, value in defaults.document.data["parameters"].items() if not is_comment(name)}
    problems = [*defaults.problems, *_wrong(document, known)]
    for name, value in given.items():
        if name not in known:
            message = f"there is no parameter {show(name)} to set{did_you_mean(name, known)}"
            problems.append(document.problem(("parameters",), message))
            continue
        try:
            known[name] = _like(known[name], value)
        except ValueError as error:
            message = f"is set to {show(value)}, but must be {error}, as its default is"
            problems.append(document.problem(("parameters", name), message))
    return known, list(defaults.document.secrets), problems


def _wrong(document: Document, known: Mapping[str, Any]) -> Iterator[Problem]:
    for name, default in known.items():
        if not _NAME.fullmatch(name):
            message = f"{show(name)} is no name for a parameter: letters, digits, _ . - and no digit in front"
            yield document.problem(("parameters", name), message, at_key=True)
        if not isinstance(default, str | bool | int | float):
            message = f"must be a text, a number, true or false, found {show(default)}"
            yield document.problem(("parameters", name), message)


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
