"""YAML as the text of a document: what a library reads as events becomes JSON data, by the core schema of YAML 1.2.

What JSON can't say is refused: numbers that are not finite, keys that are no texts, tags of one's own.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from datagen.language.document import Document
from datagen.language.json_text import finite, why_no_number
from datagen.problems import InvalidInput, Path_, Problem, show

_MOST_ALIASED = 1_000_000  # values that aliases stand for, in all
# YAML 1.2.2, section 10.3.2, in its order
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = ((re.compile(r"[-+]?[0-9]+"), 10), (re.compile(r"0o[0-7]+"), 8), (re.compile(r"0x[0-9a-fA-F]+"), 16))
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAG = "tag:yaml.org,2002:"
_TYPES = {"str": str, "null": type(None), "bool": bool, "int": int, "float": float, "seq": list, "map": dict}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml is there: ten times as fast


@dataclass(slots=True)
class _Part:
    """A value with its place and those of its members, and of how many values it consists."""

    data: Any
    offset: int
    size: int = 1
    members: dict[str | int, tuple[int, "_Part"]] = field(default_factory=dict)  # with the offsets of their keys


class _Unusable(Exception):
    """What stands at an offset can't be read on from."""

    def __init__(self, offset: int, path: Path_, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.path = path


def parse_yaml(text: str, source: str) -> Document:
    """Parse a YAML document of one part as strictly as JSON is parsed; aliases stand for what they name.

    Raises InvalidInput with the places of what is wrong.
    """
    document = Document(None, source, text)
    reader = _Reader(text)
    try:
        whole = reader.whole()
        json.dumps(whole.data, ensure_ascii=False).encode()
    except yaml.reader.ReaderError as error:
        raise InvalidInput([document.at(error.position, (), f"is not YAML: {error.reason}")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidInput([document.at(mark.index if mark else 0, (), _why_no_yaml(text, error))]) from error
    except _Unusable as error:
        raise InvalidInput([document.at(error.offset, error.path, str(error))]) from error
    except RecursionError as error:
        raise InvalidInput([Problem("is not usable YAML: nested too deeply", source)]) from error
    except UnicodeEncodeError as error:
        raise InvalidInput([Problem(f"is not usable YAML: an unpaired surrogate ({error.reason})", source)]) from error
    if reader.twice:
        raise InvalidInput(
            [document.at(offset, path, "this key stands twice in its object") for path, offset in reader.twice]
        )
    if whole.offset < 0:
        raise InvalidInput([Problem("is empty; YAML is expected", source)])
    return Document(whole.data, source, text, _Places(whole))


def _why_no_yaml(text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    if mark and text[mark.index : mark.index + 1] == "\t":
        return "is not YAML: a tab; lines are indented by spaces"
    in_brackets = mark and "${" in text[text.rfind("\n", 0, mark.index) + 1 : mark.index + 1]
    hint = "; between brackets a placeholder stands in quotes" if in_brackets else ""
    return f"is not YAML: {error.problem or error.context}{hint}"


class _Places:
    """Where everything stands in a YAML text; of an alias, what it stands for."""

    def __init__(self, whole: _Part) -> None:
        self._whole = whole

    def __call__(self, path: Path_, *, at_key: bool) -> int:
        part, key_offset = self._whole, self._whole.offset
        for key in path:
            if key not in part.members:
                return part.offset
            key_offset, part = part.members[key]
        return key_offset if at_key else part.offset


class _Reader:
    """Composes the events of a document."""

    def __init__(self, text: str) -> None:
        self.twice: list[tuple[Path_, int]] = []  # keys that stand twice in their object
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str | None, _Part] = {}
        self._aliased = 0

    def whole(self) -> _Part:
        """Return the document; its offset is -1 when there is none."""
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return _Part(None, -1)
        whole = self._part(next(self._events), ())
        next(self._events)  # the end of the document
        more = next(self._events)
        if not isinstance(more, yaml.StreamEndEvent):
            raise _Unusable(more.start_mark.index, (), "is more than one YAML document; one is expected")
        return whole

    def _part(self, event: Any, path: Path_) -> _Part:
        offset = event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, offset, path)
        if isinstance(event, yaml.SequenceStartEvent):
            part = _Part([], offset)
            self._fill_list(part, path)
        elif isinstance(event, yaml.MappingStartEvent):
            part = _Part({}, offset)
            self._fill_object(part, path)
        else:
            part = _Part(_scalar(event, path), offset)
        _check_tag(event, part, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = part
        return part

    def _alias(self, name: str | None, offset: int, path: Path_) -> _Part:
        if name not in self._anchors:
            raise _Unusable(offset, path, f"the alias *{name} names nothing that stands, complete, before it")
        part = self._anchors[name]
        self._aliased += part.size
        if self._aliased > _MOST_ALIASED:
            raise _Unusable(offset, path, f"aliases stand for more than {_MOST_ALIASED:,} values in all")
        return part

    def _fill_list(self, whole: _Part, path: Path_) -> None:
        for index, event in enumerate(self._events):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            part = self._part(event, (*path, index))
            whole.data.append(part.data)
            whole.members[index] = (part.offset, part)
            whole.size += part.size

    def _fill_object(self, whole: _Part, path: Path_) -> None:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            offset = event.start_mark.index
            key = _key(event, offset, path)
            part = self._part(next(self._events), (*path, key))
            if key in whole.members:
                self.twice.append(((*path, key), offset))
            whole.data[key] = part.data
            whole.members[key] = (offset, part)
            whole.size += part.size


def _key(event: Any, offset: int, path: Path_) -> str:
    """Return a key: the text of a scalar as it stands, so that ``7`` and ``no`` are keys as in JSON."""
    if not isinstance(event, yaml.ScalarEvent):
        raise _Unusable(offset, path, "a key must be a text")
    if event.value == "<<" and event.implicit[0]:
        raise _Unusable(offset, path, 'merge keys are not read; "uses" takes over the keys of another')
    return event.value


def _scalar(event: Any, path: Path_) -> Any:
    tag = (event.tag or "").removeprefix(_TAG)
    if tag == "str" or (not event.tag and not event.implicit[0]) or event.tag == "!":
        return event.value
    try:
        return resolved(event.value)
    except ValueError as error:
        raise _Unusable(event.start_mark.index, path, why_no_number(error)) from error


def resolved(text: str) -> Any:
    """Return what an unquoted text is by the core schema. Raises ValueError when it is a number that JSON has not."""
    if text in _WORDS:
        return _WORDS[text]
    for pattern, system in _WHOLE:
        if pattern.fullmatch(text):
            return int(text if system == 10 else text[2:], system)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a JSON number")
    return finite(text) if _FLOAT.fullmatch(text) else text


def _check_tag(event: Any, part: _Part, path: Path_) -> None:
    """Refuse a tag that is not one of the core schema, or not that of the value."""
    if event.tag in (None, "!"):
        return
    type_ = _TYPES.get(event.tag.removeprefix(_TAG)) if event.tag.startswith(_TAG) else None
    if type_ is None:
        raise _Unusable(part.offset, path, f"the tag {show(event.tag)} is not read")
    if type(part.data) is not type_:
        raise _Unusable(part.offset, path, f"is not what its tag {show(event.tag)} says")
