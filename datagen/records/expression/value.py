"""The parts of an expression that have a value of any type: constants, names, calculations, choices, functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.records.expression.arithmetic import calculated, types_of
from datagen.records.expression.catalogue import LIVES
from datagen.records.expression.facets import (
    LIST,
    NUMBER,
    OBJECT,
    Constant,
    Facets,
    chosen,
    condition,
    constant,
    facets_of,
    first_of,
    spread,
    value_types_of,
    words_of,
)
from datagen.records.expression.function import Function
from datagen.records.expression.name import found_in, inside, of_former, root, shown
from datagen.records.expression.node import Given, Node, ValueTypes, evaluated, no_conditions
from datagen.records.expression.number import rounded
from datagen.records.expression.sequence import item_at
from datagen.records.inside import find
from datagen.records.types import plain_type


@dataclass(frozen=True)
class Literal(Node):
    """A constant."""

    value: Constant

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset(constant(self.value))

    def facets(self, given: Given) -> Facets:
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
            outer = root(layout.names(), self.name)
            inner = self.name[len(outer) + 1 :]
            near = did_you_mean(self.name, layout.names())
            yield f"{show(outer)} has no {show(inner)} inside" if outer else f"no emitter has {show(self.name)}{near}"

    def facets(self, given: Given) -> Facets:
        found = found_in(given.columns, self.name)
        return {} if found is None else facets_of(found)

    def _types(self, layout: Layout) -> list[pa.DataType]:
        found = []
        for emitter in layout.emitters.values():
            outer = root(emitter, self.name)
            array = found_in({outer: pa.nulls(0, plain_type(emitter[outer]))}, self.name) if outer else None
            found += [] if array is None else [array.type]
        return found


@dataclass(frozen=True)
class Course(Name):
    """``profile('day')``, ``incident('outage')``: what one is at a time; ``visits('a')``, ``free('b')``."""

    function: str
    of: str

    def own_problems(self, layout: Layout) -> Iterator[str]:
        if not self._types(layout) and self.function in LIVES:
            yield f"{shown(self.name)} can only be read by states, and by fields of their records"
        elif not self._types(layout):
            known = [name for name in layout.names() if name.startswith(f"{self.function}(")]
            yield f"unknown {self.function} {show(self.of)}{did_you_mean(self.name, known)}"


@dataclass(frozen=True)
class Former(Name):
    """``previous(a)``: what a dimension, or a key inside one, was in the last record of the same worker."""

    def own_problems(self, layout: Layout) -> Iterator[str]:
        outer = root(layout.names(), self.name)
        if not outer:
            yield f"{shown(self.name)} can only be read by fields of a record, of what it has"
        elif not self._types(layout):
            yield f"{show(of_former(outer))} has no {show(self.name[len(outer) + 1 :])} inside"


@dataclass(frozen=True)
class Arithmetic(Node):
    """A sum or a product: operands with ``+`` and ``-``, or with ``*``, ``/`` and ``%``, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]

    def parts(self) -> tuple[Node, ...]:
        return (self.first, *(node for _, node in self.rest))

    def value_types(self, layout: Layout) -> ValueTypes:
        found = self.first.value_types(layout)
        for operator, node in self.rest:
            found = types_of(operator, found, node.value_types(layout))
        return found

    def own_problems(self, layout: Layout) -> Iterator[str]:
        left = self.first.value_types(layout)
        for operator, node in self.rest:
            right = node.value_types(layout)
            made = types_of(operator, left, right)
            if left and right and not made:
                yield f"{operator} can't take {words_of(left)} and {words_of(right)}"
            left = made

    def facets(self, given: Given) -> Facets:
        result = evaluated(self.first, given)
        for operator, node in self.rest:
            result = calculated(operator, result, evaluated(node, given))
        return result


@dataclass(frozen=True)
class Rounded(Node):
    """The value, if it is a number with so many digits after the point at most."""

    node: Node
    digits: int

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def value_types(self, layout: Layout) -> ValueTypes:
        return self.node.value_types(layout)

    def own_problems(self, layout: Layout) -> Iterator[str]:
        found = self.node.value_types(layout)
        if found and NUMBER not in found:
            yield f"only a number can have a precision, found {words_of(found)}"

    def facets(self, given: Given) -> Facets:
        found = evaluated(self.node, given)
        if NUMBER not in found:
            return found
        return found | {NUMBER: rounded(spread(found[NUMBER], given.size), self.digits)}


@dataclass(frozen=True)
class Choice(Node):
    """``a ? b : c``: the value of the first case whose condition holds, else the last value."""

    cases: tuple[tuple[Node, Node], ...]
    otherwise: Node

    def parts(self) -> tuple[Node, ...]:
        return (*(node for case in self.cases for node in case), self.otherwise)

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset().union(*(node.value_types(layout) for node in (*self._values(), self.otherwise)))

    def own_problems(self, layout: Layout) -> Iterator[str]:
        return no_conditions(tuple(test for test, _ in self.cases), layout)

    def facets(self, given: Given) -> Facets:
        result = evaluated(self.otherwise, given)
        for test, node in reversed(self.cases):
            result = chosen(condition(evaluated(test, given)), evaluated(node, given), result)
        return result

    def _values(self) -> tuple[Node, ...]:
        return tuple(node for _, node in self.cases)


@dataclass(frozen=True)
class Coalesce(Node):
    """``coalesce(a, b)``: the first value that is not null."""

    nodes: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.nodes

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset().union(*(node.value_types(layout) for node in self.nodes))

    def facets(self, given: Given) -> Facets:
        return first_of([evaluated(node, given) for node in self.nodes])


@dataclass(frozen=True)
class Item(Node):
    """``a[0]``: an item of a list."""

    node: Node
    place: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.node, self.place)

    def value_types(self, layout: Layout) -> ValueTypes:
        return _types_in(layout, self)

    def own_problems(self, layout: Layout) -> Iterator[str]:
        for node, wanted in ((self.node, LIST), (self.place, NUMBER)):
            found = node.value_types(layout)
            if found and wanted not in found:
                yield f"a[0] takes {wanted} at this place, found {words_of(found)}"

    def facets(self, given: Given) -> Facets:
        lists, places = evaluated(self.node, given).get(LIST), evaluated(self.place, given).get(NUMBER)
        if lists is None or places is None:
            return {}
        return facets_of(item_at(spread(lists, given.size), spread(places, given.size)))

    def found(self, given: Given) -> pa.Array | None:
        """Return the items as they are in the lists of a column, None where they are of no column: mixed ones, too."""
        lists = find(given.columns, self.node.name) if isinstance(self.node, Name) else None
        places = evaluated(self.place, given).get(NUMBER)
        if lists is None or places is None:
            return None
        lists = lists.dictionary_decode() if pa.types.is_dictionary(lists.type) else lists
        lists = lists if pa.types.is_list(lists.type) else facets_of(lists).get(LIST)
        return None if lists is None else item_at(lists, spread(places, given.size))


@dataclass(frozen=True)
class Key(Node):
    """``a[0].b``: a key of an object that has no name of its own."""

    node: Node
    key: str

    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def value_types(self, layout: Layout) -> ValueTypes:
        return _types_in(layout, self)

    def facets(self, given: Given) -> Facets:
        objects = evaluated(self.node, given).get(OBJECT)
        found = None if objects is None else inside(spread(objects, given.size), self.key)
        return {} if found is None else facets_of(found)


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments."""

    function: Function
    arguments: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.arguments

    @cached_property
    def zones(self) -> frozenset[str]:
        last = self.arguments[-1] if self.function.in_zone and len(self.arguments) == len(self.function.takes) else None
        named = [last.value] if isinstance(last, Literal) and isinstance(last.value, str) else []
        return super().zones.union(named)

    def value_types(self, layout: Layout) -> ValueTypes:
        return frozenset({self.function.returns})

    def own_problems(self, layout: Layout) -> Iterator[str]:
        for place, node in enumerate(self.arguments):
            argument = self.function.argument(place)
            found = node.value_types(layout)
            if argument and not argument.constant and found and not found & set(argument.types):
                yield f"{self.function.name} takes {words_of(argument.types)}, found {words_of(found)}"

    def facets(self, given: Given) -> Facets:
        values = []
        for place, node in enumerate(self.arguments):
            argument = self.function.argument(place)
            is_constant = argument is not None and argument.constant
            values.append(node.value if is_constant and isinstance(node, Literal) else evaluated(node, given))
        return self.function.facets(values, given.zone)


def _types_in(layout: Layout, node: Node) -> ValueTypes:
    """Return the value types that a node has in any emitter: calculates it of no records."""
    found: set[str] = set()
    for emitter in layout.emitters.values():
        roots = {root(emitter, name) for name in node.names} - {""}
        columns = {name: pa.nulls(0, plain_type(emitter[name])) for name in roots}
        found |= node.facets(Given(columns, 0)).keys()
    return frozenset(found)
