"""Composition: a spec of several files, and of definitions that it uses, becomes one document.

Sits between the texts and the models, which see the spec as if it were written out in one place; the document knows
where each part of it was written. The keys ``parameters``, ``include``, ``define`` and ``uses`` end here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from datagen.language.document import Document
from datagen.language.inclusion import Files, Part, Piece
from datagen.language.parameter import parameters_of
from datagen.language.placeholder import Values, first
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
        known, secrets, problems = parameters_of(document, environment, given)
        files = Files(Values(environment, known), problems, secrets=secrets)
        main = files.filled(document)
        definitions = _Definitions(files.problems)
        if isinstance(main.data, dict):
            parts = files.parts(main)
            if files.is_incomplete:  # whatever could be said of the rest would be wrong
                raise InvalidInput(hiding(files.problems, files.secrets))
            definitions.take(parts.get("define", {}))
            data = {
                key: definitions.all_written(part, Piece(None, main, (key,)))
                for key, part in parts.items()
                if key not in _ENDS_HERE
            }
            main = replace(main, data=data, moved=definitions.moved)
    except RecursionError as error:
        raise InvalidInput([Problem("is nested too deeply", document.source)]) from error
    unread = [
        document.problem(("parameters", name), "is read nowhere", at_key=True)
        for name in known
        if name not in files.names
    ]
    return Composition(
        replace(main, secrets=tuple(dict.fromkeys(files.secrets))),
        tuple(files.problems),
        (*unread, *definitions.unused(main)),
        tuple(files.included),
        tuple(definitions.lacking),
    )


class _Definitions:
    """What stands under ``define``, and what becomes of a spec that uses it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.moved: dict[Path_, tuple[Document, Path_]] = {}  # what stands elsewhere than where it was written
        self.lacking: list[Problem] = []
        self._problems = problems
        self._defined: dict[str, Piece] = {}
        self._used: set[str] = set()
        self._size = 0

    def take(self, definitions: Part) -> None:
        """Take the definitions of all files."""
        if not isinstance(definitions, dict):
            for piece in [definitions] if isinstance(definitions, Piece) else definitions:
                self._problems.append(piece.problem("must be an object of names and objects"))
            return
        for name, piece in definitions.items():
            if isinstance(piece.value, dict):
                self._defined[name] = piece
            elif not is_comment(name):
                self._problems.append(piece.problem(f"must be an object, found {show(first(piece.value))}"))

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

    def _written(
        self, piece: Piece, at: Path_, expected: Piece, inside: tuple[str, ...] = (), *, is_data: bool = False
    ) -> Any:
        """Return a piece written out, to stand at a path; remember where it was written, if not where ``expected``.

        ``inside`` are the definitions that it is a part of.
        """
        if piece.document is not expected.document or piece.path != expected.path:
            self.moved[at] = piece.document, piece.path
        self._count(piece, inside)
        if is_data or not isinstance(piece.value, list | dict):
            return piece.value
        if isinstance(piece.value, list):
            members: Any = enumerate(piece.members())
            return [self._written(member, (*at, index), member, inside) for index, member in members]
        written = {}
        for key, (member, within) in self._keys(piece, inside).items():
            natural = Piece(None, piece.document, (*piece.path, key))
            is_data = is_comment(key) or (key in _DATA and not (key == "values" and isinstance(member.value, dict)))
            written[key] = self._written(member, (*at, key), natural, within, is_data=is_data)
        return written

    def _keys(self, piece: Piece, inside: tuple[str, ...]) -> dict[str, tuple[Piece, tuple[str, ...]]]:
        """Return the keys of an object and of what it uses, each with the definitions that it is a part of."""
        whole = piece
        keys = {key: (piece.member(key), inside) for key in piece.value if key != "uses"}
        while "uses" in piece.value:
            name = first(piece.value["uses"])
            problem = self._no_use(name, inside)
            if problem:
                self._problems.append(piece.problem(problem, "uses"))
                self.lacking.append(whole.problem(""))
                break
            self._used.add(name)
            piece, inside = self._defined[name], (*inside, name)
            more = {key: (piece.member(key), inside) for key in piece.value if key != "uses" and not is_comment(key)}
            keys = more | keys
        return keys

    def _no_use(self, name: Any, inside: tuple[str, ...]) -> str | None:
        """Return why an object can't use what has a name, if so."""
        if not isinstance(name, str):
            return f"must be the name of a definition, found {show(name)}"
        if name in inside:
            return f"definitions use one another: {' → '.join((*inside[inside.index(name) :], name))}"
        if name not in self._defined:
            return f"unknown definition {show(name)}{did_you_mean(name, self._defined)}"
        return None

    def _count(self, piece: Piece, inside: tuple[str, ...]) -> None:
        if inside:
            self._size += 1 + (len(piece.value) if isinstance(piece.value, list | dict) else 0)
        if self._size > _MOST:
            problem = piece.problem(f"definitions stand for more than {_MOST:,} values in all")
            raise InvalidInput([problem])
