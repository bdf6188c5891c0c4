"""Files: a spec and those that it includes, put together into pieces that know where they were written."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from datagen.language.document import Document
from datagen.language.placeholder import Filled, Values, filled, first
from datagen.language.syntax import parse
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, is_comment, read_text, show

SHARED = ("tables", "profiles", "incidents", "states", "emitters", "define")  # what an included file may add to


@dataclass(frozen=True)
class Piece:
    """A part of a text, and where it stands."""

    value: Any
    document: Document
    path: Path_

    def member(self, key: str | int) -> "Piece":
        """Return what stands under a key, or at an index."""
        return Piece(self.value[key], self.document, (*self.path, key))

    def members(self) -> "dict[str, Piece] | list[Piece]":
        """Return what is in an object or a list."""
        if isinstance(self.value, dict):
            return {key: self.member(key) for key in self.value}
        return [self.member(index) for index in range(len(self.value))]

    def problem(self, message: str, key: str | int | None = None, *, at_key: bool = False) -> Problem:
        """Return a problem of the piece, or of what stands under a key of it."""
        path = self.path if key is None else (*self.path, key)
        return self.document.problem(path, message, at_key=at_key)


Part = Piece | list[Piece] | dict[str, Piece]  # what stands under a key of a spec, of several files
Parts = dict[str, Part]


@dataclass
class Files:
    """The files of a spec, with the values of their placeholders, and what is wrong with them."""

    values: Values
    problems: list[Problem] = field(default_factory=list)
    included: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    is_incomplete: bool = False  # whether one of them can't be read
    names: set[str] = field(default_factory=set)  # that placeholders read
    _read_for: set[tuple[str, str]] = field(default_factory=set)  # of a population or, by ``""``, of all: files

    def filled(self, document: Document, population: str = "") -> Document:
        """Put the values into a document, those of a population into a file that this includes."""
        made: Filled = filled(document, self.values.inside(population))
        self.problems += made.problems
        self.secrets += made.document.secrets
        self.names |= made.names
        return made.document

    def parts(self, main: Document) -> Parts:
        """Return what stands under the keys of a spec, with what its included files add behind it."""
        whole = Piece(main.data, main, ())
        parts: Parts = {key: whole.member(key) for key in main.data}
        for key in SHARED:
            if isinstance(main.data.get(key), dict):
                parts[key] = whole.member(key).members()
        self.add_included(parts, whole)
        return parts

    def add_included(self, parts: Parts, owner: Piece, population: str = "") -> None:
        """Add what the files have that a spec, or a population of it, includes."""
        main = owner.document
        for included in self._included(owner, (_real(main.source),) if main.text else (), population):
            self._add(parts, Piece(included.data, included, ()))

    def _included(self, owner: Piece, way: tuple[str, ...], population: str) -> Iterator[Document]:
        """Yield the files that a part includes, and behind each those that it includes itself; each once."""
        document, names, place = owner.document, owner.value.get("include", []), (*owner.path, "include")
        if not isinstance(names, list) or not all(isinstance(first(name), str) for name in names):
            self.problems.append(document.problem(place, "must be a list of names of files"))
            return
        here: set[str] = set()
        for number, name in enumerate(names):
            path = os.path.join(os.path.dirname(document.source), first(name))
            real = _real(path)
            if real in way:
                circle = " → ".join(os.path.basename(file) for file in (*way[way.index(real) :], real))
                self.problems.append(document.problem((*place, number), f"files include one another: {circle}"))
            elif real in here:
                self.problems.append(document.problem((*place, number), f"{path} is included already"))
            elif (population, real) not in self._read_for:
                self._read_for.add((population, real))
                included = self._read(path, owner, number, population)
                if included is not None:
                    yield included
                    yield from self._included(Piece(included.data, included, ()), (*way, real), population)
            here.add(real)

    def _read(self, path: str, owner: Piece, number: int, population: str) -> Document | None:
        """Read an included file; None, with a problem, when it is none."""
        try:
            text = read_text(path)
        except InvalidInput as error:
            messages = (f"{path} {problem.message}" for problem in error.problems)
            self.problems += (owner.document.problem((*owner.path, "include", number), message) for message in messages)
            self.is_incomplete = True
            return None
        if path not in self.included:
            self.included.append(path)
        try:
            included = self.filled(parse(text, path), population)
        except InvalidInput as error:
            self.problems += error.problems
            self.is_incomplete = True
            return None
        if not isinstance(included.data, dict):
            self.problems.append(included.problem((), f"must be an object, found {show(first(included.data))}"))
            return None
        return included

    def _add(self, parts: Parts, included: Piece) -> None:
        """Add what is in an included file."""
        for key in included.value:
            if key in SHARED:
                self._append(parts, key, included.member(key))
            elif key != "include" and not is_comment(key):
                near = did_you_mean(key, (*SHARED, "include"))
                message = f"unknown key {show(key)} of an included file{near}"
                self.problems.append(included.problem(message, key, at_key=True))

    def _append(self, parts: Parts, key: str, more: Piece) -> None:
        """Add a list to a list, or an object to an object."""
        own = parts.get(key, [] if isinstance(more.value, list) else {})
        if isinstance(own, Piece):
            if not isinstance(own.value, list | dict):
                return  # whoever reads it says what is wrong
            own = own.members()
        if not isinstance(more.value, type(own)):
            kind = "a list" if isinstance(own, list) else "an object"
            self.problems.append(more.problem(f"must be {kind}, found {show(first(more.value))}"))
            return
        parts[key] = own
        taken = {name: piece for name, piece in _named(own) if name is not None}
        for name, piece in _named(more.members()):
            if name in taken:
                self.problems.append(_taken(name, piece, taken[name], is_key=isinstance(own, dict)))
            elif isinstance(own, list):
                own.append(piece)
            elif name is not None:
                own[name] = piece


def _named(members: dict[str, Piece] | list[Piece]) -> Iterator[tuple[str | None, Piece]]:
    """Yield pieces with their names, if they have any: the keys of an object; of a list, what ``name`` says."""
    if isinstance(members, dict):
        yield from ((name, piece) for name, piece in members.items() if not is_comment(name))
        return
    for piece in members:
        name = first(piece.value.get("name")) if isinstance(piece.value, dict) else None
        yield name if isinstance(name, str) else None, piece


def _taken(name: str, piece: Piece, other: Piece, *, is_key: bool) -> Problem:
    key = None if is_key else "name"
    place = other.problem("", key, at_key=is_key).place
    return piece.problem(f"the name {show(name)} is taken already, at {place}", key, at_key=is_key)


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:  # a null character; whoever opens it says so
        return path
