"""What is wrong with an input, and where: problems, the exceptions that carry them, and places in JSON text.

Knows JSON and text positions; must not know what a spec means.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

Path_ = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or, as a warning, odd), with its place; ``str()`` is the line the user reads."""

    message: str
    source: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class InvalidInput(ValueError):
    """The command, a spec, a target or a format is wrong; nothing was touched. ``problems`` has all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class RunFailed(RuntimeError):
    """A run could not go on; the message begins with what was being done."""


@dataclass(frozen=True)
class Document:
    """A parsed JSON document that still knows where everything stands; ``text`` is empty for a Python object."""

    data: Any
    source: str
    text: str = ""
    secrets: tuple[str, ...] = ()  # values of the environment in it, which nobody may read

    def problem(self, path: Path_, message: str, *, at_key: bool = False) -> Problem:
        """Make a problem at a JSON path; of a path that does not exist, the deepest part that does is its place."""
        if not self.text:
            return Problem(message, self.source, path=path_text(path))
        return self.at(_offset(self.text, path, at_key), path, message)

    def at(self, offset: int, path: Path_, message: str) -> Problem:
        """Make a problem at a place in the text."""
        line = self.text.count("\n", 0, offset) + 1
        column = offset - (self.text.rfind("\n", 0, offset) + 1) + 1
        return Problem(message, self.source, line, column, path_text(path))


def read_text(source: str) -> str:
    """Read a UTF-8 file that the user named.

    Raises InvalidInput when it can't be read or is not UTF-8.
    """
    try:
        return Path(source).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput([Problem(f"is not UTF-8 text (byte {error.start})", source)]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput([Problem(f"can't be read: {reason}", source)]) from error


def parse_json(text: str, source: str) -> Document:
    """Parse a JSON document strictly: no NaN, no key twice in an object, no unpaired surrogate.

    Raises InvalidInput with the place of what is not JSON.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        problem = Problem(f"is not JSON: {error.msg}", source, error.lineno, error.colno)
        raise InvalidInput([problem]) from error
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


def from_python(data: Any) -> Document:
    """Take a document that a Python program made.

    Raises InvalidInput when it could not be JSON.
    """
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput([Problem(f"is not JSON: {error}", "spec")]) from error
    return Document(data, "spec")


def is_comment(key: object) -> bool:
    """Tell whether a key of a spec is a comment."""
    return isinstance(key, str) and (key.startswith("_") or key == "$schema")


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Leave secrets out of a text, also as ``show`` writes them; what is very short is taken for none."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= _SHORTEST_SECRET:
            text = text.replace(form, "…")
            for length in range(len(form) - 1, _SHORTEST_SECRET - 1, -1):
                text = text.replace(f"{form[:length]}…", "…")
    return text


def path_text(path: Path_) -> str:
    """Write a JSON path as ``emitters[0].dimensions[1].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def path_part(name: str) -> str:
    """Escape a name for a name path that is joined with ``/`` (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Give the end of a message about an unknown name: the nearest known one, or all of them when none is near."""
    names = sorted(set(known))
    lower = {other.lower(): other for other in names}
    near = get_close_matches(str(name).lower(), lower, n=1)
    if near:
        return f"; did you mean {json.dumps(lower[near[0]], ensure_ascii=False)}?"
    return f"; known: {', '.join(names)}" if names else "; there is none"


def show(value: object, limit: int = 60) -> str:
    """Write a value as JSON for a message, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 1] + "…"


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


def _offset(text: str, path: Path_, at_key: bool) -> int:
    position = key_position = _skip_space(text, 0)
    for part in path:
        for key, key_at, value_at in _members(text, position):
            if key == part:
                position, key_position = value_at, key_at
                break
        else:
            return position
    return key_position if at_key else position


def _repeated(text: str, position: int, path: Path_) -> Iterator[tuple[Path_, int]]:
    position = _skip_space(text, position)
    seen = set()
    for key, key_at, value_at in _members(text, position):
        if key in seen:
            yield (*path, key), key_at
        seen.add(key)
        yield from _repeated(text, value_at, (*path, key))
