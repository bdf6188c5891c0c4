"""The checks across a spec: references between its parts, sums of probabilities, circles, variables.

They see valid parts as models, and of the others whatever their JSON lets them see.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

from datagen.graph import Graph, circles, reached
from datagen.language import times
from datagen.language.emitter import Emitter
from datagen.language.fields import parts_in, spawned
from datagen.language.held import HeldRows
from datagen.language.holding import Holding
from datagen.language.items import never_empty
from datagen.language.members import repeated_names
from datagen.language.names import Field, Given, reading, unknown_in_states, unknown_names
from datagen.language.order import disorder
from datagen.language.parts import (
    SourcePart,
    StatePart,
    emitter_part,
    placed_arrivals,
    source_part,
    spawn_part,
    state_part,
)
from datagen.language.sharing import SharedValues
from datagen.language.state import State
from datagen.language.tables import Tables
from datagen.language.visibility import Namespaces, names_of_rows, space_of
from datagen.plugin.arrival import Arrival
from datagen.plugin.life import INDEX
from datagen.plugin.memory import Memories
from datagen.plugin.model import LARGEST
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_, did_you_mean, show
from datagen.records.batch import TIME

STOP = "stop"
_TOLERANCE = 0.01 + 1e-9  # of the sum of probabilities; 0.99 and 1.01 are allowed, whatever their last bit
_MOST_COMPARED = 100_000  # names that unknown ones are compared with; 10 µs each
_MOST_SHOWN = 6  # states of a circle

Found = Iterator[tuple[Path_, str]]


class Checks:
    """The checks across a spec."""

    def __init__(self, data: dict[str, Any], made: dict[str, Any], spaces: Namespaces) -> None:
        """Take the JSON of a spec, the same with models for what is valid, and what names mean in its populations."""
        self._data, self._spaces = data, spaces
        states = [state_part(path, part, self._space(path)) for path, part in parts_in(made, (), "states")]
        emitters = [emitter_part(path, part, self._space(path)) for path, part in parts_in(made, (), "emitters")]
        self._tables = Tables(made.get("tables"))
        sources = [
            source_part(path, part, self._tables.names, self._space(path)) for path, part in placed_arrivals(made)
        ]
        entries = [found for path, part in parts_in(made, (), "states") for found in spawned(part, path)]
        spawns = [spawn_part(path, part, self._space(path)) for path, part in entries]
        lists = [*(one.variables for one in states), *(one.variables for one in (*sources, *spawns))]
        named = [field.name for fields in lists for field in fields if field.name is not None]
        held = names_of_rows(data.get("resources"))  # a worker reads its row as it does a variable
        known = self._variables = dict.fromkeys([*named, *held], True)
        all_ = [part for _, part in parts_in(made, (), "emitters")]
        whole = [part for part in all_ if isinstance(part, Emitter)]
        self._memories = Memories({one.name: one.fields for one in whole}) if len(whole) == len(all_) else None
        self._states = [
            replace(
                one,
                variables=reading(one.variables, known, in_record=False),
                leaving=reading(one.leaving, known, in_record=False),
            )
            for one in states
        ]
        self._sources = [replace(one, variables=reading(one.variables, known, in_record=False)) for one in sources]
        self._spawns = [replace(one, variables=reading(one.variables, known, in_record=False)) for one in spawns]
        self._emitters = [replace(one, dimensions=reading(one.dimensions, known, in_record=True)) for one in emitters]
        self._names = {emitter.name for emitter in self._emitters if emitter.name is not None}
        self._by_name = {state.name: state for state in reversed(self._states)}
        self._compared = 0
        self._never_empty = never_empty(
            [part for _, part in (*parts_in(made, (), "states"), *placed_arrivals(made), *entries)]
        )
        valid = [(path, part) for path, part in parts_in(made, (), "states") if isinstance(part, State)]
        self._holding = Holding(data.get("resources"), valid, self._begins)
        self._shared = SharedValues(data.get("shared"), valid, known, spaces)
        self._held, self._named = HeldRows(data.get("resources"), valid, spaces), {*named}
        # What a source plays whose file or table is not understood may be any variable.
        self._knows_all = not any(
            str(part.get("type")).lower() == "replay"
            if isinstance(part, dict)
            else not all(map(self._tables.names, _taken(part)))
            for _, part in placed_arrivals(made)
        )

    def _space(self, path: Path_) -> Namespace:
        """Return what names mean at a path."""
        return space_of(self._data, path, self._spaces)

    @property
    def _owners(self) -> list[StatePart | SourcePart]:
        """Return all that sets variables."""
        return [*self._states, *self._sources, *self._spawns]

    @property
    def _fields(self) -> list[Field]:
        """Return all variables and dimensions, and what sources pick."""
        fields = [field for owner in self._owners for field in owner.variables]
        fields += [Field(source.path, None, (), picks=source.picks) for source in self._sources]
        fields += self._held.fields()
        return fields + [field for emitter in self._emitters for field in emitter.dimensions]

    def problems(self) -> Found:
        yield from repeated_names((), self._data)
        yield from self._no_arrivals()
        yield from self._references()
        yield from self._source_references()
        yield from self._sums()
        if self._knows_all:
            yield from self._reads_of_nothing()
            yield from self._unknown_names()
        yield from self._tables.problems(self._fields)
        yield from self._unknown_lookups()
        given = [tuple(field for field in one.variables if not field.copies) for one in self._spawns]
        in_states = [*(one.variables for one in self._states), *given]
        yield from disorder(in_states, [one.variables for one in self._sources])
        yield from self._standing_circles()
        yield from times.problems(self._data, self._spaces)
        yield from self._holding.problems(self._near)
        yield from self._shared.problems(self._near)
        yield from self._held.problems(self._named, [field for source in self._sources for field in source.variables])
        begins = {name for source in self._sources for _, name in source.begins}
        if self._states and begins <= self._by_name.keys() and not any(state.emitter for state in self._reachable):
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
        yield from self._holding.warnings()
        yield from self._shared.warnings()
        yield from self._tables.unused(self._fields)
        if self._knows_all:
            yield from ((path, f"{text} (it is read as nothing)") for path, text in self._unknown_names(doubted=True))
        yield from times.warnings(self._data, self._spaces)

    def _no_arrivals(self) -> Found:
        given = [key for key in ("interarrival", "arrivals") if key in self._data]
        if not given:
            yield ("interarrival",), '"interarrival" is required, or "arrivals"'
        elif len(given) > 1:
            text = 'there can be either "interarrival" or "arrivals"; put it among these, with a name'
            yield ("interarrival",), text

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

    def _source_references(self) -> Found:
        names = {source.name for source in self._sources if source.name is not None}
        for source in self._sources:
            if source.name is None and len(self._sources) > 1:
                yield source.path, '"name" is required where there are several sources: it keys what is drawn for each'
            for path, name in source.after:
                if name not in names:
                    yield path, f"unknown source {show(name)}{self._near(name, names)}"
        for path, name in (begin for source in (*self._sources, *self._spawns) for begin in source.begins):
            if name not in self._by_name:
                yield path, f"unknown state {show(name)}{self._near(name, self._by_name)}"
        waiting: Graph[str] = {
            source.name: [name for _, name in source.after if name in names] for source in self._sources if source.name
        }
        for circle in circles(waiting):
            source = next(source for source in self._sources if source.name == circle[0])
            path = next(path for path, name in source.after if name == circle[1])
            way = f"sources wait for each other ({' → '.join(circle)})"
            yield path, way if len(circle) > 2 else "a source can't wait for itself"

    def _sums(self) -> Found:
        for path, state in parts_in(self._data, (), "states"):
            found = [transition.get("probability") for _, transition in parts_in(state, path, "transitions")]
            given = [p for p in found if isinstance(p, int | float) and not isinstance(p, bool) and abs(p) <= LARGEST]
            ways = [transition for _, transition in parts_in(state, path, "transitions")]
            if any("when" in way for way in ways) or (isinstance(state, dict) and state.get("ordered")):
                continue  # these are weights
            if given and len(given) == len(found) and abs(sum(given) - 1) > _TOLERANCE:
                yield (*path, "transitions"), f"probabilities must sum to 1, found {sum(given):.6g}"

    def _unknown_names(self, *, doubted: bool = False) -> Found:
        given = Given(self._data, any(source.in_batches for source in self._sources), self._memories)
        emitter_of = {state.path: state.emitter for state in self._states}
        for owners, known in (
            (self._states, given.of_lives),
            (self._sources, {}),
            (self._spawns, given.of_lives | {INDEX: True}),
        ):
            for owner in owners:
                path = owner.path[:2]  # that of the state, also of what it spawns
                lacking = partial(given.lacking_in_state, emitter_of[path]) if path in emitter_of else None
                yield from unknown_names(
                    owner.variables,
                    self._variables,
                    given,
                    self._near,
                    known,
                    in_record=False,
                    doubted=doubted,
                    lacking=lacking,
                )
        for emitter in self._emitters:
            yield from unknown_names(
                emitter.dimensions,
                self._variables,
                given,
                self._near,
                given.of_lives,
                in_record=True,
                doubted=doubted,
            )
        for state in () if doubted else self._states:
            for field in state.leaving:
                yield from unknown_in_states(field, self._variables, given, self._near, state.emitter)

    def _reads_of_nothing(self) -> Found:
        for field in self._fields:
            for path, name in field.reads:
                if name not in self._variables:
                    yield path, f"variable {show(name)} is set in no state{self._near(name, self._variables)}"

    def _unknown_lookups(self) -> Found:
        """Yield what is looked up in records that there are not, or that they don't have."""
        known = {
            one.name: {TIME, *(field.name or "" for field in one.dimensions)} for one in self._emitters if one.name
        }
        for path, lookup in (found for field in self._fields for found in field.lookups):
            if lookup.emitter in self._tables.emitters():
                text = f"the records of {show(lookup.emitter)} are rows of a table; pick from it with `row` or `column`"
                yield (*path, "emitter"), text
            elif lookup.emitter not in self._names:
                near = self._near(lookup.emitter, self._names)
                yield (*path, "emitter"), f"unknown emitter {show(lookup.emitter)}{near}"
            for key, name in lookup.looked_up() if lookup.emitter in known else ():
                if name not in known[lookup.emitter]:
                    near = self._near(name, known[lookup.emitter])
                    yield (*path, *key), f"emitter {show(lookup.emitter)} has no dimension {show(name)}{near}"

    def _near(self, name: str, known: Collection[str]) -> str:
        """Return the end of a message about an unknown name; nothing once very many were looked for."""
        if self._compared > _MOST_COMPARED:
            return ""
        self._compared += len(known)
        return did_you_mean(name, known)

    def _standing_circles(self) -> Found:
        """Yield one of the circles of each group of states that lead to one another."""
        standing: Graph[str] = {
            state.name: [*state.at_once, *state.bears_at_once, *self._passed(state)] for state in self._states
        }
        for circle in circles(standing):
            names = [*circle[: _MOST_SHOWN - 1], "…", circle[-1]] if len(circle) > _MOST_SHOWN + 1 else circle
            way = f" ({' → '.join(names)})" if len(circle) > 2 else ""
            does = "come back to this state without ever waiting"
            steps = [(self._by_name[name], other) for name, other in pairwise(circle)]
            passed = [state for state, other in steps if other not in state.at_once and self._passed(state)]
            does += f", as long as {show(passed[0].goes_through)} is empty" if passed else ""
            if not all(other in (*state.at_once, *self._passed(state)) for state, other in steps):
                does = "spawn others without ever waiting who do the same"
            yield self._by_name[circle[0]].path, f"a worker can {does}{way}: the clock can never move on"

    def _passed(self, state: StatePart) -> tuple[str, ...]:
        """Return the states that one may go to from another at once, since there is no item to go through."""
        may_be_empty = state.goes_through and state.goes_through not in self._never_empty
        return state.passes if may_be_empty else ()

    @cached_property
    def _reachable(self) -> list[StatePart]:
        ways = {name: [other for _, other in state.next] for name, state in self._by_name.items()}
        return [self._by_name[name] for name in reached(ways, *self._begins)] if self._states else []

    @cached_property
    def _begins(self) -> dict[str, int]:
        """Return the states that workers begin in, and which variables are surely set then."""
        begins: dict[str, int] = {}
        for source in (*self._sources, *self._spawns):
            given = self._with(0, source.variables)
            named = [name for _, name in source.begins if name in self._by_name]
            for name in [*named, *([self._states[0].name] if source.in_first and self._states else [])]:
                begins[name] = begins.get(name, given) & given
        return begins

    @cached_property
    def _bits(self) -> dict[str, int]:
        """Return a number for each variable, of one bit, so that a whole number stands for a set of them."""
        names = (field.name for owner in self._owners for field in owner.variables)
        return {name: 1 << number for number, name in enumerate(dict.fromkeys(names)) if name is not None}

    def _population(self, name: str | None) -> str:
        """Return the population of a state or source; "" where there are no several."""
        return (name or "").partition("/")[0] if self._data.get("populations") else ""

    @cached_property
    def _set_in(self) -> dict[str, int]:
        """Return which variables are set at all in each population: fields that all share may read those of others."""
        found: dict[str, int] = {}
        for state in self._states:
            population = self._population(state.name)
            found[population] = self._with(found.get(population, 0), state.variables)
        for source in (*self._sources, *self._spawns):
            begins = [name for _, name in source.begins] or [self._states[0].name if self._states else ""]
            population = self._population(begins[0])
            found[population] = self._with(found.get(population, 0), source.variables)
        return found

    def _surely_set(self) -> dict[str, int]:
        """Return which variables are set on every path to each state that can be reached: a fixed point."""
        surely = dict(self._begins)
        todo = deque(surely)
        while todo:
            state = self._by_name[todo.popleft()]
            own = () if self._passed(state) else (*state.variables, *state.given)
            leaving = self._with(surely[state.name], own)
            for _, name in state.next:
                before = surely.get(name)
                arriving = leaving if before is None else leaving & before
                if name in self._by_name and arriving != before:
                    surely[name] = arriving
                    todo.append(name)
        return surely

    def _with(self, known: int, fields: Collection[Field]) -> int:
        for field in fields:
            known |= self._bits.get(field.name or "", 0)
        return known

    def _unset_on_some_path(self) -> Found:
        """Yield reads of variables that some path does not set."""
        surely = self._surely_set()
        fields = {emitter.name: emitter.dimensions for emitter in self._emitters if emitter.name is not None}
        left = {name: self._read_by(dimensions) for name, dimensions in fields.items()}  # what was not yet told
        for state in self._reachable:
            known = surely[state.name] | ~self._set_in[self._population(state.name)]
            for field in state.variables:
                yield from self._unset(state, [field], self._read_by([field]) & ~known)
                known = self._with(known, [field])
            if state.emitter in left and (unset := left[state.emitter] & ~known):
                left[state.emitter] &= known
                yield from self._unset(state, fields[state.emitter], unset)
            yield from self._unset(state, state.leaving, self._read_by(state.leaving) & ~known)

    def _read_by(self, fields: Collection[Field]) -> int:
        bits = 0
        for field in fields:
            for _, name in field.reads:
                bits |= self._bits.get(name, 0)
        return bits

    def _unset(self, state: StatePart, fields: Collection[Field], unset: int) -> Found:
        for path, name in (read for field in fields for read in field.reads):
            if unset & self._bits.get(name, 0):
                message = f"variable {show(name)} is not set on every path to state {show(state.name)}"
                yield path, f"{message}; it reads as null there"


def _taken(part: Arrival) -> list[str]:
    """Return the tables whose rows a source takes."""
    return [table for _, table, _ in part.tables()]
