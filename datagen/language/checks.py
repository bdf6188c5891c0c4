"""The checks across a spec: references between its parts, sums of probabilities, circles, variables.

They see valid parts as models, and of the others whatever their JSON lets them see.
"""

from collections import ChainMap, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datagen.graph import Graph, circles, reached
from datagen.language.population import Emitter, State
from datagen.plugin.dimension import Dimension
from datagen.plugin.model import LARGEST
from datagen.problems import Path_, did_you_mean, is_comment, show
from datagen.records.expression import ExpressionError, parse
from datagen.records.expression.name import root

STOP = "stop"
_TIME = "time"
_TOLERANCE = 0.01 + 1e-9  # of the sum of probabilities; 0.99 and 1.01 are allowed, whatever their last bit
_MOST_COMPARED = 100_000  # names that unknown ones are compared with; 10 µs each
_MOST_SHOWN = 6  # states of a circle

Found = Iterator[tuple[Path_, str]]


@dataclass(frozen=True)
class _Field:
    """A dimension or a variable, and what it reads."""

    path: Path_
    name: str | None
    reads: tuple[tuple[Path_, str], ...]  # variables
    names: tuple[tuple[Path_, str], ...] = ()  # in its expressions


@dataclass(frozen=True)
class _State:
    """What of a state can be checked, whatever else is wrong with it."""

    path: Path_
    name: str
    emitter: str | None
    next: tuple[tuple[Path_, str], ...]
    never_waits: bool
    variables: tuple[_Field, ...]


@dataclass(frozen=True)
class _Emitter:
    path: Path_
    name: str | None
    dimensions: tuple[_Field, ...]


class Checks:
    """The checks across a spec."""

    def __init__(self, data: dict[str, Any], made: dict[str, Any]) -> None:
        """Take the JSON of a spec, and the same with models for the states and emitters that are valid."""
        self._data = data
        states = [_state(path, part) for path, part in _parts(made, (), "states")]
        emitters = [_emitter(path, part) for path, part in _parts(made, (), "emitters")]
        self._set = {field.name: True for state in states for field in state.variables if field.name is not None}
        self._states = [replace(state, variables=self._reading(state.variables)) for state in states]
        self._emitters = [replace(one, dimensions=self._reading(one.dimensions, in_record=True)) for one in emitters]
        self._names = {emitter.name for emitter in self._emitters if emitter.name is not None}
        self._by_name = {state.name: state for state in reversed(self._states)}
        self._compared = 0

    def problems(self) -> Found:
        yield from _repeated_names((), self._data)
        yield from self._references()
        yield from self._sums()
        yield from self._reads_of_nothing()
        yield from self._unknown_names()
        yield from self._standing_circles()
        if self._states and not any(state.emitter for state in self._reachable):
            yield ("states",), "no state that can be reached has an emitter, so there would never be a record"

    def warnings(self) -> Found:
        reachable = {state.name for state in self._reachable}
        for state in self._states:
            if state.name not in reachable:
                yield state.path, f"state {show(state.name)} can't be reached from the first state"
        used = {state.emitter for state in self._states}
        for emitter in self._emitters:
            if emitter.name is not None and emitter.name not in used:
                yield emitter.path, f"emitter {show(emitter.name)} is used by no state"
        yield from self._unset_on_some_path()

    def _references(self) -> Found:
        for state in self._states:
            if state.name.lower() == STOP:
                yield (*state.path, "name"), f"a state must not be called {show(state.name)}: it ends a worker"
            if state.emitter is not None and state.emitter not in self._names:
                near = self._near(state.emitter, self._names)
                yield (*state.path, "emitter"), f"unknown emitter {show(state.emitter)}{near}"
            for path, name in state.next:
                if name.lower() != STOP and name not in self._by_name:
                    yield path, f"unknown state {show(name)}{self._near(name, [*self._by_name, STOP])}"

    def _sums(self) -> Found:
        for path, state in _parts(self._data, (), "states"):
            found = [transition.get("probability") for _, transition in _parts(state, path, "transitions")]
            given = [p for p in found if isinstance(p, int | float) and not isinstance(p, bool) and abs(p) <= LARGEST]
            if given and len(given) == len(found) and abs(sum(given) - 1) > _TOLERANCE:
                yield (*path, "transitions"), f"probabilities must sum to 1, found {sum(given):.6g}"

    def _reads_of_nothing(self) -> Found:
        fields = [field for state in self._states for field in state.variables]
        fields += [field for emitter in self._emitters for field in emitter.dimensions]
        for field in fields:
            for path, name in field.reads:
                if name not in self._set:
                    yield path, f"variable {show(name)} is set in no state{self._near(name, self._set)}"

    def _unknown_names(self) -> Found:
        """Yield names in expressions that stand for nothing."""
        for state in self._states:
            for field in state.variables:
                yield from self._unknown(field, {}, set(), "a variable or time")
        for emitter in self._emitters:
            everywhere = {field.name for field in emitter.dimensions if field.name is not None}
            earlier: dict[str, bool] = {}
            for field in emitter.dimensions:
                yield from self._unknown(field, earlier, everywhere, "a dimension above, a variable or time")
                earlier[field.name or ""] = True

    def _unknown(self, field: _Field, earlier: dict[str, bool], everywhere: Collection[str], what: str) -> Found:
        known = ChainMap(earlier, self._set, {_TIME: True})
        for path, name in field.names:
            if root(known, name):
                continue
            if below := root(everywhere, name):
                yield path, f"{show(below)} does not stand above, and only what does can be read; move it up"
            else:
                yield path, f"{show(name)} is not {what}{self._near(name, known)}"

    def _reading(self, fields: tuple[_Field, ...], *, in_record: bool = False) -> tuple[_Field, ...]:
        """Return fields that also read the variables that their expressions name; what stands above comes first."""
        earlier: dict[str, bool] = {}
        found = []
        for field in fields:
            roots = [(path, root(ChainMap(earlier, self._set), name)) for path, name in field.names]
            own = "" if in_record else field.name  # the value before, null at first
            variables = [(path, name) for path, name in roots if name not in ("", own) and name not in earlier]
            found.append(replace(field, reads=(*field.reads, *variables)))
            if in_record:
                earlier[field.name or ""] = True
        return tuple(found)

    def _near(self, name: str, known: Collection[str]) -> str:
        """Return the end of a message about an unknown name; nothing once very many were looked for."""
        if self._compared > _MOST_COMPARED:
            return ""
        self._compared += len(known)
        return did_you_mean(name, known)

    def _standing_circles(self) -> Found:
        """Yield one of the circles of each group of states that lead to one another."""
        standing: Graph[str] = {
            state.name: [name for _, name in state.next] for state in self._states if state.never_waits
        }
        for circle in circles(standing):
            names = [*circle[: _MOST_SHOWN - 1], "…", circle[-1]] if len(circle) > _MOST_SHOWN + 1 else circle
            way = f" ({' → '.join(names)})" if len(circle) > 2 else ""
            message = f"a worker can come back to this state without ever waiting{way}: the clock can never move on"
            yield self._by_name[circle[0]].path, message

    @cached_property
    def _reachable(self) -> list[_State]:
        ways = {name: [other for _, other in state.next] for name, state in self._by_name.items()}
        return [self._by_name[name] for name in reached(ways, self._states[0].name)] if self._states else []

    @cached_property
    def _bits(self) -> dict[str, int]:
        """Return a number for each variable, of one bit, so that a whole number stands for a set of them."""
        names = (field.name for state in self._states for field in state.variables)
        return {name: 1 << number for number, name in enumerate(dict.fromkeys(names)) if name is not None}

    def _surely_set(self) -> dict[str, int]:
        """Return which variables are set on every path to each state that can be reached: a fixed point."""
        surely = {state.name: 0 for state in self._reachable[:1]}
        todo = deque(surely)
        while todo:
            state = self._by_name[todo.popleft()]
            leaving = self._with(surely[state.name], state.variables)
            for _, name in state.next:
                before = surely.get(name)
                arriving = leaving if before is None else leaving & before
                if name in self._by_name and arriving != before:
                    surely[name] = arriving
                    todo.append(name)
        return surely

    def _with(self, known: int, fields: Collection[_Field]) -> int:
        for field in fields:
            known |= self._bits.get(field.name or "", 0)
        return known

    def _unset_on_some_path(self) -> Found:
        """Yield reads of variables that some path does not set."""
        surely = self._surely_set()
        fields = {emitter.name: emitter.dimensions for emitter in self._emitters if emitter.name is not None}
        left = {name: self._read_by(dimensions) for name, dimensions in fields.items()}  # what was not yet told
        for state in self._reachable:
            known = surely[state.name]
            for field in state.variables:
                yield from self._unset(state, [field], self._read_by([field]) & ~known)
                known = self._with(known, [field])
            if state.emitter in left and (unset := left[state.emitter] & ~known):
                left[state.emitter] &= known
                yield from self._unset(state, fields[state.emitter], unset)

    def _read_by(self, fields: Collection[_Field]) -> int:
        bits = 0
        for field in fields:
            for _, name in field.reads:
                bits |= self._bits.get(name, 0)
        return bits

    def _unset(self, state: _State, fields: Collection[_Field], unset: int) -> Found:
        for path, name in (read for field in fields for read in field.reads):
            if unset & self._bits.get(name, 0):
                message = f"variable {show(name)} is not set on every path to state {show(state.name)}"
                yield path, f"{message}; it reads as null there"


# What of a state, an emitter or a field can be checked


def _state(path: Path_, part: State | dict[str, Any]) -> _State:
    if isinstance(part, State):
        name, emitter, never_waits = part.name, part.emitter, part.never_waits
        next_states = [
            ((*path, "transitions", number, "next"), transition.next)
            for number, transition in enumerate(part.transitions)
        ]
    else:
        name, emitter, never_waits = _text(part, "name") or "", _text(part, "emitter"), part.get("delay") is None
        next_states = [
            ((*at, "next"), transition["next"])
            for at, transition in _parts(part, path, "transitions")
            if isinstance(transition.get("next"), str)
        ]
    return _State(path, name, emitter, tuple(next_states), never_waits, _fields(part, path, "variables"))


def _emitter(path: Path_, part: Emitter | dict[str, Any]) -> _Emitter:
    name = part.name if isinstance(part, Emitter) else _text(part, "name")
    return _Emitter(path, name, _fields(part, path, "dimensions"))


def _fields(owner: Any, path: Path_, key: str) -> tuple[_Field, ...]:
    if not isinstance(owner, dict):
        dimensions: list[Dimension] = getattr(owner, key)
        return tuple(_model_field((*path, key, number), dimension) for number, dimension in enumerate(dimensions))
    return tuple(
        _Field(at, _text(part, "name"), tuple(_json_reads(at, part)), tuple(_json_names(at, part)))
        for at, part in _parts(owner, path, key)
    )


def _model_field(path: Path_, dimension: Dimension) -> _Field:
    names = (((*path, *inner), name) for inner, name in dimension.all_names())
    return _Field(path, dimension.name, tuple(_model_reads(path, dimension)), tuple(names))


def _model_reads(path: Path_, dimension: Dimension) -> Found:
    for name in dimension.reads():
        keys = [key for key in type(dimension).model_fields if getattr(dimension, key) == name and key != "name"]
        yield (*path, *keys[:1]), name
    for inner, nested in dimension.nested():
        yield from _model_reads((*path, *inner), nested)


def _json_reads(path: Path_, part: Any) -> Found:
    if isinstance(part, dict) and str(part.get("type")).lower() == "variable" and isinstance(part.get("variable"), str):
        yield (*path, "variable"), part["variable"]
    for member_path, member in _members(path, part):
        yield from _json_reads(member_path, member)


def _json_names(path: Path_, part: Any) -> Found:
    if isinstance(part, dict) and str(part.get("type")).lower() == "expression" and isinstance(part.get("value"), str):
        try:
            names = parse(part["value"]).names
        except ExpressionError:
            names = frozenset()
        yield from (((*path, "value"), name) for name in sorted(names))
    for member_path, member in _members(path, part):
        yield from _json_names(member_path, member)


def _text(part: dict[str, Any], key: str) -> str | None:
    return part[key] if isinstance(part.get(key), str) else None


def _parts(data: Any, path: Path_, key: str) -> Iterator[tuple[Path_, Any]]:
    """Yield the objects and models in the list under a key, with their paths."""
    parts = data.get(key) if isinstance(data, dict) else None
    for index, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(part, dict | State | Emitter):
            yield (*path, key, index), part


def _members(path: Path_, part: Any) -> Iterator[tuple[Path_, Any]]:
    """Yield the members of an object or list that are part of the spec; not comments, nor the values of an enum."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key != "values" and not is_comment(key):
                yield (*path, key), value
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield (*path, index), value


def _repeated_names(path: Path_, part: Any) -> Found:
    if isinstance(part, list):
        seen = set()
        for index, member in enumerate(part):
            name = member.get("name") if isinstance(member, dict) else None
            if isinstance(name, str) and name in seen:
                yield (*path, index, "name"), f"the name {show(name)} is taken already; names must be unique"
            seen.add(name if isinstance(name, str) else None)
    for member_path, member in _members(path, part):
        yield from _repeated_names(member_path, member)
