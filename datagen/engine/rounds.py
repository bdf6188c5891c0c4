"""In which order those fields of records are made that depend on the order of records."""

from collections.abc import Iterator
from dataclasses import dataclass

from datagen import graph
from datagen.engine.plan import Plan
from datagen.language.population import Emitter
from datagen.plugin.dimension import Dimension
from datagen.records.batch import TIME
from datagen.records.expression.name import of_former, root


@dataclass(frozen=True)
class Round:
    """Fields of an emitter that are made together, in their listed order.

    In a circle, where a record takes what is made of a record before it, they go one record after the other.
    """

    emitter: str
    dimensions: tuple[Dimension, ...]
    is_circle: bool


def rounds(plan: Plan) -> list[Round]:
    """Return the rounds, each behind those whose values it takes."""
    return [one for emitter in plan.emitters.values() for one in _rounds(emitter)]


def _rounds(emitter: Emitter) -> Iterator[Round]:
    reads = _in_order(emitter)
    for group in graph.groups(reads):
        dimensions = tuple(dimension for dimension in emitter.dimensions if dimension.name in group)
        yield Round(emitter.name, dimensions, any(name in reads[name] for name in group) or len(group) > 1)


def _in_order(emitter: Emitter) -> dict[str, list[str]]:
    """Return the fields that depend on the order of records and those that they read, each with what it reads."""
    reads = {name: [*above, *before] for name, above, before in _reads(emitter)}
    kept = remembered(emitter)
    first = [one.name for one in emitter.dimensions if one.name in kept or _depends(one)]
    return {name: reads[name] for name in graph.reached(reads, *first)}


def remembered(emitter: Emitter) -> frozenset[str]:
    """Return what is kept of each record for those after it of the same worker: dimensions, and the time."""
    return frozenset(name for _, _, before in _reads(emitter) for name in before)


def _reads(emitter: Emitter) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the dimensions, with those above that each reads, and those of the record before."""
    everywhere = {TIME, *(dimension.name for dimension in emitter.dimensions)}
    above: list[str] = []
    for dimension in emitter.dimensions:
        names = [name for _, name in dimension.all_names()]
        before = [root(everywhere, of) for name in names if (of := of_former(name)) is not None]
        yield dimension.name, [root(above, name) for name in names if root(above, name)], before
        above.append(dimension.name)


def _depends(dimension: Dimension) -> bool:
    """Return whether the values of a dimension depend on the order of records."""
    parts = [part for _, part in dimension.whole()]
    looks_back = any(of_former(name) is not None for _, name in dimension.all_names())
    return looks_back or not is_built_in(dimension) or any(part.counts() or part.remembers() for part in parts)


def is_built_in(dimension: Dimension) -> bool:
    """Return whether a dimension and all that it contains are ours; a plug-in's may remember what they made."""
    own = type(dimension).__module__.startswith("datagen.dimensions.")
    return own and all(is_built_in(part) for _, part in dimension.nested())
