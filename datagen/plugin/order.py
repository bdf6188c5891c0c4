"""What fields are made of: which others each reads, of its own record, of the one before, and of those it looks up."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from datagen import graph
from datagen.plugin.dimension import Dimension
from datagen.plugin.lookup import Lookup
from datagen.plugin.memory import shares
from datagen.records.batch import TIME
from datagen.records.expression.name import of_former, root

Node = tuple[str, str]  # an emitter and a dimension of it; "" and a variable
VARIABLE = ""
Fields = Mapping[str, Sequence[Dimension]]  # dimensions by emitter; what sets a variable, by its name


def follows_others(part: Dimension) -> bool:
    """Return whether a generator's own values may depend on those that were made before."""
    return part.counts() or part.remembers() or part.goes_in_order()


def reads(emitters: Fields, variables: Fields) -> dict[Node, list[Node]]:
    """Return the fields, each with those that it reads; what is no field, such as the time, is left out."""
    found: dict[Node, list[Node]] = {}
    for emitter, dimensions in emitters.items():
        above: set[str] = set()
        everywhere = {TIME, *(dimension.name for dimension in dimensions)}
        for dimension in dimensions:
            own = [(emitter, name) for name in (*_known(above, dimension), *_formers(everywhere, dimension))]
            looked_up = list(lookups(dimension))
            variable = [(VARIABLE, name) for name in _variables(variables, dimension, above)]
            found[emitter, dimension.name] = [*own, *looked_up, *variable]
            above.add(dimension.name)
    for name, setters in variables.items():
        found[VARIABLE, name] = [node for one in setters for node in _of_setter(variables, one)]
    return found


def _of_setter(variables: Fields, setter: Dimension) -> Iterator[Node]:
    yield from ((VARIABLE, name) for name in _variables(variables, setter, ()))
    yield from lookups(setter)


def former_reads(dimensions: Sequence[Dimension]) -> set[str]:
    """Return what of a record is read by the one after it: dimensions, and the ``time`` where none has that name."""
    everywhere = {TIME, *(dimension.name for dimension in dimensions)}
    return {name for dimension in dimensions for name in _formers(everywhere, dimension)}


def _formers(everywhere: Collection[str], dimension: Dimension) -> list[str]:
    names = (of_former(name) for _, name in dimension.all_names())
    return [root(everywhere, name) for name in names if name is not None]


def lookups(dimension: Dimension) -> Iterator[Node]:
    """Yield what a field looks up in earlier records."""
    for _, part in dimension.whole():
        if isinstance(part, Lookup):
            yield from ((part.emitter, name) for _, name in part.looked_up())


def _known(known: Collection[str], dimension: Dimension) -> Iterator[str]:
    for _, name in dimension.all_names():
        if found := root(known, name):
            yield found


def _variables(variables: Fields, dimension: Dimension, above: Collection[str]) -> Iterator[str]:
    yield from (name for _, name in dimension.all_reads())
    yield from (
        found for _, name in dimension.all_names() if not root(above, name) and (found := root(variables, name))
    )


def ties(emitters: Fields) -> dict[Node, list[Node]]:
    """Return the fields that share what they remember, each with another one, so that all of these lead to each other.

    A field in which several parts share it is tied to itself.
    """
    sharing: dict[str, list[Node]] = {}
    for emitter, dimensions in emitters.items():
        for dimension in dimensions:
            for name in (name for _, part in dimension.whole() for name in shares(part)):
                sharing.setdefault(name, []).append((emitter, dimension.name))
    found: dict[Node, list[Node]] = {}
    for nodes in (nodes for nodes in sharing.values() if len(nodes) > 1):
        for node, other in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            found.setdefault(node, []).append(other)
    return found


def tangles(emitters: Fields, variables: Fields) -> Iterator[list[Node]]:
    """Yield the circles in which several emitters, or emitters and variables, look each other up.

    Within one emitter there may be circles: its records take what those before them had.
    """
    found = reads(emitters, variables)
    tied = ties(emitters)
    together = {node: [*others, *tied.get(node, ())] for node, others in found.items()}
    for group in graph.groups(together):
        crosses = any(other in group and other[0] != node[0] for node in group for other in found[node])
        if crosses:  # by more than what its fields remember together
            inner = {node: [other for other in together[node] if other in group] for node in together if node in group}
            yield next(graph.circles(inner))
