"""What of states, sources and emitters can be checked across a spec: of a model, or of JSON that is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from datagen.language.delay import Next
from datagen.language.emitter import Emitter
from datagen.language.fields import fields_of, fields_of_emitter, leaving, parts_in, text_in
from datagen.language.names import Field, in_space
from datagen.language.state import Gift, Spawn, State
from datagen.plugin.arrival import After, Arrival, TurnedAway
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_


@dataclass(frozen=True)
class StatePart:
    """What of a state can be checked, whatever else is wrong with it."""

    path: Path_
    name: str
    emitter: str | None
    next: tuple[tuple[Path_, str], ...]
    at_once: tuple[str, ...]  # those of these that it may go to without ever waiting
    bears_at_once: tuple[str, ...]  # those that others surely begin in as soon as it is entered
    variables: tuple[Field, ...]
    leaving: tuple[Field, ...]  # the expressions of its transitions
    # What workers surely have when they leave it, since a time gives it that they wait for.
    given: tuple[Field, ...] = ()
    goes_through: str = ""  # the variable whose list it goes through,
    passes: tuple[str, ...] = ()  # and the states that it may go to without ever waiting if that is empty


@dataclass(frozen=True)
class SourcePart:
    """What of a source, or of a spawn, can be checked."""

    path: Path_
    name: str | None
    begins: tuple[tuple[Path_, str], ...]  # states that its workers may begin in, where they are named
    in_batches: bool
    in_first: bool  # whether its workers begin in the first state
    after: tuple[tuple[Path_, str], ...]  # sources that it waits for
    variables: tuple[Field, ...]
    picks: tuple[tuple[Path_, str, str | None], ...]  # tables, and columns of them


@dataclass(frozen=True)
class EmitterPart:
    """What of an emitter can be checked."""

    path: Path_
    name: str | None
    dimensions: tuple[Field, ...]


def state_part(path: Path_, part: State | dict[str, Any], space: Namespace) -> StatePart:
    """Return what can be checked of a state, in which names mean something."""
    fields, left = fields_of(part, path, "variables"), tuple(leaving(part, path))
    if isinstance(part, State):
        ways = [((*path, "transitions", number, "next"), way.next) for number, way in enumerate(part.transitions)]
        alone = part.next
        name, emitter, never_waits = part.name, part.emitter, part.never_waits
    else:
        name, never_waits = text_in(part, "name") or "", part.get("delay") is None
        emitter = space.meant("emitters", text_in(part, "emitter") or "") or None
        fields, left = in_space(fields, space), in_space(left, space)
        ways = [
            ((*at, "next"), transition["next"])
            for at, transition in parts_in(part, path, "transitions")
            if isinstance(transition.get("next"), str)
        ]
        alone = text_in(part, "next")
    ways += [((*path, "next"), alone)] if alone is not None else []
    passes = tuple(name for _, name in ways)
    at_once = tuple(name for _, name in ways) if never_waits else ()
    if isinstance(part, State) and part.timeout is not None:
        ways.append(((*path, "timeout", "next"), part.timeout.next))
        at_once += (part.timeout.next,) if part.timeout.never_waits else ()
    bears = tuple(part.bears_at_once) if isinstance(part, State) else ()
    given = _given(part, path) if isinstance(part, State) else ()
    through = (part.each and part.each.variable) or "" if isinstance(part, State) else ""
    return StatePart(path, name, emitter, tuple(ways), at_once, bears, fields, left, given, through, passes)


def _given(state: State, path: Path_) -> tuple[Field, ...]:
    """Return the variables that all sources set whose times a state waits for."""
    times = state.delay.source if isinstance(state.delay, Next) else ()
    lists = [fields_of(one.arrival, (*path, "delay", "source"), "variables") for one in times]
    names = [{field.name for field in fields} for fields in lists]
    return tuple(field for field in lists[0] if all(field.name in own for own in names)) if lists else ()


def spawn_part(path: Path_, part: Spawn | dict[str, Any], space: Namespace) -> SourcePart:
    """Return what can be checked of children that a state spawns: they are born as the workers of a source are."""
    state = part.state if isinstance(part, Spawn) else text_in(part, "state")
    begins = (((*path, "state"), state),) if state is not None and not isinstance(part, Gift) else ()
    fields = fields_of(part, path, "variables")
    if isinstance(part, dict):
        fields = in_space(fields, space)
    return SourcePart(path, None, begins, False, False, (), fields, ())


def source_part(
    path: Path_, part: Arrival | dict[str, Any], columns: Callable[[str], list[str]], space: Namespace
) -> SourcePart:
    """Return what can be checked of a source; ``columns`` returns those of a table."""
    if isinstance(part, Arrival):
        turned = part.when_full.state if isinstance(part.when_full, TurnedAway) else None
        state, name, in_batches = part.state, part.name, part.in_batches
        after = [(key, at.after) for key, at in (("from", part.from_), ("until", part.until)) if isinstance(at, After)]
    else:
        turned = text_in(_object(part, "when_full"), "state")
        state, name, in_batches, after = text_in(part, "state"), text_in(part, "name"), _is_every(part), []
    begins = [((*path, "state"), state), ((*path, "when_full", "state"), turned)]
    named = tuple((at, name) for at, name in begins if name is not None)
    waits = tuple(((*path, key, "after"), other) for key, other in after)
    plays = part.plays(columns) if isinstance(part, Arrival) else []
    taken = part.tables() if isinstance(part, Arrival) else ()
    picks = tuple(((*path, *inner), table, column) for inner, table, column in taken)
    own = fields_of(part, path, "variables")
    fields = (*(Field(path, name, ()) for name in plays), *(in_space(own, space) if isinstance(part, dict) else own))
    return SourcePart(path, name, named, in_batches, state is None, waits, fields, picks)


def _is_every(part: dict[str, Any]) -> bool:
    return (text_in(part, "type") or "").lower() == "every"


def emitter_part(path: Path_, part: Emitter | dict[str, Any], space: Namespace) -> EmitterPart:
    """Return what can be checked of an emitter."""
    fields = fields_of_emitter(part, path)
    if isinstance(part, Emitter):
        return EmitterPart(path, part.name, fields)
    return EmitterPart(path, text_in(part, "name"), in_space(fields, space))


def placed_arrivals(data: dict[str, Any]) -> Iterator[tuple[Path_, Any]]:
    """Yield the sources of arrivals, with their paths; one that says nothing where there is only an interarrival."""
    given = data.get("arrivals")
    if isinstance(given, list) and (parts := list(parts_in(data, (), "arrivals"))):
        yield from parts
    else:
        yield ("arrivals",), given if isinstance(given, dict | Arrival) else {}


def _object(part: dict[str, Any], key: str) -> dict[str, Any]:
    return part[key] if isinstance(part.get(key), dict) else {}
