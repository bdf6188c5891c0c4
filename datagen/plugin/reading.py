"""What a field generator reads, and whether it can do that with it. Knows nothing of how values are made."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol, Self, TypeVar

import pyarrow as pa
from pydantic import PrivateAttr, ValidationInfo, model_validator

from datagen.plugin.model import Maker, Plugin, inside
from datagen.plugin.namespace import EVERYWHERE, Namespace, namespace_of
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.expression import Expression
from datagen.records.expression.name import root

T = TypeVar("T")


class Known(Protocol):
    """Knows what names stand for in the whole spec."""

    def known(self, names: Iterable[str]) -> dict[str, pa.Array]:
        """Return the values that hold what names stand for: each by itself or what is before one of its dots."""


class Reading(Plugin):
    """What can read variables, other fields and tables."""

    _space: Namespace = PrivateAttr(EVERYWHERE)

    @model_validator(mode="after")
    def _stands_somewhere(self, info: "ValidationInfo[Maker]") -> Self:
        self._space = namespace_of(info)
        return self

    def meant(self, written: Iterable[str]) -> list[str]:
        """Return what names mean where it stands that are written in texts, not in expressions."""
        return [self._space.meant("shared", name) for name in written]

    def known_here(self, rows: Known, written: Iterable[str]) -> dict[str, pa.Array]:
        """Return the values that such names stand for, by what is written."""
        return self.called_here(rows.known(self.meant(written)))

    def called_here(self, known: Mapping[str, T]) -> dict[str, T]:
        """Return what is known by names of the whole spec, also by what is written for them where it stands."""
        names = self._space.names.get("shared", {})
        whole = {meant: written for written, meant in names.items()}
        firsts = {name: root(whole, name) for name in known}
        own = {whole[first] + name[len(first) :]: known[name] for name, first in firsts.items() if first}
        return {**known, **own}

    @abstractmethod
    def whole(self) -> "Iterator[tuple[Path_, Reading]]":
        """Yield it and all that is inside, each with its path from here."""

    @abstractmethod
    def nested(self) -> "Iterator[tuple[Path_, Reading]]":
        """Yield what stands among its keys, each with its path from here."""

    def reads(self) -> tuple[str, ...]:
        """Return the variables that this dimension reads itself, without those that nested ones read."""
        return ()

    def expressions(self) -> Iterator[tuple[Path_, Expression]]:
        """Yield the expressions among its keys, without those of nested dimensions, each with its path from here."""
        return iter(self._expressions)

    @cached_property
    def _expressions(self) -> list[tuple[Path_, Expression]]:
        return list(inside(self, Expression, Reading))

    def names(self) -> Iterator[tuple[Path_, str]]:
        """Yield the names that its expressions read, as they are written (``a.b`` for a key inside), each with its key.

        They are those of dimensions of the record that stand above, of variables, or ``time``.
        """
        for path, expression in self.expressions():
            yield from ((path, name) for name in sorted(expression.names))

    def guesses(self) -> Iterator[tuple[Path_, str]]:
        """Yield the names that it reads, too, where they stand for something, each with its key."""
        return iter(())

    def doubts(self) -> Iterator[tuple[Path_, str]]:
        """Yield those of its guesses that are hardly meant to stand for nothing, each with its key."""
        return iter(())

    def sure_names(self) -> Iterator[tuple[Path_, str]]:
        """Yield the names that it and its nested dimensions read without a guess, each with its path from here."""
        for path, part in self.whole():
            yield from (((*path, *inner), name) for inner, name in part.names())

    def all_names(self) -> Iterator[tuple[Path_, str]]:
        """Yield the names that it and its nested dimensions read or guess, each with its path from here."""
        for path, part in self.whole():
            yield from (((*path, *inner), name) for inner, name in (*part.names(), *part.guesses()))

    def all_doubts(self) -> Iterator[tuple[Path_, str]]:
        """Yield the doubts that it and its nested dimensions have, each with its path from here."""
        for path, part in self.whole():
            yield from (((*path, *inner), name) for inner, name in part.doubts())

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        """Yield what it can't do with what it reads, each with its path from here.

        The layout has the values that names of expressions stand for; ``variables`` are the types of all variables.
        """
        for path, expression in self.expressions():
            yield from ((path, text) for text in expression.check(layout))
            if path[-1] == "when" and not expression.check(layout) and not expression.is_condition(layout):
                yield path, "is neither true nor false"

    def all_reads(self) -> Iterator[tuple[Path_, str]]:
        """Yield the variables that it and its nested dimensions read, each with the path of the one that reads it."""
        yield from (((), name) for name in self.reads())
        for path, nested in self.nested():
            yield from (((*path, *inner), name) for inner, name in nested.all_reads())

    def row_label(self) -> tuple[str, str, Any] | None:
        """Return the table and the label of a row that fields of a record share, if so, and how it is picked."""
        return None

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        """Yield the tables that it picks from itself, each with its path from here, and the column if it needs one."""
        return iter(())

    def chooses_tables(self) -> bool:
        """Return whether it may pick from tables that nothing names, itself or one inside."""
        return any(nested.chooses_tables() for _, nested in self.nested())

    def all_picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        """Yield the tables that it and its nested dimensions pick from, each with its path from here."""
        yield from self.picks()
        for path, nested in self.nested():
            yield from (((*path, *inner), table, column) for inner, table, column in nested.all_picks())
