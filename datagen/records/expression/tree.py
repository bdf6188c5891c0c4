"""The tree of an expression: what each part is called, what it takes, and how it is calculated on columns.

Where a part reads nothing but one dictionary array, it is calculated once for each entry, not for each record.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.moment import parse_moment
from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.records.expression.facets import (
    BOOLEAN,
    COMPARABLE,
    NUMBER,
    ORDERED,
    TIME,
    Constant,
    Facets,
    calculated,
    compared,
    condition,
    constant,
    contained,
    either,
    facets_of,
    is_valid,
    kinds_of,
    spread,
    words_of,
)
from datagen.records.expression.function import FUNCTIONS
from datagen.records.pattern import find
from datagen.records.types import JSON_TEXT, is_maybe, plain, plain_type, present

Columns = Mapping[str, pa.Array]
Kinds = frozenset[str]


@dataclass(frozen=True)
class Node(ABC):
    """A part of an expression."""

    at: int  # where in the text it stands

    def parts(self) -> "tuple[Node, ...]":
        """Give the nodes that this one is made of."""
        return ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Give the dimensions that it reads."""
        return frozenset().union(*(part.names for part in self.parts()))

    def kinds(self, layout: Layout) -> Kinds:
        """Give the kinds of values that it may have; none when nothing but null is known."""
        return frozenset({BOOLEAN})

    def problems(self, layout: Layout) -> Iterator[str]:
        """Say what of it does not fit the records."""
        for part in self.parts():
            yield from part.problems(layout)
        for text in self.own_problems(layout):
            yield f"{text} (character {self.at + 1} of the expression)"

    def own_problems(self, layout: Layout) -> Iterator[str]:
        """Say what of this node itself does not fit the records."""
        return iter(())

    @abstractmethod
    def facets(self, columns: Columns, size: int) -> Facets:
        """Calculate it; arrays (size,) or scalars."""


def evaluated(node: Node, columns: Columns, size: int) -> Facets:
    """Calculate a node, as seldom as possible."""
    if not node.names:
        return {
            kind: values if isinstance(values, pa.Scalar) else values[0] for kind, values in node.facets({}, 1).items()
        }
    roots = {_root(columns, name) for name in node.names}
    root = roots.pop() if len(roots) == 1 else ""
    if root not in columns or not _has_few_entries(columns[root]):
        return node.facets(columns, size)
    dictionary, indices = columns[root].dictionary, columns[root].indices
    if indices.null_count:
        entries = np.arange(len(dictionary) + 1)
        dictionary = dictionary.take(pa.array(entries, mask=entries == len(dictionary)))
        indices = pc.fill_null(indices, len(dictionary) - 1)
    found = evaluated(node, {root: dictionary}, len(dictionary))
    return {kind: spread(values, len(dictionary)).take(indices) for kind, values in found.items()}


def _has_few_entries(array: pa.Array) -> bool:
    return pa.types.is_dictionary(array.type) and 2 * len(array.dictionary) < len(array)


def _root(columns: Columns, name: str) -> str:
    """Give the column that holds what a name stands for; nothing when there is none."""
    while name and name not in columns:
        name = name.rpartition(".")[0]
    return name


@dataclass(frozen=True)
class Literal(Node):
    """A constant."""

    value: Constant

    def kinds(self, layout: Layout) -> Kinds:
        return frozenset(constant(self.value))

    def facets(self, columns: Columns, size: int) -> Facets:
        return constant(self.value)


@dataclass(frozen=True)
class Name(Node):
    """A dimension, or with ``a.b`` a key inside one."""

    name: str

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset({self.name})

    def kinds(self, layout: Layout) -> Kinds:
        return frozenset().union(*(kinds_of(kind) for kind in self._types(layout)))

    def own_problems(self, layout: Layout) -> Iterator[str]:
        if not self._types(layout):
            yield f"no emitter has {show(self.name)}{did_you_mean(self.name, layout.names())}"

    def facets(self, columns: Columns, size: int) -> Facets:
        found = find(columns, self.name)
        return {} if found is None else facets_of(found)

    def _types(self, layout: Layout) -> list[pa.DataType]:
        found = []
        for emitter in layout.emitters.values():
            array = find({name: pa.nulls(0, plain_type(kind)) for name, kind in emitter.items()}, self.name)
            found += [] if array is None else [array.type]
        return found


@dataclass(frozen=True)
class Missing(Node):
    """Whether the key is left out."""

    name: Name

    def parts(self) -> tuple[Node, ...]:
        return (self.name,)

    def facets(self, columns: Columns, size: int) -> Facets:
        return {BOOLEAN: pc.invert(_is_there(columns, self.name.name, size))}


@dataclass(frozen=True)
class Null(Node):
    """Whether there is no value."""

    node: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def facets(self, columns: Columns, size: int) -> Facets:
        return {BOOLEAN: pc.invert(is_valid(evaluated(self.node, columns, size)))}


@dataclass(frozen=True)
class Compare(Node):
    """``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    operator: str
    left: Node
    right: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def own_problems(self, layout: Layout) -> Iterator[str]:
        left, right = self.left.kinds(layout), self.right.kinds(layout)
        yield from _misfits(self.operator, left, right, (_value(self.left), _value(self.right)))

    def facets(self, columns: Columns, size: int) -> Facets:
        left, right = (evaluated(side, columns, size) for side in self.parts())
        return {BOOLEAN: compared(self.operator, left, right)}


@dataclass(frozen=True)
class In(Node):
    """Whether the value is one of several constants."""

    node: Node
    values: tuple[Constant, ...]
    negated: bool = False

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def own_problems(self, layout: Layout) -> Iterator[str]:
        kinds = self.node.kinds(layout)
        for value in self.values:
            yield from _misfits("=", kinds, frozenset(constant(value)), (None, value))

    def facets(self, columns: Columns, size: int) -> Facets:
        facets = {kind: spread(values, size) for kind, values in evaluated(self.node, columns, size).items()}
        found = contained(facets, self.values)
        if not self.negated:
            return {BOOLEAN: found}
        return {BOOLEAN: pc.and_(is_valid(facets), pc.invert(found))}


@dataclass(frozen=True)
class Not(Node):
    """``not``."""

    node: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def own_problems(self, layout: Layout) -> Iterator[str]:
        return _no_conditions(self.parts(), layout)

    def facets(self, columns: Columns, size: int) -> Facets:
        return {BOOLEAN: pc.invert(condition(evaluated(self.node, columns, size)))}


@dataclass(frozen=True)
class Every(Node):
    """``and``."""

    nodes: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.nodes

    def own_problems(self, layout: Layout) -> Iterator[str]:
        return _no_conditions(self.nodes, layout)

    def facets(self, columns: Columns, size: int) -> Facets:
        result = pa.scalar(True)
        for node in self.nodes:
            result = pc.and_(result, condition(evaluated(node, columns, size)))
        return {BOOLEAN: result}


@dataclass(frozen=True)
class Some(Every):
    """``or``."""

    def facets(self, columns: Columns, size: int) -> Facets:
        return {BOOLEAN: either([condition(evaluated(node, columns, size)) for node in self.nodes])}


@dataclass(frozen=True)
class Arithmetic(Node):
    """A sum or a product: operands with ``+`` and ``-``, or with ``*``, ``/`` and ``%``, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]

    def parts(self) -> tuple[Node, ...]:
        return (self.first, *(node for _, node in self.rest))

    def kinds(self, layout: Layout) -> Kinds:
        return frozenset({NUMBER})

    def own_problems(self, layout: Layout) -> Iterator[str]:
        operator = self.rest[0][0]
        for part in self.parts():
            kinds = part.kinds(layout)
            if kinds and NUMBER not in kinds:
                yield f"{operator} takes numbers, found {words_of(kinds)}"

    def facets(self, columns: Columns, size: int) -> Facets:
        result = evaluated(self.first, columns, size)
        for operator, node in self.rest:
            result = calculated(operator, result, evaluated(node, columns, size))
        return result


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments."""

    name: str
    node: Node
    constant: Constant

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def kinds(self, layout: Layout) -> Kinds:
        return frozenset({FUNCTIONS[self.name].gives})

    def own_problems(self, layout: Layout) -> Iterator[str]:
        kinds, takes = self.node.kinds(layout), FUNCTIONS[self.name].takes
        if kinds and not kinds & set(takes):
            yield f"{self.name} takes {words_of(takes)}, found {words_of(kinds)}"

    def facets(self, columns: Columns, size: int) -> Facets:
        function = FUNCTIONS[self.name]
        found = evaluated(self.node, columns, size)
        results = [function.calculate(kind, found[kind], self.constant) for kind in function.takes if kind in found]
        if function.gives == BOOLEAN:
            return {BOOLEAN: either([pc.fill_null(one, False) for one in results])}
        return {function.gives: pc.coalesce(*results)} if results else {}


def _no_conditions(nodes: tuple[Node, ...], layout: Layout) -> Iterator[str]:
    for node in nodes:
        kinds = node.kinds(layout)
        if kinds and BOOLEAN not in kinds:
            yield f"{words_of(kinds)} is no condition"


def _misfits(operator: str, left: Kinds, right: Kinds, constants: tuple[Constant, Constant]) -> Iterator[str]:
    """Say why two sides can never be compared; of each its kinds, and its value if it is a constant."""
    for kinds, value in zip((right, left), constants, strict=True):
        if isinstance(value, str) and kinds == {TIME}:
            yield from _no_time(value)
            return
    allowed = COMPARABLE if operator in ("=", "!=") else ORDERED
    if left and right and not left & right & set(allowed):
        yield f"{words_of(left)} and {words_of(right)} can't be compared with {operator}"


def _no_time(text: str) -> Iterator[str]:
    try:
        parse_moment(text)
    except ValueError as error:
        yield str(error)


def _value(node: Node) -> Constant:
    return node.value if isinstance(node, Literal) else None


def _is_there(columns: Columns, name: str, size: int) -> Any:
    """Tell where a key is, with a value or null."""
    if name in columns:
        array = plain(columns[name])
        return array.is_valid() if is_maybe(array.type) else pa.repeat(True, size)
    outer, _, key = name.rpartition(".")
    found = find(columns, outer) if outer else None
    if found is None:
        return pa.repeat(False, size)
    array = present(plain(found))
    if array.type == JSON_TEXT:
        return _has_key(array, key)
    place = array.type.get_field_index(key) if pa.types.is_struct(array.type) else -1
    if place < 0:
        return pa.repeat(False, size)
    inner = array.field(place)
    return pc.and_(array.is_valid(), inner.is_valid()) if is_maybe(inner.type) else array.is_valid()


def _has_key(array: pa.Array, key: str) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [None if text is None else json.loads(text) for text in encoded.dictionary.to_pylist()]
    found = pa.array([isinstance(value, dict) and key in value for value in values], pa.bool_())
    return pc.fill_null(found.take(encoded.indices), False)
