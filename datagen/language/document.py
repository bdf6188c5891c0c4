"""Documents: the JSON text of a spec or a target, and where everything stands in it.

Knows JSON and places in a text; must not know what a spec means.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from datagen.problems import InvalidInput, Path_, Problem, path_text

_SPACE = re.compile(r"[ \t\r\n]*")
_YAML = re.compile(r"\s*(---|- |[A-Za-z_]\w*:\s)")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Document:
    """A parsed JSON document that still knows where everything stands; without a text when a Python program made it."""

    data: Any
    source: str
    text: str = ""
    secrets: tuple[str, ...] = ()  # values of the environment in it, which no message may show

    def problem(self, path: Path_, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at a JSON path; where the path does not exist, its place is the deepest part that does."""
        if not self.text:
            return Problem(message, self.source, path=path_text(path))
        return self.at(self._offset(path, at_key), path, message)

    def at(self, offset: int, path: Path_, message: str) -> Problem:
        """Return a problem at an offset in the text."""
        line = bisect_left(self._line_ends, offset)
        column = offset - (self._line_ends[line - 1] if line else -1)
        return Problem(message, self.source, line + 1, column, path_text(path))

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    @cached_property
    def _known(self) -> dict[int, dict[str | int, tuple[int, int]]]:
        """Return the members of the containers that were looked into, by their offsets: each is read once."""
        return {}

    def _offset(self, path: Path_, at_key: bool) -> int:
        position = key_position = _skip_space(self.text, 0)
        for part in path:
            if position not in self._known:
                self._known[position] = {key: (at, value_at) for key, at, value_at in _members(self.text, position)}
            if part not in self._known[position]:
                return position
            key_position, position = self._known[position][part]
        return key_position if at_key else position


def parse_json(text: str, source: str) -> Document:
    """Parse a JSON document strictly: no NaN, no key twice in an object, no unpaired surrogate.

    Raises InvalidInput with the places of what is wrong.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = () if not text.strip() else (error.lineno, error.colno)
        raise InvalidInput([Problem(_why_no_json(text, source, error), source, *place)]) from error
    except RecursionError as error:
        raise InvalidInput([Problem("is not usable JSON: nested too deeply", source)]) from error
    except UnicodeEncodeError as error:
        raise InvalidInput([Problem(f"is not usable JSON: an unpaired surrogate ({error.reason})", source)]) from error
    except ValueError as error:
        reason = "a number has too many digits" if "set_int_max_str_digits" in str(error) else error
        raise InvalidInput([Problem(f"is not JSON: {reason}", source)]) from error
    document = Document(data, source, text)
    twice = [
        document.at(offset, path, "this key stands twice in its object") for path, offset in _repeated(text, 0, ())
    ]
    if twice:
        raise InvalidInput(twice)
    return document


def _why_no_json(text: str, source: str, error: json.JSONDecodeError) -> str:
    """Say what stands where JSON ends, of what people write most."""
    rest = text[error.pos :]
    if not text.strip():
        return "is empty; JSON is expected"
    if source.lower().endswith((".yaml", ".yml")) or _YAML.match(text):
        return "is not JSON: it looks like YAML, which is not read"
    if rest.startswith(("//", "/*", "#")):
        return 'is not JSON: comments are not allowed; use a key that begins with "_", such as "_comment"'
    if error.msg.startswith(("Invalid control character", "Unterminated string")):
        return "is not JSON: a text that begins before it has no closing quote"
    if error.msg == "Extra data":
        return "is not JSON: more follows where it should end"
    if rest.startswith("'"):
        return "is not JSON: texts and keys stand in double quotes"
    if rest.startswith(("}", "]")) and text[: error.pos].rstrip().endswith(","):
        return f'is not JSON: a comma before "{rest[0]}"'
    return f"is not JSON: {error.msg}"


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


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _members(text: str, position: int) -> Iterator[tuple[str | int, int, int]]:
    """Yield (key or index, offset of the key, offset of the value) for the members of the container at a position."""
    if text[position] not in "{[":
        return
    named = text[position] == "{"
    position = _skip_space(text, position + 1)
    index = 0
    while text[position] not in "}]":
        key: str | int = index
        key_at = position
        if named:
            key, position = _DECODER.raw_decode(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)
        yield key, key_at, position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)
        index += 1


def _repeated(text: str, position: int, path: Path_) -> Iterator[tuple[Path_, int]]:
    position = _skip_space(text, position)
    seen = set()
    for key, key_at, value_at in _members(text, position):
        if key in seen:
            yield (*path, key), key_at
        seen.add(key)
        yield from _repeated(text, value_at, (*path, key))
