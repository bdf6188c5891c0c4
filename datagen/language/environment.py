"""Values from the environment: ``${NAME}`` in any string of a spec or a target, so that no file needs a password.

Sits between the JSON and the models, which never learn where a string came from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from datagen.language.document import Document
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, hidden, is_comment, show

T = TypeVar("T")

_PLACEHOLDER = re.compile(r"\$(\$?)\{([^{}]*)\}")


def with_environment(document: Document, environment: Mapping[str, str] | None, load: Callable[[Document], T]) -> T:
    """Put the values of an environment into the strings of a document and load it; ``$${`` becomes ``${``.

    Without an environment there are no values: whoever loads a document decides what it may read. Raises InvalidInput
    with the variables that are missing and all else that is wrong; it shows no value of the environment.
    """
    document, problems = _expanded(document, environment)
    places = {problem.path for problem in problems}
    loaded: list[T] = []
    try:
        loaded.append(load(document))
    except InvalidInput as error:
        others = (other for other in error.problems if other.path not in places)
        problems += (replace(other, message=hidden(other.message, document.secrets)) for other in others)
    if problems:  # raised here, not above, where its context would be an exception that may show a value
        raise InvalidInput(problems)
    return loaded[0]


def _expanded(document: Document, environment: Mapping[str, str] | None) -> tuple[Document, list[Problem]]:
    secrets: list[str] = []
    problems: list[Problem] = []

    def put(match: re.Match[str], path: Path_) -> str:
        escaped, name = match.groups()
        if escaped:
            return f"${{{name}}}"
        if environment is None:
            message = (
                f"{show(match[0])} needs an environment, but none was given; for example, pass environment=os.environ"
            )
            problems.append(document.problem(path, message))
            return match[0]
        if name not in environment:
            near = did_you_mean(name, environment)
            near = near if "did you mean" in near else ""  # not a list of all that the environment has
            problems.append(document.problem(path, f"the environment has no variable {show(name)}{near}"))
            return match[0]
        secrets.append(environment[name])
        return environment[name]

    def walk(part: Any, path: Path_) -> Any:
        if isinstance(part, str):
            return _PLACEHOLDER.sub(lambda match: put(match, path), part)
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
