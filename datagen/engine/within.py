"""From parts of expressions that read what is in lists to instructions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from datagen.engine.arithmetic import alike, by_place, calculated, compared
from datagen.engine.code import LIST, REAL, WHOLE, Constants, Part, Source, Unprogrammable
from datagen.engine.extract import Extracted, Question, places_in
from datagen.engine.lists import longest
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
            raise unknown(name, source)
        return source.extracts.part(Question(node, name, is_truth, self.zone))

    def _roots(self, node: Node) -> set[str]:
        return {root(self.sources, name) for name in node.names}

    def _by_place(self, node: Node, *, is_truth: bool) -> Part | None:
        """Return the instructions for what reads one item, whose place changes, and nothing else; None for others."""
        item = next(self._items(node), None)
        if item is None or not isinstance(item.node, Name):
            return None
        name = f"{item.node.name}[]"
        alone = with_part(node, item, Name(item.at, name))
        if alone.names != {name}:
            return None
        place, source = self.part(item.place), self.sources[item.node.name]
        if place.type not in (WHOLE, REAL):
            raise Unprogrammable("the place of an item is a number")
        if isinstance(source, Extracted):
            if source.extracts is None:
                raise unknown(item.node.name, source)
            return source.extracts.item_at(self._from_begin(place, source), Question(alone, name, is_truth, self.zone))
        make, most = self.truth if is_truth else self.part, places_in(longest(source.values))
        parts = {at: make(with_part(node, item.place, Literal(item.at, at))) for at in range(-most, most)}
        return by_place(place, parts, make(with_part(node, item.place, Literal(item.at, most))), self.constants)

    def _from_begin(self, place: Part, source: Source) -> Part:
        """Return a place that is counted from the begin of a list; below 0 it counts from the end."""
        length = Part(WHOLE, source.code)
        is_behind = compared("<", place, Part(WHOLE, (("whole", self.constants.number(0)),)))
        both = alike([calculated("+", place, length), place])
        return Part(both[0].type, (*is_behind.code, *both[0].code, *both[1].then("choose")))

    def _items(self, node: Node) -> Iterator[Item]:
        """Yield the items of lists that a node reads at places that change, the outer ones first."""
        if isinstance(node, Item) and isinstance(node.node, Name) and node.place.names - node.node.names:
            source = self.sources.get(node.node.name)
            if source is not None and (isinstance(source, Extracted) or source.values is not None):
                yield node
        for part in node.parts():
            yield from self._items(part)


def unknown(name: str, source: Extracted) -> Unprogrammable:
    """Return what is wrong with reading a list of which only the length is known."""
    return Unprogrammable(f"of {show(name)}, a state can only read the `length`: {source.why}")


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
