"""Values from the environment: ``${NAME}`` in any string of a spec or a target, so that no password stands in a file.

Sits between the JSON and the models, which never learn where a string came from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from datagen.language.document import Document
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, is_comment, show

T = TypeVar("T")

_PLACE = re.compile(r"\$(\$?)\{([^{}]*)\}")


def with_environment(document: Document, environment: Mapping[str, str], load: Callable[[Document], T]) -> T:
    """Put the values of the environment into the strings of a document, and load it; ``$${`` stands for ``${``.

    Raises InvalidInput with the variables that are missing and all else that is wrong.
    """
    document, missing = _expanded(document, environment)
    try:
        loaded = load(document)
    except InvalidInput as error:
        places = {problem.path for problem in missing}
        raise InvalidInput([*missing, *(other for other in error.problems if other.path not in places)]) from error
    if missing:
        raise InvalidInput(missing)
    return loaded


def _expanded(document: Document, environment: Mapping[str, str]) -> tuple[Document, list[Problem]]:
    secrets: list[str] = []
    problems: list[Problem] = []

    def put(match: re.Match[str], path: Path_) -> str:
        escaped, name = match.groups()
        if escaped:
            return f"${{{name}}}"
        if name not in environment:
            near = did_you_mean(name, environment)
            near = near if "did you mean" in near else ""  # not a list of all that the environment has
            problems.append(document.problem(path, f"the environment has no variable {show(name)}{near}"))
            return match[0]
        secrets.append(environment[name])
        return environment[name]

    def walk(part: Any, path: Path_) -> Any:
        if isinstance(part, str):
            return _PLACE.sub(lambda match: put(match, path), part)
        if isinstance(part, list):
            return [walk(member, (*path, index)) for index, member in enumerate(part)]
        if isinstance(part, dict):
            return {key: value if is_comment(key) else walk(value, (*path, key)) for key, value in part.items()}
        return part

    try:
        data = walk(document.data, ())
    except RecursionError as error:
        raise InvalidInput([Problem("is nested too deeply", document.source)]) from error
    return replace(document, data=data, secrets=tuple(secrets)), problems
