"""Documents: the data of a spec or a target, and where everything in it was written.

Knows places in a text; must know neither how a text is written nor what a spec means.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from pydantic import ValidationError

from datagen.problems import InvalidInput, Path_, Problem, path_text


class Locate(Protocol):
    """Finds what stands at a path of a document in its text."""

    def __call__(self, path: Path_, *, at_key: bool) -> int:
        """Return the offset of a value, or of its key; where the path does not exist, of the deepest part that does."""


@dataclass(frozen=True)
class Document:
    """The data of a text that still knows where everything stands; without a text when a Python program made it."""

    data: Any
    source: str
    text: str = ""
    locate: Locate | None = None  # with a text
    secrets: tuple[str, ...] = ()  # values of the environment in it, which no message may show
    moved: Mapping[Path_, tuple["Document", Path_]] = field(
        default_factory=dict
    )  # what was written elsewhere, and where

    def problem(self, path: Path_, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at a JSON path; where the path does not exist, its place is the deepest part that does."""
        document, path = self.origin(path)
        if document.locate is None:
            return Problem(message, document.source, path=path_text(path))
        return document.at(document.locate(path, at_key=at_key), path, message)

    def at(self, offset: int, path: Path_, message: str) -> Problem:
        """Return a problem at an offset in the text."""
        line = bisect_left(self._line_ends, offset)
        column = offset - (self._line_ends[line - 1] if line else -1)
        return Problem(message, self.source, line + 1, column, path_text(path))

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def origin(self, path: Path_) -> tuple["Document", Path_]:
        """Return the document in which something was written, and its path there."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.moved:
                document, start = self.moved[path[:length]]
                return document, start + path[length:]
        return self, path


def from_python(data: Any, source: str = "spec") -> Document:
    """Return the document of an object that a Python program made.

    A ``datetime`` becomes its ISO 8601 text, a ``timedelta`` its seconds. Raises InvalidInput when anything else is not
    JSON.
    """
    try:
        data = _plain(data)
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput([Problem(f"is not JSON: {error}", source)]) from error
    return Document(data, source)


def _plain(part: Any) -> Any:
    if isinstance(part, datetime):
        return part.isoformat()
    if isinstance(part, timedelta):
        return part.total_seconds()
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    return [_plain(member) for member in part] if isinstance(part, list | tuple) else part


def problems_in(document: Document, error: ValidationError) -> list[Problem]:
    """Return what a validation found wrong in a document."""
    return [
        document.problem(line["loc"], line["msg"], at_key=line["msg"].startswith("unknown key"))
        for line in error.errors()
    ]
