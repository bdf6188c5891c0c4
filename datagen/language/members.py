"""The members of the JSON of a spec, and the names that stand twice among them."""

from collections.abc import Iterator
from typing import Any

from datagen.problems import Path_, is_comment, show

_DATA = ("value", "values", "rows")  # keys of any JSON
Found = Iterator[tuple[Path_, str]]


def members(path: Path_, part: Any) -> Iterator[tuple[Path_, Any]]:
    """Yield the members of an object or list that are part of the spec; not comments, nor any JSON that is data."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in _DATA and not is_comment(key):
                yield (*path, key), value
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield (*path, index), value


def repeated_names(path: Path_, part: Any) -> Found:
    """Yield the names that an object in a list before has, too."""
    if isinstance(part, list):
        seen = set()
        for index, member in enumerate(part):
            name = member.get("name") if isinstance(member, dict) else None
            if isinstance(name, str) and name in seen:
                yield (*path, index, "name"), f"the name {show(name)} is taken already; names must be unique"
            seen.add(name if isinstance(name, str) else None)
    for member_path, member in members(path, part):
        yield from repeated_names(member_path, member)
