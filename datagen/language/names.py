"""Names in expressions: what each stands for, and those that stand for nothing."""

from collections import ChainMap
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from datagen.problems import Path_, show
from datagen.records.expression import ExpressionError, parse
from datagen.records.expression.name import root

_TIME = {"time": True}

Found = Iterator[tuple[Path_, str]]
Known = dict[str, bool]


@dataclass(frozen=True)
class Field:
    """A dimension or a variable, and what it reads."""

    path: Path_
    name: str | None
    reads: tuple[tuple[Path_, str], ...]  # variables
    names: tuple[tuple[Path_, str], ...] = ()  # in its expressions


def reading(fields: tuple[Field, ...], variables: Known, *, in_record: bool) -> tuple[Field, ...]:
    """Return fields that also read the variables that their expressions name; what stands above comes first."""
    earlier: Known = {}
    found = []
    for field in fields:
        own = "" if in_record else field.name  # the value before, null at first
        roots = [(path, root(ChainMap(earlier, variables), name)) for path, name in field.names]
        read = [(path, name) for path, name in roots if name not in ("", own) and name not in earlier]
        found.append(replace(field, reads=(*field.reads, *read)))
        if in_record:
            earlier[field.name or ""] = True
    return tuple(found)


def unknown_names(
    fields: tuple[Field, ...], variables: Known, near: Callable[[str, Collection[str]], str], *, in_record: bool
) -> Found:
    """Yield the names that stand for nothing; ``near`` ends a message with the nearest known ones."""
    what = "a dimension above, a variable or time" if in_record else "a variable or time"
    everywhere = {field.name for field in fields if field.name is not None} if in_record else set()
    earlier: Known = {}
    for field in fields:
        known = ChainMap(earlier, variables, _TIME)
        for path, name in field.names:
            if root(known, name):
                continue
            if below := root(everywhere, name):
                yield path, f"{show(below)} does not stand above, and only what does can be read; move it up"
            else:
                yield path, f"{show(name)} is not {what}{near(name, known)}"
        if in_record:
            earlier[field.name or ""] = True


def names_in_json(part: Any) -> list[str]:
    """Return the names that a dimension reads, as far as its JSON is an expression."""
    if not isinstance(part, dict) or str(part.get("type")).lower() != "expression":
        return []
    try:
        return sorted(parse(part["value"]).names) if isinstance(part.get("value"), str) else []
    except ExpressionError:
        return []
