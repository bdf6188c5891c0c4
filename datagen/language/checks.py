"""The checks across a spec: references between its parts, sums, circles, variables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from datagen.language.population import Place
from datagen.plugin.dimension import PooledDimension
from datagen.plugin.model import Maker
from datagen.problems import Path_, did_you_mean, is_comment, path_part, show

STOP = "stop"
_TOLERANCE = 0.01 + 1e-9  # of the sum of probabilities; 0.99 and 1.01 are allowed, whatever their last bit
SMALLEST_DELAY = 0.5e-9  # what is shorter is rounded to 0 ns


@dataclass(frozen=True)
class _State:
    """What of a state can be used, whatever else is wrong with it."""

    path: Path_
    name: str
    emitter: str | None
    next: tuple[tuple[Path_, str], ...]
    never_waits: bool
    sets: tuple[tuple[Path_, Any], ...]


class Checks:
    """The checks across a spec."""

    def __init__(self, data: dict[str, Any], registry: Maker) -> None:
        self._data = data
        self._registry = registry
        self._states = [_usable(path, state, registry) for path, state in objects(data, (), "states")]
        names = [emitter.get("name") for _, emitter in objects(data, (), "emitters")]
        self._emitters = {name for name in names if isinstance(name, str)}
        self._by_name = {state.name: state for state in reversed(self._states)}

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from _repeated_names((), self._data)
        yield from self._references()
        yield from self._sums()
        yield from self._reads_of_nothing()
        yield from self._standing_circles()
        yield from _pooled_reads(places(self._data, self._registry))
        if self._states and not any(state.emitter for state in self._reachable()):
            yield ("states",), "no state that can be reached has an emitter, so there would never be a record"

    def warnings(self) -> Iterator[tuple[Path_, str]]:
        reachable = {state.name for state in self._reachable()}
        for state in self._states:
            if state.name not in reachable:
                yield state.path, f"state {show(state.name)} can't be reached from the first state"
        used = {state.emitter for state in self._states}
        for path, emitter in objects(self._data, (), "emitters"):
            if isinstance(emitter.get("name"), str) and emitter["name"] not in used:
                yield path, f"emitter {show(emitter.get('name'))} is used by no state"
        yield from self._maybe_unset()

    def _references(self) -> Iterator[tuple[Path_, str]]:
        for state in self._states:
            if state.name.lower() == STOP:
                yield (*state.path, "name"), f"a state must not be called {show(state.name)}: it ends a worker"
            if state.emitter is not None and state.emitter not in self._emitters:
                near = did_you_mean(state.emitter, self._emitters)
                yield (*state.path, "emitter"), f"unknown emitter {show(state.emitter)}{near}"
            for path, name in state.next:
                if name.lower() != STOP and name not in self._by_name:
                    yield path, f"unknown state {show(name)}{did_you_mean(name, [*self._by_name, STOP])}"

    def _sums(self) -> Iterator[tuple[Path_, str]]:
        for path, state in objects(self._data, (), "states"):
            found = [transition.get("probability") for _, transition in objects(state, path, "transitions")]
            given = [p for p in found if isinstance(p, int | float) and not isinstance(p, bool)]
            if given and len(given) == len(found) and abs(sum(given) - 1) > _TOLERANCE:
                yield (*path, "transitions"), f"probabilities must sum to 1, found {sum(given):.6g}"

    def _reads_of_nothing(self) -> Iterator[tuple[Path_, str]]:
        known = {name for state in self._states for name, _ in _named(state.sets)}
        for path, name in _reads((), self._data):
            if name not in known:
                yield path, f"variable {show(name)} is set in no state{did_you_mean(name, known)}"

    def _standing_circles(self) -> Iterator[tuple[Path_, str]]:
        standing = {state.name: state for state in self._states if state.never_waits}
        for state in standing.values():
            seen, todo = set(), [name for _, name in state.next]
            while todo:
                name = todo.pop()
                if name == state.name:
                    message = "a worker can come back to this state without ever waiting: the clock can never move on"
                    yield state.path, message
                    break
                if name in standing and name not in seen:
                    seen.add(name)
                    todo += [other for _, other in standing[name].next]

    def _reachable(self) -> list[_State]:
        reached: dict[str, _State] = {}
        todo = self._states[:1]
        while todo:
            state = todo.pop()
            if state.name not in reached:
                reached[state.name] = state
                todo += [self._by_name[name] for _, name in state.next if name in self._by_name]
        return list(reached.values())

    def _maybe_unset(self) -> Iterator[tuple[Path_, str]]:
        """Find reads of variables that some path does not set: a fixed point of what is surely set on entry."""
        reachable = self._reachable()
        surely: dict[str, set[str] | None] = {state.name: None for state in reachable}
        todo = [(state.name, set[str]()) for state in reachable[:1]]
        while todo:
            name, arriving = todo.pop()
            before = surely[name]
            after = arriving if before is None else before & arriving
            if after != before:
                surely[name] = after
                leaving = after | {variable for variable, _ in _named(self._by_name[name].sets)}
                todo += [(other, leaving) for _, other in self._by_name[name].next if other in surely]
        seen: set[tuple[Path_, str]] = set()
        for state in reachable:
            known = set(surely[state.name] or ())
            for path, described in state.sets:
                yield from _unset(state, path, described, known, seen)
                known |= {variable for variable, _ in _named([(path, described)])}
            for path, emitter in objects(self._data, (), "emitters"):
                if emitter.get("name") == state.emitter:
                    yield from _unset(state, path, emitter, known, seen)


def _usable(path: Path_, state: dict[str, Any], registry: Maker) -> _State:
    next_states = tuple(
        ((*at, "next"), transition["next"])
        for at, transition in objects(state, path, "transitions")
        if isinstance(transition.get("next"), str)
    )
    never_waits = "delay" not in state or state["delay"] is None
    if not never_waits:
        try:
            never_waits = registry.make("distribution", state["delay"]).highest() < SMALLEST_DELAY
        except ValidationError:
            never_waits = False
    name, emitter = state.get("name"), state.get("emitter")
    return _State(
        path,
        name if isinstance(name, str) else "",
        emitter if isinstance(emitter, str) else None,
        next_states,
        never_waits,
        tuple(objects(state, path, "variables")),
    )


def objects(data: Any, path: Path_, key: str) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Give the objects in the list under a key, with their paths."""
    parts = data.get(key) if isinstance(data, dict) else None
    for index, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(part, dict):
            yield (*path, key, index), part


def _named(sets: Any) -> Iterator[tuple[str, Path_]]:
    for path, described in sets:
        if isinstance(described.get("name"), str):
            yield described["name"], path


def _members(path: Path_, part: Any) -> Iterator[tuple[Path_, Any]]:
    """Give the members of a container that are part of the spec; not comments, not the values of an enum."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key != "values" and not is_comment(key):
                yield (*path, key), value
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield (*path, index), value


def _repeated_names(path: Path_, part: Any) -> Iterator[tuple[Path_, str]]:
    if isinstance(part, list):
        seen = set()
        for index, member in enumerate(part):
            name = member.get("name") if isinstance(member, dict) else None
            if isinstance(name, str) and name in seen:
                yield (*path, index, "name"), f"the name {show(name)} is taken already; names must be unique"
            seen.add(name if isinstance(name, str) else None)
    for member_path, member in _members(path, part):
        yield from _repeated_names(member_path, member)


def _reads(path: Path_, part: Any) -> Iterator[tuple[Path_, str]]:
    if isinstance(part, dict) and str(part.get("type")).lower() == "variable" and isinstance(part.get("variable"), str):
        yield (*path, "variable"), part["variable"]
    for member_path, member in _members(path, part):
        yield from _reads(member_path, member)


def _pooled_reads(found: Iterator[Place]) -> Iterator[tuple[Path_, str]]:
    for place in found:
        if isinstance(place.dimension, PooledDimension) and place.dimension.cardinality:
            for path, name in _all_reads(place):
                yield path, f"variable {show(name)} can't be read here: a pool is made before the run"
        else:
            yield from _pooled_reads(place.nested())


def _all_reads(place: Place) -> Iterator[tuple[Path_, str]]:
    for name in place.dimension.reads():
        yield place.json_path, name
    for nested in place.nested():
        yield from _all_reads(nested)


def _unset(
    state: _State, path: Path_, part: dict[str, Any], known: set[str], seen: set[tuple[Path_, str]]
) -> Iterator[tuple[Path_, str]]:
    for read_path, name in _reads(path, part):
        if name not in known and (read_path, name) not in seen:
            seen.add((read_path, name))
            yield (
                read_path,
                f"variable {show(name)} is not set on every path to state {show(state.name)}; it reads as null there",
            )


def places(data: Any, registry: Maker) -> Iterator[Place]:
    """Give the dimensions and variables of a spec's JSON that are valid in themselves."""
    for owner, list_key, prefix in (("emitters", "dimensions", "emitter"), ("states", "variables", "state")):
        for path, part in objects(data, (), owner):
            for dimension_path, described in objects(part, path, list_key):
                try:
                    dimension = registry.make("dimension", described)
                except ValidationError:
                    continue
                name_path = f"{prefix}/{path_part(str(part.get('name')))}/{path_part(dimension.name)}"
                yield Place(dimension_path, name_path, dimension)
