"""What states read of lists that are drawn, and of their items.

The walk keeps no such list. Of each part of an expression that reads nothing else it keeps the answer, a number, or
whether it is true. That is calculated in columns when lists are drawn ahead, by what calculates it for records.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers, Keys
from datagen.engine.arithmetic import as_real, by_place
from datagen.engine.code import NONE, NULL, REAL, Code, Constants, Part, Source, Unprogrammable, type_of
from datagen.engine.lists import lists_in
from datagen.engine.setter import Setter, numbers_of
from datagen.plugin.world import World
from datagen.problems import show
from datagen.records.conversion import as_type
from datagen.records.decimal import is_decimal
from datagen.records.expression.facets import BOOLEAN, condition, spread, words_of
from datagen.records.expression.logic import Null
from datagen.records.expression.node import Given, Node, evaluated
from datagen.records.expression.value import Name
from datagen.records.types import common_type, list_parts, plain, plain_type

MOST_ITEMS = 32  # of lists in which one can be looked for by its place; each is kept


@dataclass(frozen=True)
class Question:
    """A part of an expression that reads one value alone."""

    node: Node
    name: str  # of the value
    is_truth: bool = False  # whether it is only asked for what is true
    zone: str = "UTC"

    def answers(self, values: pa.Array) -> pa.Array:
        """Return the answers for values (n,), numbers or what is true; raises Unprogrammable where they are others."""
        found = evaluated(self.node, Given({self.name: values}, len(values), self.zone))
        if self.is_truth:
            found = {BOOLEAN: condition(found)}
        if not found:
            return pa.nulls(len(values))
        if any(is_decimal(made.type) for made in found.values()):
            raise Unprogrammable(
                f"{show(self.name)} has exact decimals, which a state can't calculate with, but compare with constants"
            )
        made = spread(next(iter(found.values())), len(values))
        if len(found) > 1 or type_of(made.type) is None or pa.types.is_timestamp(made.type):
            raise Unprogrammable(
                f"of {show(self.name)}, which is in a list that is drawn, a state can read numbers, what is true, and "
                f"how the rest compares with constants, but not {words_of(found)}; with a `cardinality` it can"
            )
        return made


@dataclass
class Lists:
    """The lists that a setter draws, drawn once for all that is asked about them."""

    setter: Setter
    type: pa.DataType  # of the variable
    _keys: Keys | None = None
    _made: pa.Array | None = None
    _answers: dict[Question, pa.Array] = field(default_factory=dict)  # of all items, side by side

    def of(self, keys: Keys, path: str, world: World) -> pa.Array:
        """Return them for some keys of steps, (n,)."""
        if self._made is None or self._keys is not keys:
            self._keys, self._made = keys, as_type(self.setter.whole(keys, path, world), self.type)
            self._answers.clear()
        return self._made

    def at(self, place: int, question: Question, keys: Keys, path: str, world: World) -> pa.Array:
        """Return the answers for the item at a place in them, (n,); where there is none, those for null."""
        offsets, items = list_parts(lists_in(self.of(keys, path, world)))
        if question not in self._answers:
            items = pa.concat_arrays([plain(items), pa.nulls(1, plain_type(items.type))])
            self._answers[question] = question.answers(items)
        answers, begins = self._answers[question], offsets.to_numpy()
        there = begins[:-1] + place < begins[1:]
        return answers.take(pa.array(np.where(there, begins[:-1] + place, len(answers) - 1)))


@dataclass(frozen=True)
class Extract:
    """The answer for the lists of a setter, or for the item at a place in each, as the walk has it drawn ahead."""

    lists: Lists
    question: Question
    place: int | None
    type: pa.DataType  # of the answers

    @property
    def setter(self) -> Setter:
        """Return what draws the lists."""
        return self.lists.setter

    def values(self, keys: Keys, path: str, world: World) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Return the answers for some keys of steps (n,), real ones by their bits, and where there are any."""
        if self.place is None:
            answers = self.question.answers(self.lists.of(keys, path, world))
        else:
            answers = self.lists.at(self.place, self.question, keys, path, world)
        return numbers_of(as_type(answers, self.type))


@dataclass(frozen=True)
class Kept:
    """Where an answer is kept, and the instructions for it, by the owners of what sets the value."""

    keep: tuple[str, int]
    codes: dict[int, Code]


@dataclass
class Extracts:
    """All answers that are kept about a variable."""

    type: pa.DataType  # of the variable
    most: float  # items that it has, where it is a list
    constants: Constants
    room: Callable[[], int]  # for another answer
    codes: Callable[[Question, int | None, pa.DataType], dict[int, Code]]
    kept: dict[tuple[Question, int | None], Kept] = field(default_factory=dict)

    @property
    def item(self) -> pa.DataType:
        """Return the type of the items of a list."""
        lists = lists_in(pa.nulls(0, self.type))
        assert lists is not None, "a variable that has lists"
        return plain_type(lists.type.value_type)

    def item_at(self, place: Part, question: Question) -> Part:
        """Return the answer for the item at a place in a list; raises Unprogrammable where there are too many."""
        parts = {number: self.part(question, number) for number in range(places_in(self.most))}
        return by_place(
            place, parts, constant(question.answers(pa.nulls(1, self.item)), self.constants), self.constants
        )

    def part(self, question: Question, place: int | None = None) -> Part:
        """Return the answer for the value, or for the item at a place in it, as a worker has it; as of null at first.

        Raises Unprogrammable where it can't be kept.
        """
        nothing = question.answers(pa.nulls(1, self.type if place is None else self.item))
        type_ = type_of(nothing.type)
        if type_ is None or type_ == NONE:
            return Part(NONE, NULL)
        real = " real" if type_ == REAL else ""
        if (question, place) not in self.kept:
            keep = (f"keep{real}", self.room())
            self.kept[question, place] = Kept(keep, self.codes(question, place, nothing.type))
        code: Code = ((f"known{real}", self.kept[question, place].keep[1]),)
        if not nothing[0].as_py() and (question.is_truth or not nothing[0].is_valid):
            return Part(type_, code)
        otherwise = constant(nothing, self.constants)
        if isinstance(question.node, Null) or question.is_truth:  # null only where there has been nothing yet
            return Part(type_, (*code, *otherwise.code, ("coalesce", 0)))
        is_null = self.part(Question(Null(0, Name(0, question.name)), question.name), place)
        return Part(type_, (*is_null.code, *otherwise.code, *code, ("choose", 0)))


def of_items(lists: Mapping[int, Extracts], place: Part, constants: Constants, room: Callable[[], int]) -> Extracts:
    """Return what is extracted of the item at a place in lists, of which each owner of what sets it has others."""

    def codes(question: Question, _: int | None, type_: pa.DataType) -> dict[int, Code]:
        found = {owner: own.item_at(place, question) for owner, own in lists.items()}
        return {owner: (as_real(part) if type_ == pa.float64() else part).code for owner, part in found.items()}

    made = Extracts(common_type(own.item for own in lists.values()), inf, constants, room, codes)
    return made


def places_in(most: float) -> int:
    """Return how many places there are in lists of so many items; raises Unprogrammable when it is too many."""
    if most > MOST_ITEMS:
        raise Unprogrammable(
            f"a state can look for an item by a place that changes among {MOST_ITEMS} at most, and there may be more; "
            'bound them by a "most" in the "length_distribution"'
        )
    return int(most)


def constant(value: pa.Array, constants: Constants) -> Part:
    """Return the instructions for a value (1,), a number or what is true."""
    type_ = type_of(value.type)
    if type_ is None or type_ == NONE:
        return Part(NONE, NULL)
    return Part(type_, (("real" if type_ == REAL else "whole", constants.add(*numbers_of(value))),))


@dataclass(frozen=True)
class Extracted(Source):
    """A value that is not kept itself, but what is extracted of it; of a list, its length is."""

    extracts: Extracts | None = None  # None where it can't be drawn ahead of time,
    why: str = ""  # and why


@dataclass(frozen=True)
class Variable:
    """What is kept of a variable."""

    source: Source
    column: int  # where it is kept; -1: only what is extracted of it is
    drawn: dict[int, Code]  # the instructions for what is drawn for it, or comes in its turn, by who sets it

    @property
    def extracts(self) -> Extracts | None:
        """Return what is extracted of it; None where nothing can be."""
        return self.source.extracts if isinstance(self.source, Extracted) else None

    @property
    def kept(self) -> list[Kept]:
        """Return the answers that are kept of it."""
        return [] if self.extracts is None else [*self.extracts.kept.values()]

    @property
    def columns(self) -> list[int]:
        """Return where all is kept that is known of it."""
        return [at for _, at in self.source.code] + [kept.keep[1] for kept in self.kept]
