"""Names in expressions: what each stands for, and those that stand for nothing."""

import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datagen.plugin.arrival import BATCH, WORKER
from datagen.plugin.life import readable
from datagen.plugin.lookup import Lookup
from datagen.plugin.memory import Memories, Near, parts_of
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_, is_comment, show
from datagen.records.batch import TIME
from datagen.records.expression import ExpressionError, parse
from datagen.records.expression.name import called, former, of_former, root, shown

_NOT_HERE = "can only be read by fields of a record: only records have one before them"
_COURSE = re.compile(r"(profile|incident|visits|free|waiting)\('(.*)'\)", re.DOTALL)
_LISTS = {"profile": "profiles", "incident": "incidents", "visits": "states", "free": "resources"} | {
    "waiting": "resources"
}

Found = Iterator[tuple[Path_, str]]
Known = dict[str, bool]
Lacking = Callable[[str, Near], str | None]


@dataclass(frozen=True)
class Field:
    """A dimension or a variable, and what it reads."""

    path: Path_
    name: str | None
    reads: tuple[tuple[Path_, str], ...]  # variables
    names: tuple[tuple[Path_, str], ...] = ()  # in its expressions
    picks: tuple[tuple[Path_, str, str | None], ...] = ()  # tables, and columns of them
    guesses: tuple[tuple[Path_, str], ...] = ()  # names that are read, too, where they stand for something
    doubts: tuple[tuple[Path_, str], ...] = ()  # those of them that are hardly meant to stand for nothing
    lookups: tuple[tuple[Path_, Lookup], ...] = ()
    chooses_tables: bool = False  # beside those of the picks, some that nothing names
    copies: bool = False  # it is the variable of its own name, as it is


def reading(fields: tuple[Field, ...], variables: Known, *, in_record: bool) -> tuple[Field, ...]:
    """Return fields that also read the variables that their expressions name; what stands above comes first."""
    earlier: Known = {}
    found = []
    for field in fields:
        own = "" if in_record else field.name  # the value before, null at first
        roots = [(path, root(ChainMap(earlier, variables), name)) for path, name in (*field.names, *field.guesses)]
        read = [(path, name) for path, name in roots if name not in ("", own) and name not in earlier]
        found.append(replace(field, reads=(*field.reads, *read)))
        if in_record:
            earlier[field.name or ""] = True
    return tuple(found)


@dataclass(frozen=True)
class Given:
    """What can be read besides dimensions and variables."""

    data: dict[str, Any]  # the JSON of the spec
    has_batches: bool  # whether a source has any
    memories: Memories | None  # of templates; None where what is wrong elsewhere hides some

    @cached_property
    def known(self) -> Known:
        """Return what can be read of any time and birth."""
        named = [called(kind, name) for kind in ("profile", "incident") for name in self.named(kind)]
        return dict.fromkeys(["time", WORKER, *([BATCH] if self.has_batches else []), *named], True)

    @cached_property
    def of_lives(self) -> Known:
        """Return what can be read of a worker in a state, and what all share."""
        has_populations = bool(self.data.get("populations"))
        lives = readable(self.named("visits"), self.named("free"), has_populations=has_populations)
        return dict.fromkeys([*lives, *self.shared], True)

    @cached_property
    def shared(self) -> list[str]:
        """Return the shared values of the spec."""
        named = self.data.get("shared")
        return [name for name in named if not is_comment(name)] if isinstance(named, dict) else []

    def lacking(self, name: str, near: Near) -> str | None:
        """Return why a name that stands for nothing is known all the same, and yet can't be read."""
        if root([BATCH], name):
            return f'{show(name)} can only be read where a source is of the type "every"'
        if (memory := parts_of(name)) is not None and self.memories and memory[0] in self.memories:
            return f"{show(name)} can only be read by states, and by `available` of resources"
        if name in self.shared:
            return f"{show(name)} can only be read by states, and by fields of their records"
        if (course := _COURSE.fullmatch(name)) is None:
            return None
        kind, of = course.groups()
        known = self.named(kind)
        what = _LISTS[kind].removesuffix("s")
        if of in known:
            return f"{name} can only be read by states, and by fields of their records"
        return f"unknown {what} {show(of)}" + (near(of, known) if known else f'; the spec has no "{_LISTS[kind]}"')

    def lacking_in_state(self, emitter: str | None, name: str, near: Near) -> str | None:
        """Return the same for a state with an emitter, or what it spawns; "" for what is read of a memory."""
        if parts_of(name) is None:
            return self.lacking(name, near)
        return (self.memories and self.memories.problem(name, emitter, near)) or ""

    def named(self, kind: str) -> list[str]:
        """Return what there is of a kind, by name."""
        named = self.data.get(_LISTS[kind])
        if isinstance(named, list):
            names = [part["name"] for part in named if isinstance(part, dict) and isinstance(part.get("name"), str)]
            return [name.partition("/")[2] for name in names] if self.data.get("populations") else names
        return [name for name in named if not is_comment(name)] if isinstance(named, dict) else []


def in_space(fields: tuple[Field, ...], space: Namespace) -> tuple[Field, ...]:
    """Return fields of JSON with the names that are meant in a namespace."""

    def meant(name: str) -> str:
        if (course := _COURSE.fullmatch(name)) is None:
            return space.meant("shared", name)
        kind, of = course.groups()
        return called(kind, space.meant(_LISTS[kind], of))

    return tuple(
        replace(
            one,
            names=tuple((path, meant(name)) for path, name in one.names),
            reads=tuple((path, space.meant("held", name)) for path, name in one.reads),
        )
        for one in fields
    )


def unknown_names(
    fields: tuple[Field, ...],
    variables: Known,
    given: Given,
    near: Near,
    of_lives: Known,
    *,
    in_record: bool,
    doubted: bool = False,
    lacking: Lacking | None = None,
) -> Found:
    """Yield the names, or the doubts, that stand for nothing; ``near`` ends a message with the nearest known ones.

    What can be read of the worker's life is ``of_lives``. What is ``lacking`` a state knows better.
    """
    why_not = lacking or given.lacking
    what = "a dimension above, a variable or time" if in_record else "a variable or time"
    everywhere = {field.name for field in fields if field.name is not None} if in_record else set()
    earlier: Known = {}
    formers = dict.fromkeys(map(former, [TIME, *everywhere]), True) if in_record else {}
    for field in fields:
        known = ChainMap(earlier, variables, given.known, of_lives)
        for path, name in field.doubts if doubted else field.names:
            if root(known, name) or root(formers, name):
                continue
            if (of := of_former(name)) is not None:
                yield path, _no_former(of, [TIME, *everywhere], near) if in_record else f"{shown(name)} {_NOT_HERE}"
            elif below := root(everywhere, name):
                yield path, f"{show(below)} does not stand above, and only what does can be read; move it up"
            elif (text := why_not(name, near)) is not None:
                yield from [(path, text)] if text else ()
            else:
                yield path, f"{show(name)} is not {what}{near(name, known)}"
        if in_record:
            earlier[field.name or ""] = True


def unknown_in_states(field: Field, variables: Known, given: Given, near: Near, emitter: str | None) -> Found:
    """Yield the names in the expressions of a state with an emitter that stand for nothing, or can't be read there."""
    known = ChainMap(variables, given.of_lives, given.known)
    for path, name in field.names:
        if root(known, name):
            continue
        if of_former(name) is not None:
            yield path, f"{shown(name)} can't be read by a state"
        elif (text := given.lacking_in_state(emitter, name, near)) is None:
            yield path, f"{show(name)} is neither a variable nor what is known of a worker{near(name, known)}"
        elif text:
            yield path, text


def _no_former(of: str, known: Collection[str], near: Near) -> str:
    return f"{show(of)} is not a dimension of this record{near(of, known)}"


def names_in_json(part: Any) -> Iterator[tuple[str, str]]:
    """Yield the names that a dimension reads, as far as its JSON is expressions, each with the key of that."""
    if not isinstance(part, dict):
        return
    kind = str(part.get("type")).lower()
    if kind == "previous" and isinstance(part.get("of"), str):
        yield "of", former(part["of"])
    keys = ["when", "keyed_by"] + ["value"] * (kind == "expression")
    for key in keys:
        if isinstance(part.get(key), str):
            yield from ((key, name) for name in names_in_text(part[key]))


def names_in_text(text: str) -> list[str]:
    """Return the names that an expression reads; none where the text is no expression."""
    with suppress(ExpressionError):
        return sorted(parse(text).names)
    return []
