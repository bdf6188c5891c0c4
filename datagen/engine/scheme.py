"""From a population to indices and tables, once: past this point no record looks anything up by name.

Sits between the checked spec and the walk; makes no draw and no value.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.engine.birth import FACTS, Fact
from datagen.engine.held import HeldRows
from datagen.engine.named import told
from datagen.engine.pool import Pools
from datagen.engine.setter import Setter, copies, declared, looks_back, looks_up, reads_of
from datagen.engine.shared import Shared
from datagen.engine.tables import Tables, numbers_of, tables_of
from datagen.engine.times import Times
from datagen.graph import circles
from datagen.language.emitter import Emitter
from datagen.language.population import Population
from datagen.language.state import Gift, Spawn, State
from datagen.language.subpopulation import scale_of
from datagen.moment import Moment
from datagen.plugin.arrival import Arrival, Pace, Scope
from datagen.plugin.dimension import Dimension
from datagen.plugin.life import INDEX, MAYBE, readable
from datagen.plugin.recording import Recording
from datagen.plugin.shared import set_by_walk, there
from datagen.plugin.world import World
from datagen.problems import path_part
from datagen.records.expression.name import called, root

EMITTER, STATE = "emitter", "state"  # the first names of the name paths of draws


@dataclass(frozen=True)
class Scheme(ABC):
    """A population with its start time, as tables by index; but for what the walk calculates, which asks for these."""

    population: Population
    start: Moment
    warm_up: int = 0  # ns: so long before the start the simulation begins
    scale: float = 1.0  # so many times more workers than the sources say, where their population does not say it
    pools: Pools | None = field(default=None, compare=False)  # of the run, for whoever makes values of it
    path: str = ""  # the name path above the purposes of all draws; empty while there is one population

    def times(self, seed: int) -> Times:
        """Return what its profiles and incidents are in a run."""
        return Times(self.population, self.start, seed, self.warm_up)

    def purpose(self, name: str) -> str:
        """Return the name path of what a draw for a worker is for."""
        return f"{self.path}/{name}" if self.path else name

    def path_of(self, source: Arrival) -> str:
        """Return the name path above the purposes of the draws of a source, with a slash behind it if there is any."""
        return self.purpose("" if source.name is None else f"source/{path_part(source.name)}/")

    def scope(self, source: Arrival, times: Times, seed: int, pace: Pace, begin: int, until: int) -> Scope:
        """Return what a source may know of a run; it lasts from ``begin`` to ``until`` (ns of the simulation)."""
        return Scope(
            seed=seed,
            path=self.path_of(source),
            start=self.start,
            zero=times.zero,
            zone=times.zone_of(source.name),
            begin=begin,
            until=until,
            pace=pace,
            incidents=times.incidents,
            recording=self.recordings.get(source.name),
            scale=scale_of(source.name, self.population.populations, self.scale),
        )

    @cached_property
    def recordings(self) -> dict[str | None, Recording]:
        """Return what the sources play, by their names; the walk reads the times of it, and the columns the values."""
        times = self.times(seed=0)  # of no matter here
        sources = self.population.sources
        found = ((one.name, one.recording(self.start, times.zero, times.zone_of(one.name))) for one in sources)
        return {name: recording for name, recording in found if recording is not None}

    def state_number(self, name: str | None) -> int:
        """Return the number of a state; of the first without a name."""
        return self._state_numbers[name] if name else 0

    @cached_property
    def _state_numbers(self) -> dict[str, int]:
        return numbers_of(self.population.states)

    @cached_property
    def own_names(self) -> list[str]:
        """Return the names of the states in their populations; a worker is in one, so the same name is one to it."""
        return [self.population.own_name(state.name) for state in self.population.states]

    @cached_property
    def emitters(self) -> dict[str, Emitter]:
        return {emitter.name: emitter for emitter in self.population.emitters}

    @cached_property
    def emitter_of(self) -> npt.NDArray[np.int64]:
        """Return by the states of steps the number of the emitter, -1 for none, (states + 1 + spawns,)."""
        number = {name: number for number, name in enumerate(self.emitters)}
        owners = [number[state.emitter] if state.emitter else -1 for state in self.population.states]
        nobody = [-1] * (len(self.population.sources) + len(self.spawns))
        return self.by_row(np.array([*owners, *nobody]), -1)

    @cached_property
    def tables(self) -> Tables:
        former = np.array([group in self.groups_before for group in range(len(self.sets_group))], np.uint8)
        sets = self.sets_group.T.astype(np.uint8, order="C")
        return tables_of(self.population.states, sets, self._inherits, former)

    @cached_property
    def spawns(self) -> list[tuple[State, Spawn]]:
        """Return what brings about children, each with its state, in the order of these."""
        return [(state, entry) for state in self.population.states for entry in state.entries]

    @cached_property
    def begins(self) -> tuple[int, int]:
        """Return the numbers of the owner who is the first source, and of the first spawn."""
        states = len(self.population.states)
        return states, states + len(self.population.sources)

    def by_row(self, owners: npt.NDArray[Any], of_birth: Any) -> npt.NDArray[Any]:
        """Return what is so of owners (owners,) by the state of a step: (states + 1 + spawns,).

        Behind the states, a birth alone is one, and then what the spawns set.
        """
        sources, spawns = self.begins
        return np.concatenate([owners[:sources], [of_birth], owners[spawns:]])

    @cached_property
    def setters(self) -> dict[str, list[Setter]]:
        """Return the setters of each variable; those whose values the walk calculates read nothing."""
        return {
            name: [one.noted() if name in self.calculated and one.is_noted(self.begins[0]) else one for one in setters]
            for name, setters in self.declared.items()
        }

    @property
    @abstractmethod
    def calculated(self) -> dict[str, pa.DataType]:
        """Return the variables whose values in states the walk calculates, with their types."""

    @cached_property
    def declared(self) -> dict[str, list[Setter]]:
        """Return the setters of each variable, with all that they read."""
        return declared(list(self._owners()), self.variable_names.union(self.facts), self.begins[1])

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Return what is kept of births, since some expression reads it: what is no variable of the spec."""
        read = {root(FACTS, name) for place in self.population.places() for _, name in place.dimension.all_names()}
        return {name: fact for name, fact in FACTS.items() if name in read - self.variable_names}

    @cached_property
    def held(self) -> HeldRows:
        """Return the rows that workers hold."""
        return HeldRows(self.population, lambda: self.world(0).tables)

    @cached_property
    def known_of_lives(self) -> dict[str, pa.DataType]:
        """Return what fields or variables read of workers in states, with its type."""
        population = self.population
        known = readable(self.own_names, population.resources, has_populations=bool(population.populations))
        read = {name for place in population.places() for _, name in place.dimension.all_names()}
        known[INDEX] = pa.int64()
        found = {name: type_ for name, type_ in known.items() if name in read - self.variable_names}
        found |= {there(name): pa.bool_() for name in MAYBE if name in found}
        return self.shared.notes(read) | found | {name: rows.type for name, rows in self.held.rows.items()}

    @cached_property
    def shared(self) -> Shared:
        """Return the values that all workers see."""
        return Shared(self.population, lambda: self.world(0).tables)

    def world(self, seed: int) -> World:
        """Return the world of a run, or of a pilot, which has none yet."""
        if self.pools is not None:
            return self.pools.world()
        return Pools(self.population, seed, Event(), self.population.timezone or self.start.zone or "UTC").world()

    @property
    def notes(self) -> dict[str, pa.DataType]:
        """Return what the walk notes of workers at each step since it is read, with its type."""
        items = self.known_of_lives.items()
        known = {name: pa.int64() if name in self.held.rows else type_ for name, type_ in items if type_ != pa.string()}
        own = {set_by_walk(name): type_ for name, type_ in self.calculated.items()}
        return known | own | {there(name): pa.bool_() for name in own}

    @cached_property
    def told(self) -> dict[str, pa.Array]:
        """Return what the states of steps tell, since it is read: names (states + 1 + spawns,); of a spawn its own."""
        names = [*(state.name for state in self.population.states), None, *(state.name for state, _ in self.spawns)]
        return {name: array for name, array in told(self.population, names).items() if name in self.known_of_lives}

    @cached_property
    def incidents_read(self) -> list[str]:
        """Return the incidents that expressions of states may read."""
        states = self.population.states
        read = {name for state in states for expression in state.expressions() for name in expression.names}
        read |= {name for expression in self.held.looks for name in expression.names}
        set_ = [one for state in states for one in state.variables]
        set_ += [one for _, entry in self.spawns for one in entry.variables]
        read |= {name for one in set_ for _, name in one.all_names()}
        return [name for name in self.population.incidents if called("incident", name) in read]

    @cached_property
    def variable_names(self) -> frozenset[str]:
        """Return the names of the variables that states and sources set."""
        lists = [state.variables for state in self.population.states]
        lists += [source.variables for source in self.population.sources]
        lists += [entry.variables for _, entry in self.spawns]
        return frozenset(dimension.name for dimensions in lists for dimension in dimensions)

    @cached_property
    def made_variables(self) -> dict[str, list[Dimension]]:
        """Return the field generators that set each variable."""
        found: dict[str, list[Dimension]] = {}
        for _, dimensions in self._owners():
            for one in dimensions:
                if isinstance(one, Dimension):
                    found.setdefault(one.name, []).append(one)
        return found

    @cached_property
    def looking_up(self) -> npt.NDArray[np.bool_]:
        """Return which owners set variables that look up records, (owners,)."""
        return np.array([any(map(looks_up, dimensions)) for _, dimensions in self._owners()])

    @property
    def interleaves(self) -> bool:
        """Return whether some variables are set behind the fields of records that they look up, in one batch."""
        return bool(self.looking_up.any()) and not self.circular

    def _owners(self) -> Iterator[tuple[tuple[str, ...], Sequence[Dimension | Fact]]]:
        """Yield the states, the sources and the spawns, each with the name path and the variables that it sets."""
        for state in self.population.states:
            yield (STATE, state.name), state.variables
        for source in self.population.sources:
            facts = [fact for fact in self.facts.values() if fact.is_known_of(source)]
            yield ("source", source.name or ""), [*facts, *source.at_birth]
        for state, entry in self.spawns:
            yield (STATE, state.name, *entry.names), entry.variables

    def variables_of(self, owner: int) -> Sequence[Dimension | Fact]:
        """Return what an owner sets, in its order."""
        return self._listed[owner]

    @cached_property
    def _listed(self) -> list[Sequence[Dimension | Fact]]:
        return [variables for _, variables in self._owners()]

    @cached_property
    def groups(self) -> list[list[str]]:
        """Return the variables in groups: those that are always set, and inherited, together are in one."""
        found: dict[tuple[tuple[int, ...], tuple[int, ...]], list[str]] = {}
        for name, setters in self.setters.items():
            heirs = tuple(number for number, names in enumerate(self._inherited) if name in names)
            found.setdefault((tuple(setter.owner for setter in setters), heirs), []).append(name)
        return list(found.values())

    @cached_property
    def _inherited(self) -> list[frozenset[str]]:
        """Return the variables that the children of each spawn have as they are of their parents."""
        return [frozenset(one.name for one in entry.variables if copies(one)) for _, entry in self.spawns]

    @property
    def _inherits(self) -> npt.NDArray[np.uint8]:
        table = np.zeros((len(self.spawns), len(self.sets_group)), np.uint8)
        for number, names in enumerate(self._inherited):
            table[number, : len(self.groups)] = [group[0] in names for group in self.groups]
        table[[isinstance(entry, Gift) for _, entry in self.spawns]] = 1  # who is given something keeps the rest
        return table

    @cached_property
    def group_of(self) -> dict[str, int]:
        return {name: number for number, names in enumerate(self.groups) for name in names}

    @cached_property
    def sets_group(self) -> npt.NDArray[np.bool_]:
        """Return which groups are set by which owners, (groups, owners).

        Behind those of variables there is one for each of the ``memories``.
        """
        states = self.population.states
        size = len(self.groups) + len(self.memories)
        table = np.zeros((size, self.begins[1] + len(self.spawns)), bool)
        for number, names in enumerate(self.groups):
            table[number, [setter.owner for setter in self.setters[names[0]]]] = True
        for path, number in self.memories.items():
            table[number, : len(states)] = [path == (EMITTER, state.emitter) for state in states]
            table[number, [owner for setting, owner in self.looking_back.items() if setting == path]] = True
        return table

    @cached_property
    def memories(self) -> dict[tuple[str, ...], int]:
        """Return the emitters, and who sets variables, whose fields look back at those before of the same worker.

        Of each, the group of positions that the walk keeps for them: where the last record, or setting, is.
        """
        emitters = [(EMITTER, one.name) for one in self.population.emitters if any(map(looks_back, one.fields))]
        return {path: number for number, path in enumerate([*emitters, *self.looking_back], len(self.groups))}

    @cached_property
    def looking_back(self) -> dict[tuple[str, ...], int]:
        """Return the numbers of those, by their name paths: states, and what one is given at times that are awaited."""
        sources, spawns = self.begins
        gifts = [number for number, (_, entry) in enumerate(self.spawns, spawns) if isinstance(entry, Gift)]
        paths = [path for path, _ in self._owners()]
        return {paths[one]: one for one in (*range(sources), *gifts) if any(map(looks_back, self.variables_of(one)))}

    @property
    def groups_before(self) -> frozenset[int]:
        """Return the groups of which the walk says what was set before a step."""
        return self.former_groups.union(self.memories.values())

    @cached_property
    def former_groups(self) -> frozenset[int]:
        """Return the groups with a variable that some setter reads as it was before the step."""
        setters = [setter for setters in self.setters.values() for setter in setters]
        sources, spawns = self.begins
        return frozenset(
            self.group_of[name]
            for setter in setters
            for name in setter.reads - setter.set_before
            if not sources <= setter.owner < spawns  # nothing was set before a birth
        )

    @cached_property
    def sets_variables(self) -> npt.NDArray[np.bool_]:
        """Return by the states of steps which set variables, (states + 1 + spawns,), as ``by_row`` has it."""
        owners = np.array([bool(variables) for _, variables in self._owners()])
        return self.by_row(owners, False)

    @cached_property
    def _reads(self) -> dict[str, list[str]]:
        """Return which variables each variable is made of."""
        return reads_of(self.setters)

    @cached_property
    def order(self) -> list[str] | None:
        """Return the variables, each after those that it reads; None when some read each other in a circle."""
        try:
            return list(TopologicalSorter(self._reads).static_order())
        except CycleError:
            return None

    @property
    def circles(self) -> list[list[str]]:
        """Return the circles in which variables read each other, each from a variable back to it."""
        return list(circles(self._reads))

    @property
    def circular(self) -> bool:
        """Return whether variables read each other in a circle."""
        return self.order is None

    def variables_in_order(self, states: npt.NDArray[np.integer]) -> list[str]:
        """Return the variables in an order to set them in for steps into ``states``.

        Where variables read each other in a circle, no more than one of the states may set any.
        """
        if self.order is not None:
            return self.order
        setting = states[self.sets_variables[states]]
        lists = [state.variables for state in self.population.states]
        lists += [[], *(entry.variables for _, entry in self.spawns)]
        own = lists[setting[0]] if len(setting) else []
        return list(dict.fromkeys([*self._order_at_birth, *(dimension.name for dimension in own)]))

    @cached_property
    def _order_at_birth(self) -> list[str]:
        """Return the variables that births set, each after those that it reads there."""
        reads = {
            name: {read for setter in setters for read in setter.set_before}
            for name, setters in self.setters.items()
            if name in self.given
        }
        return list(TopologicalSorter(reads).static_order())

    @cached_property
    def given_groups(self) -> frozenset[int]:
        """Return the groups of these."""
        return frozenset(self.group_of[name] for name in self.given)

    @cached_property
    def given(self) -> frozenset[str]:
        """Return the variables that births set."""
        owners = range(*self.begins)
        return frozenset(name for name, setters in self.setters.items() if any(one.owner in owners for one in setters))
