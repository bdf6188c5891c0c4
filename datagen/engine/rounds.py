"""In which order those fields are made that depend on the order of records."""

from collections.abc import Iterator
from dataclasses import dataclass

from datagen import graph
from datagen.engine.plan import Plan
from datagen.engine.scheme import EMITTER
from datagen.plugin.dimension import Dimension
from datagen.plugin.lookup import Lookup
from datagen.plugin.order import VARIABLE, Node, follows_others, former_reads, lookups, reads, ties
from datagen.records.expression.name import of_former


@dataclass(frozen=True)
class Round:
    """Fields of an emitter that are made together, in their listed order.

    In a circle, where a record takes what is made of a record before it, they go one record after the other.
    """

    emitter: str
    dimensions: tuple[Dimension, ...]
    is_circle: bool


@dataclass(frozen=True)
class Together:
    """Fields of emitters that share what they remember, with those in between: made strictly in the order of events."""

    fields: dict[str, tuple[Dimension, ...]]  # by emitter, in their listed order


def rounds(plan: Plan) -> list[Round | Together | str]:
    """Return the rounds, each behind those whose values it takes.

    Where variables look up records, they stand among them, by their names; else they come before all rounds.
    """
    emitters = {name: emitter.fields for name, emitter in plan.emitters.items()}
    kept = {(name, of) for kind, name, *_ in plan.memories if kind == EMITTER for of in remembered(plan, name)}
    kept |= {node for dimensions in _all_fields(plan) for one in dimensions for node in lookups(one)}
    kept |= {(name, one.name) for name, dimensions in emitters.items() for one in dimensions if _depends(one)}
    kept |= {(name, one.source.name) for name, one in plan.emitters.items() if one.source is not None}
    if not kept:
        return []
    found = reads(emitters, plan.made_variables)
    tied = ties(emitters)
    for node, others in tied.items():
        found[node] = [*found[node], *others]
    first = [node for node in found if node in kept or (node[0] == VARIABLE and plan.interleaves)]
    wanted = {node: found[node] for node in graph.reached(found, *first)}
    births = [name for name in plan.setters if name not in plan.made_variables and plan.interleaves]
    return [*births, *(one for group in graph.groups(wanted) for one in _rounds(plan, group, wanted, tied))]


def _rounds(
    plan: Plan, group: list[Node], wanted: dict[Node, list[Node]], tied: dict[Node, list[Node]]
) -> Iterator[Round | Together | str]:
    emitter = group[0][0]
    if any(node in tied for node in group):
        own = {
            name: [field for field in one.fields if (name, field.name) in group] for name, one in plan.emitters.items()
        }
        yield Together({name: tuple(fields) for name, fields in own.items() if fields})
        return
    if emitter == VARIABLE:
        yield from (name for _, name in group if plan.interleaves)
        return
    names = {name for _, name in group}
    dimensions = tuple(one for one in plan.emitters[emitter].fields if one.name in names)
    yield Round(emitter, dimensions, len(group) > 1 or group[0] in wanted[group[0]])


def _all_fields(plan: Plan) -> Iterator[list[Dimension]]:
    yield from (emitter.fields for emitter in plan.emitters.values())
    yield from plan.made_variables.values()


def depths(plan: Plan) -> dict[str, tuple[int | None, bool]]:
    """Return the emitters whose records are looked up, with what is looked at.

    That is how many of the last ones, or None for all, and whether those of workers alive are.
    """
    found: dict[str, tuple[int | None, bool]] = {}
    for fields in _all_fields(plan):
        for part in (part for one in fields for _, part in one.whole() if isinstance(part, Lookup)):
            depth, sees_lives = found.get(part.emitter, (0, False))
            most = None if depth is None or part.depth is None else max(depth, part.depth)
            found[part.emitter] = most, sees_lives or part.sees_lives
    return found


def looked_up(plan: Plan, emitter: str) -> list[str]:
    """Return what of an emitter's records is kept for look-ups: dimensions, and the time."""
    nodes = [node for fields in _all_fields(plan) for one in fields for node in lookups(one)]
    return sorted({name for of, name in nodes if of == emitter})


def remembered(plan: Plan, emitter: str) -> list[str]:
    """Return what is kept of each record for those after it of the same worker: dimensions, and the time."""
    return sorted(former_reads(plan.emitters[emitter].fields))


def _depends(dimension: Dimension) -> bool:
    """Return whether the values of a dimension depend on the order of records."""
    parts = [part for _, part in dimension.whole()]
    looks_back = any(of_former(name) is not None for _, name in dimension.all_names())
    return looks_back or any(map(follows_others, parts))
