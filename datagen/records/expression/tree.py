"""The tree of an expression: its parts, what fits into each, and how they are calculated on columns.

A part that reads nothing but one dictionary array is calculated once for each entry, not for each record.
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
    spread,
    value_types_of,
    words_of,
)
from datagen.records.expression.function import FUNCTIONS
from datagen.records.pattern import find
from datagen.records.types import JSON_TEXT, is_optional, plain, plain_type, present

Columns = Mapping[str, pa.Array]
ValueTypes = frozenset[str]


@dataclass(frozen=True)
class Node(ABC):
    """A part of an expression."""

    at: int  # character of the text where it begins, from 0 on

    def parts(self) -> "tuple[Node, ...]":
        """Return the nodes that this one is made of."""
        return ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of the dimensions that it reads."""
        return frozenset().union(*(part.names for part in self.parts()))

    def value_types(self, layout: Layout) -> ValueTypes:
        """Return the value types that it may have; none when it is always null."""
        return frozenset({BOOLEAN})

    def problems(self, layout: Layout) -> Iterator[str]:
        """Yield what of it does not fit the records."""
        for part in self.parts():
            yield from part.problems(layout)
        for text in self.own_problems(layout):
            yield f"{text} (character {self.at + 1} of the expression)"

    def own_problems(self, layout: Layout) -> Iterator[str]:
        """Yield what of this node itself does not fit the records."""
        return iter(())

    @abstractmethod
    def facets(self, columns: Columns, size: int) -> Facets:
        """Calculate it for ``size`` records; arrays (size,) or scalars."""


def evaluated(node: Node, columns: Columns, size: int) -> Facets:
    """Calculate a node for ``size`` records, once for each entry where it reads nothing but one dictionary array."""
    if not node.names:
        return {
            value_type: values if isinstance(values, pa.Scalar) else values[0]
            for value_type, values in node.facets({}, 1).items()
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
    return {value_type: spread(values, len(dictionary)).take(indices) for value_type, values in found.items()}


def _has_few_entries(array: pa.Array) -> bool:
    return pa.types.is_dictionary(array.type) and 2 * len(array.dictionary) < len(array)


def _root(columns: Columns, name: str) -> str:
    """Return the column that holds what a name stands for; "" when there is none."""
    while name and name not in columns:
        name = name.rpartition(".")[0]
    return name


@dataclass(frozen=True)
class Literal(Node):
    """A constant."""

    value: Constant

    def value_types(self, layout: Layout) -> ValueTypes:
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

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset().union(*(value_types_of(type_) for type_ in self._types(layout)))

    def own_problems(self, layout: Layout) -> Iterator[str]:
        if not self._types(layout):
            yield f"no emitter has {show(self.name)}{did_you_mean(self.name, layout.names())}"

    def facets(self, columns: Columns, size: int) -> Facets:
        found = find(columns, self.name)
        return {} if found is None else facets_of(found)

    def _types(self, layout: Layout) -> list[pa.DataType]:
        found = []
        for emitter in layout.emitters.values():
            array = find({name: pa.nulls(0, plain_type(type_)) for name, type_ in emitter.items()}, self.name)
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
        left, right = self.left.value_types(layout), self.right.value_types(layout)
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
        value_types = self.node.value_types(layout)
        for value in self.values:
            yield from _misfits("=", value_types, frozenset(constant(value)), (None, value))

    def facets(self, columns: Columns, size: int) -> Facets:
        facets = {
            value_type: spread(values, size) for value_type, values in evaluated(self.node, columns, size).items()
        }
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

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset({NUMBER})

    def own_problems(self, layout: Layout) -> Iterator[str]:
        operator = self.rest[0][0]
        for part in self.parts():
            value_types = part.value_types(layout)
            if value_types and NUMBER not in value_types:
                yield f"{operator} takes numbers, found {words_of(value_types)}"

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

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset({FUNCTIONS[self.name].returns})

    def own_problems(self, layout: Layout) -> Iterator[str]:
        value_types, takes = self.node.value_types(layout), FUNCTIONS[self.name].takes
        if value_types and not value_types & set(takes):
            yield f"{self.name} takes {words_of(takes)}, found {words_of(value_types)}"

    def facets(self, columns: Columns, size: int) -> Facets:
        function = FUNCTIONS[self.name]
        found = evaluated(self.node, columns, size)
        results = [
            function.calculate(value_type, found[value_type], self.constant)
            for value_type in function.takes
            if value_type in found
        ]
        if function.returns == BOOLEAN:
            return {BOOLEAN: either([pc.fill_null(one, False) for one in results])}
        return {function.returns: pc.coalesce(*results)} if results else {}


def _no_conditions(nodes: tuple[Node, ...], layout: Layout) -> Iterator[str]:
    for node in nodes:
        value_types = node.value_types(layout)
        if value_types and BOOLEAN not in value_types:
            yield f"{words_of(value_types)} is no condition"


def _misfits(operator: str, left: ValueTypes, right: ValueTypes, constants: tuple[Constant, Constant]) -> Iterator[str]:
    """Yield why two sides can never be compared, given the value types of each, and its value if it is a constant."""
    for value_types, value in zip((right, left), constants, strict=True):
        if isinstance(value, str) and value_types == {TIME}:
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
    """Return where a key is present, with a value or null."""
    if name in columns:
        array = plain(columns[name])
        return array.is_valid() if is_optional(array.type) else pa.repeat(True, size)
    outer, _, key = name.rpartition(".")
    found = find(columns, outer) if outer else None
    if found is None:
        return pa.repeat(False, size)
    array = present(plain(found))
    if array.type == JSON_TEXT:
        return _has_key(array, key)
    index = array.type.get_field_index(key) if pa.types.is_struct(array.type) else -1
    if index < 0:
        return pa.repeat(False, size)
    inner = array.field(index)
    return pc.and_(array.is_valid(), inner.is_valid()) if is_optional(inner.type) else array.is_valid()


def _has_key(array: pa.Array, key: str) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [None if text is None else json.loads(text) for text in encoded.dictionary.to_pylist()]
    found = pa.array([isinstance(value, dict) and key in value for value in values], pa.bool_())
    return pc.fill_null(found.take(encoded.indices), False)
