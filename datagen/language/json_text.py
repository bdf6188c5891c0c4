"""JSON as the text of a document, without and with comments."""

import json
import re
from collections.abc import Iterator

from datagen.language.document import Document
from datagen.problems import InvalidInput, Path_, Problem

_SPACE = re.compile(r"[ \t\r\n]*")
# How a text in YAML begins, if not like JSON.
YAML = re.compile(r"""\s*(?:#|%YAML|---|-\s|(?:\w[\w$-]*|"[^"\n]*"|'[^'\n]*')\s*:(?:\s|$))""")
_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(?P<comment>//[^\n]*|/\*.*?\*/)', re.DOTALL)
_SCALAR = re.compile(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # RFC 8259, section 6
_DECODER = json.JSONDecoder()


def parse_json(text: str, source: str) -> Document:
    """Parse a JSON document strictly: no NaN, no key twice in an object, no unpaired surrogate.

    Raises InvalidInput with the places of what is wrong.
    """
    return _parsed(
        text, source, 'comments are not allowed; name the file .jsonc, or use a key that begins with "_", as "_comment"'
    )


def parse_jsonc(text: str, source: str) -> Document:
    """Parse JSON with ``//`` and ``/* */`` comments, as strictly as ``parse_json``.

    Raises InvalidInput with the places of what is wrong.
    """
    plain = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]) if match["comment"] else match[0], text)
    return _parsed(plain, source, "a comment is written // to the end of the line, or /* and */ around it")


def _parsed(text: str, source: str, of_comments: str) -> Document:
    try:
        data = json.loads(text, parse_constant=_refuse_constant, parse_float=finite)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = () if not text.strip() else (error.lineno, error.colno)
        raise InvalidInput([Problem(_why_no_json(text, error, of_comments), source, *place)]) from error
    except RecursionError as error:
        raise InvalidInput([Problem("is not usable JSON: nested too deeply", source)]) from error
    except UnicodeEncodeError as error:
        raise InvalidInput([Problem(f"is not usable JSON: an unpaired surrogate ({error.reason})", source)]) from error
    except ValueError as error:
        raise InvalidInput([Problem(f"is not JSON: {why_no_number(error)}", source)]) from error
    document = Document(data, source, text, _Places(text))
    twice = [
        document.at(offset, path, "this key stands twice in its object") for path, offset in _repeated(text, 0, ())
    ]
    if twice:
        raise InvalidInput(twice)
    return document


def _why_no_json(text: str, error: json.JSONDecodeError, of_comments: str) -> str:
    """Say what stands where JSON ends, of what people write most."""
    rest = text[error.pos :]
    if not text.strip():
        return "is empty; JSON is expected"
    if YAML.match(text):
        return "is not JSON: it looks like YAML; name the file .yaml"
    if rest.startswith(("//", "/*", "#")):
        return f"is not JSON: {of_comments}"
    if error.msg.startswith(("Invalid control character", "Unterminated string")):
        return "is not JSON: a text that begins before it has no closing quote"
    if error.msg == "Extra data":
        return "is not JSON: more follows where it should end"
    if rest.startswith("${"):
        return "is not JSON: a placeholder stands in double quotes"
    if rest.startswith("'"):
        return "is not JSON: texts and keys stand in double quotes"
    if rest.startswith(("}", "]")) and text[: error.pos].rstrip().endswith(","):
        return f'is not JSON: a comma before "{rest[0]}"'
    return f"is not JSON: {error.msg}"


def finite(text: str) -> float:
    """Return the number that a text says. Raises ValueError when it is too large a one."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return number


def scalar(text: str) -> bool | int | float | None:
    """Return the number, true or false that a text is in JSON; None when it is none of them."""
    if not _SCALAR.fullmatch(text):
        return None
    try:
        read: bool | int | float = json.loads(text, parse_float=finite)
    except ValueError:
        return None
    return read


def why_no_number(error: ValueError) -> str:
    """Return what is wrong with a number, in our words."""
    return "a number has too many digits" if "set_int_max_str_digits" in str(error) else str(error)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


class _Places:
    """Where everything stands in a JSON text; looks into a container when it is first asked for what is in there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, dict[str | int, tuple[int, int]]] = {}  # the members of containers, by their offsets

    def __call__(self, path: Path_, *, at_key: bool) -> int:
        position = key_position = _skip_space(self._text, 0)
        for part in path:
            if position not in self._known:
                self._known[position] = {key: (at, value_at) for key, at, value_at in _members(self._text, position)}
            if part not in self._known[position]:
                return position
            key_position, position = self._known[position][part]
        return key_position if at_key else position


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
