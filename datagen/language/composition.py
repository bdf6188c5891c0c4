"""Composition: a spec of several files, and of definitions that it uses, becomes one document.

Sits between the texts and the models, which see the spec as if it were written out in one place; the document knows
where each part of it was written. The keys ``parameters``, ``include``, ``define`` and ``uses`` end here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.language.document import Document
from datagen.language.inclusion import Files, Part, Parts, Piece
from datagen.language.parameter import parameters_of
from datagen.language.placeholder import first
from datagen.problems import InvalidInput, Path_, Problem, did_you_mean, hiding, is_comment, show

_ENDS_HERE = ("parameters", "include", "define")
_DATA = ("value", "values", "rows", "constants")  # keys of any JSON, in which "uses" is a key like any other
_MOST = 1_000_000  # values that uses stand for, in all


@dataclass(frozen=True)
class Composition:
    """A spec as one document, what was wrong or odd on the way, and the files that it includes."""

    document: Document
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    files: tuple[str, ...]
    lacking: tuple[Problem, ...]  # places of objects without keys that they were to take over


def compose(document: Document, environment: Mapping[str, str] | None, given: Mapping[str, Any]) -> Composition:
    """Return a spec as one document, with ``given`` values of its parameters.

    Raises InvalidInput when it is nested too deeply, or when what it uses grows without bound.
    """
    try:
        declared = parameters_of(document, environment, given)
        files = Files(declared.values, declared.problems, secrets=declared.secrets, names=declared.names)
        main = files.filled(document)
        whole = _Whole(files.problems)
        definitions: list[_Definitions] = []
        if isinstance(main.data, dict):
            data, definitions = _written_out(main, files, whole)
            main = replace(main, data=data, moved=whole.moved)
    except RecursionError as error:
        raise InvalidInput([Problem("is nested too deeply", document.source)]) from error
    unread = [
        document.problem(place, "is read nowhere", at_key=True)
        for name, place in declared.places.items()
        if name not in files.names
    ]
    return Composition(
        replace(main, secrets=tuple(dict.fromkeys(files.secrets))),
        tuple(files.problems),
        (*unread, *(problem for one in definitions for problem in one.unused(main))),
        tuple(files.included),
        tuple(whole.lacking),
    )


def _written_out(main: Document, files: Files, whole: "_Whole") -> "tuple[dict[str, Any], list[_Definitions]]":
    """Return the parts of all files as one object, and the definitions of the spec and of its populations.

    Raises InvalidInput when a file can't be read: whatever could be said of the rest would be wrong.
    """
    parts = files.parts(main)
    inner = _inner_parts(main, files)
    if files.is_incomplete:
        raise InvalidInput(hiding(files.problems, files.secrets))
    if inner:  # the others are written as the rest of the spec is
        parts["populations"] = {name: _piece(main, name) for name in main.data["populations"] if name not in inner}
    common = _Definitions(whole)
    common.take(parts.get("define", {}))
    data = {
        key: common.all_written(part, Piece(None, main, (key,))) for key, part in parts.items() if key not in _ENDS_HERE
    }
    own = {name: common.inside(name) for name in inner}
    if inner:
        found = {name: _population(inner[name], own[name], _piece(main, name)) for name in inner}
        data["populations"] = {name: (found | data["populations"])[name] for name in main.data["populations"]}
    return data, [common, *own.values()]


def _piece(main: Document, population: str) -> Piece:
    return Piece(main.data["populations"][population], main, ("populations", population))


def _inner_parts(main: Document, files: Files) -> dict[str, Parts]:
    """Return what stands under the keys of each population that has definitions or files of its own."""
    found: dict[str, Parts] = {}
    populations = main.data.get("populations")
    for name, value in populations.items() if isinstance(populations, dict) else ():
        if isinstance(value, dict) and not is_comment(name) and any(key in value for key in _ENDS_HERE):
            piece = _piece(main, name)
            found[name] = {key: piece.member(key) for key in value if key != "uses"}
            files.add_included(found[name], piece, name)
    return found


def _population(parts: Parts, definitions: "_Definitions", at: Piece) -> dict[str, Any]:
    """Return a population as if it were written out in one place; ``at`` is where it is."""
    own = parts.get("define", {})
    definitions.take(own.members() if isinstance(own, Piece) and isinstance(own.value, dict) else own)
    return definitions.taken_over(at, parts) | {
        key: definitions.all_written(part, replace(at, path=(*at.path, key)))
        for key, part in parts.items()
        if key not in _ENDS_HERE
    }


@dataclass
class _Whole:
    """What is known of a spec that is written out."""

    problems: list[Problem]
    moved: dict[Path_, tuple[Document, Path_]] = field(default_factory=dict)  # what was written elsewhere, and where
    lacking: list[Problem] = field(default_factory=list)
    size: int = 0  # values that uses stand for


_Inside = tuple[tuple[str, str], ...]  # definitions that something is a part of, each with whose it is


class _Definitions:
    """What stands under ``define`` of a spec, or of a population, and what becomes of what uses it."""

    def __init__(self, whole: _Whole, population: str = "", outer: "_Definitions | None" = None) -> None:
        self._whole, self._population, self._outer = whole, population, outer
        self._defined: dict[str, Piece] = {}
        self._used: set[str] = set()

    def inside(self, population: str) -> "_Definitions":
        """Return those of a population, none so far, which hide these."""
        return _Definitions(self._whole, population, self)

    def take(self, definitions: Part) -> None:
        """Take the definitions of all files."""
        if not isinstance(definitions, dict):
            for piece in [definitions] if isinstance(definitions, Piece) else definitions:
                self._whole.problems.append(piece.problem("must be an object of names and objects"))
            return
        for name, piece in definitions.items():
            if isinstance(piece.value, dict):
                self._defined[name] = piece
            elif not is_comment(name):
                self._whole.problems.append(piece.problem(f"must be an object, found {show(first(piece.value))}"))

    def unused(self, main: Document) -> Iterator[Problem]:
        """Yield which definitions of the spec itself nothing uses."""
        for name, piece in self._defined.items():
            if name not in self._used and piece.document.source == main.source:
                yield piece.problem("is used nowhere", at_key=True)

    def all_written(self, part: Part, key: Piece) -> Any:
        """Return what stands under a key of the spec, of all files, written out."""
        if isinstance(part, list):
            return [self._written(piece, (*key.path, index), key) for index, piece in enumerate(part)]
        if isinstance(part, dict):
            return {
                name: self._written(piece, (*key.path, name), key, is_data=is_comment(name))
                for name, piece in part.items()
            }
        return self._written(part, key.path, key)

    def taken_over(self, population: Piece, parts: Parts) -> dict[str, Any]:
        """Return what a population takes over of what it uses, which stands outside; ``parts`` are its own."""
        assert self._outer is not None, "they are those of a population"
        written = {}
        for key, (member, within, owner) in self._outer._keys(population, ()).items():
            if key in population.value:
                continue
            if key in parts:
                text = f"what it uses has {show(key)}, and so have its files; take one of them into the population"
                self._whole.problems.append(population.problem(text, "uses"))
            natural = Piece(None, population.document, (*population.path, key))
            written[key] = owner._written(member, (*population.path, key), natural, within)
        return written

    def _written(self, piece: Piece, at: Path_, expected: Piece, inside: _Inside = (), *, is_data: bool = False) -> Any:
        """Return a piece written out, to stand at a path; remember where it was written, if not where ``expected``.

        ``inside`` are the definitions that it is a part of.
        """
        if piece.document is not expected.document or piece.path != expected.path:
            self._whole.moved[at] = piece.document, piece.path
        self._count(piece, inside)
        if is_data or not isinstance(piece.value, list | dict):
            return piece.value
        if isinstance(piece.value, list):
            members: Any = enumerate(piece.members())
            return [self._written(member, (*at, index), member, inside) for index, member in members]
        written = {}
        for key, (member, within, owner) in self._keys(piece, inside).items():
            natural = Piece(None, piece.document, (*piece.path, key))
            is_data = is_comment(key) or (key in _DATA and not (key == "values" and isinstance(member.value, dict)))
            written[key] = owner._written(member, (*at, key), natural, within, is_data=is_data)
        return written

    def _keys(self, piece: Piece, inside: _Inside) -> "dict[str, tuple[Piece, _Inside, _Definitions]]":
        """Return the keys of an object and of what it uses, each with the definitions that it is a part of, and whose.

        A definition uses those that can be seen where it stands.
        """
        whole, owner = piece, self
        keys = {key: (piece.member(key), inside, owner) for key in piece.value if key != "uses"}
        while "uses" in piece.value:
            name = first(piece.value["uses"])
            holder = owner._holder(name)
            problem = owner._no_use(name, inside, holder)
            if problem or holder is None:
                self._whole.problems.append(piece.problem(problem or "", "uses"))
                self._whole.lacking.append(whole.problem(""))
                break
            holder._used.add(name)
            owner, piece, inside = holder, holder._defined[name], (*inside, (holder._population, name))
            more = {
                key: (piece.member(key), inside, owner) for key in piece.value if key != "uses" and not is_comment(key)
            }
            keys = more | keys
        return keys

    def _holder(self, name: Any) -> "_Definitions | None":
        """Return those among which the definition is that is meant by a name; None when there is none."""
        if isinstance(name, str) and name in self._defined:
            return self
        return None if self._outer is None else self._outer._holder(name)

    def _no_use(self, name: Any, inside: _Inside, holder: "_Definitions | None") -> str | None:
        """Return why an object can't use what has a name, if so."""
        if not isinstance(name, str):
            return f"must be the name of a definition, found {show(name)}"
        if holder is None:
            known = {**self._defined, **({} if self._outer is None else self._outer._defined)}
            return f"unknown definition {show(name)}{did_you_mean(name, known)}"
        if (holder._population, name) in inside:
            way = [other for _, other in inside[inside.index((holder._population, name)) :]]
            return f"definitions use one another: {' → '.join((*way, name))}"
        return None

    def _count(self, piece: Piece, inside: _Inside) -> None:
        if inside:
            self._whole.size += 1 + (len(piece.value) if isinstance(piece.value, list | dict) else 0)
        if self._whole.size > _MOST:
            problem = piece.problem(f"definitions stand for more than {_MOST:,} values in all")
            raise InvalidInput([problem])
