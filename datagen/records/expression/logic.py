"""The parts of an expression that are true or false; null is false."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from datagen.moment import parse_moment
from datagen.records.batch import Layout
from datagen.records.expression.facets import (
    BOOLEAN,
    COMPARABLE,
    ORDERED,
    TIME,
    Constant,
    Facets,
    compared,
    condition,
    constant,
    contained,
    either,
    is_valid,
    spread,
    words_of,
)
from datagen.records.expression.name import is_there
from datagen.records.expression.node import Given, Node, ValueTypes, evaluated, no_conditions
from datagen.records.expression.value import Literal, Name


@dataclass(frozen=True)
class Missing(Node):
    """Whether the key is left out."""

    name: Name

    def parts(self) -> tuple[Node, ...]:
        return (self.name,)

    def facets(self, given: Given) -> Facets:
        return {BOOLEAN: pc.invert(is_there(given.columns, self.name.name, given.size))}


@dataclass(frozen=True)
class Null(Node):
    """Whether there is no value."""

    node: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def facets(self, given: Given) -> Facets:
        return {BOOLEAN: pc.invert(is_valid(evaluated(self.node, given)))}


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

    def facets(self, given: Given) -> Facets:
        left, right = (evaluated(side, given) for side in self.parts())
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

    def facets(self, given: Given) -> Facets:
        facets = {value_type: spread(values, given.size) for value_type, values in evaluated(self.node, given).items()}
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
        return no_conditions(self.parts(), layout)

    def facets(self, given: Given) -> Facets:
        return {BOOLEAN: pc.invert(condition(evaluated(self.node, given)))}


@dataclass(frozen=True)
class Every(Node):
    """``and``."""

    nodes: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.nodes

    def own_problems(self, layout: Layout) -> Iterator[str]:
        return no_conditions(self.nodes, layout)

    def facets(self, given: Given) -> Facets:
        result = pa.scalar(True)
        for node in self.nodes:
            result = pc.and_(result, condition(evaluated(node, given)))
        return {BOOLEAN: result}


@dataclass(frozen=True)
class Some(Every):
    """``or``."""

    def facets(self, given: Given) -> Facets:
        return {BOOLEAN: either([condition(evaluated(node, given)) for node in self.nodes])}


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
