"""From parts of expressions that read what is in lists to instructions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from datagen.engine.arithmetic import by_place
from datagen.engine.code import LIST, REAL, WHOLE, Constants, Part, Source, Unprogrammable
from datagen.engine.extract import Extracted, Question, places_in
from datagen.engine.lists import longest
from datagen.plugin.life import ITEM
from datagen.problems import show
from datagen.records.expression.logic import Missing
from datagen.records.expression.name import root
from datagen.records.expression.node import Node
from datagen.records.expression.value import Call, Item, Literal, Name


@dataclass(frozen=True)
class Within:
    """Makes instructions of the parts of an expression that read lists which are drawn, or an item by its place."""

    sources: Mapping[str, Source]
    constants: Constants
    zone: str
    part: Callable[[Node], Part]  # the instructions for any node,
    truth: Callable[[Node], Part]  # and for what is only asked for what is true

    def of(self, node: Node, *, is_truth: bool = False) -> Part | None:
        """Return the instructions for a node; None where it is another. Raises Unprogrammable."""
        if tells_missing(node):
            return None
        names = self._roots(node)
        source = self.sources.get(min(names)) if len(names) == 1 else None
        if not isinstance(source, Extracted):
            return self._by_place(node, is_truth=is_truth)
        [name] = names
        if _is_length(node, name, source):
            return Part(WHOLE, source.code)
        if not _reads(node, name, source):
            return None
        if source.extracts is None:
            raise Unprogrammable(f"of {show(name)}, a state can only read the `length`: {source.why}")
        return source.extracts.part(Question(node, name, is_truth, self.zone))

    def _roots(self, node: Node) -> set[str]:
        return {root(self.sources, name) for name in node.names}

    def _by_place(self, node: Node, *, is_truth: bool) -> Part | None:
        """Return the instructions for what reads one item, whose place changes, and nothing else; None for others."""
        item = next(self._items(node), None)
        if item is None or not isinstance(item.node, Name):
            return None
        places, make = item.place, self.truth if is_truth else self.part

        def at(place: int) -> Node:
            return with_part(node, places, Literal(places.at, place))

        if self._roots(at(0)) != self._roots(item.node):
            return None
        most = self._most(item.node.name)
        first = 0 if isinstance(places, Name) and places.name == ITEM else -most
        found = {place: make(at(place)) for place in range(first, most)}
        place = self.part(places)
        if place.type not in (WHOLE, REAL):
            raise Unprogrammable("the place of an item is a number")
        return by_place(place, found, make(at(most)), self.constants)

    def _items(self, node: Node) -> Iterator[Item]:
        """Yield the items of lists that a node reads at places that change, the outer ones first."""
        if isinstance(node, Item) and isinstance(node.node, Name):
            [outer] = self._roots(node.node)
            source = self.sources.get(outer)
            is_list = source is not None and (isinstance(source, Extracted) or source.values is not None)
            if is_list and self._roots(node.place) - {outer}:
                yield node
        for part in node.parts():
            yield from self._items(part)

    def _most(self, name: str) -> int:
        """Return how many items a list has at most; raises Unprogrammable when that are too many."""
        source = self.sources[root(self.sources, name)]
        if isinstance(source, Extracted):
            return 0 if source.extracts is None else places_in(source.extracts.most)
        return 0 if source.values is None else places_in(longest(source.values))


def tells_missing(node: Node) -> bool:
    """Return whether a node asks for what is missing."""
    return isinstance(node, Missing) or any(map(tells_missing, node.parts()))


def _is_length(node: Node, name: str, source: Source) -> bool:
    """Return whether a node is how long a list is, which is kept."""
    is_length = isinstance(node, Call) and node.function.name == "length" and source.type == LIST
    return is_length and all(isinstance(one, Name) and one.name == name for one in node.parts())


def _reads(node: Node, name: str, source: Source) -> bool:
    """Return whether a node reads more of a list than how long it is."""
    if _is_length(node, name, source):
        return False
    return isinstance(node, Name) or any(_reads(part, name, source) for part in node.parts())


def with_part(node: Node, old: Node, new: Node) -> Node:
    """Return a node in which another stands for one of its parts."""
    if node is old:
        return new
    values = {one.name: getattr(node, one.name) for one in fields(node)}
    changed = {name: _with_part(value, old, new) for name, value in values.items()}
    return replace(node, **changed)


def _with_part(value: Any, old: Node, new: Node) -> Any:
    if isinstance(value, Node):
        return with_part(value, old, new)
    return tuple(_with_part(one, old, new) for one in value) if type(value) is tuple else value
