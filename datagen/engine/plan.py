"""From a population to indices and tables, once: past this point no record looks anything up by name.

Sits between the checked spec and the walk; makes no draw and no value.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen import draw
from datagen.draw import CONSTANT, Floats, Keys
from datagen.engine.birth import FACTS, Fact
from datagen.engine.pool import Pools
from datagen.engine.times import Times
from datagen.graph import circles
from datagen.language.emitter import Emitter
from datagen.language.population import Population
from datagen.language.state import State
from datagen.moment import Moment
from datagen.plugin.arrival import Arrival, Pace, Scope
from datagen.plugin.dimension import Dimension
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.life import readable
from datagen.plugin.order import lookups
from datagen.plugin.recording import Recording
from datagen.problems import path_part
from datagen.records.expression.name import of_former, root

EMITTER, STATE = "emitter", "state"  # the first names of the name paths of draws
FOREIGN = -1  # the family of a distribution that only Python can draw
_FOREIGN = Linear(FOREIGN, 0.0, 0.0)


@dataclass(frozen=True)
class Setter:
    """What sets a variable: a generator of a state or of a source of arrivals, or a birth."""

    owner: int  # number of the state, or of the source behind all states
    path: tuple[str, str]  # of the names of draws
    dimension: Dimension | Fact
    reads: frozenset[str]  # variables
    set_before: frozenset[str]  # those of them that stand before this one in its list


@dataclass(frozen=True)
class Tables:
    """What the walk reads of a population, an entry for each state."""

    family: npt.NDArray[np.int32]  # (states,) of the delay, as ``Linear`` has it, or FOREIGN
    offset: Floats  # (states,) seconds
    scale: Floats  # (states,) seconds
    foreign: npt.NDArray[np.int32]  # (states,) which of the delays that only Python can draw it has; -1: none
    patience: npt.NDArray[np.int32]  # (states,) the same of the time that one waits there at most
    patience_offset: Floats
    patience_scale: Floats
    patience_foreign: npt.NDArray[np.int32]
    ways: npt.NDArray[np.int32]  # (states + 1,) where the transitions of each begin
    bound: Keys  # (ways,) cumulative probabilities, in 2**-53
    target: npt.NDArray[np.int32]  # (ways,) next states; ``states`` for the stop
    sets: npt.NDArray[np.uint8]  # (states + sources, groups) whether each sets a group of variables
    former: npt.NDArray[np.uint8]  # (groups,) whether a group is read as it was before a step


@dataclass(frozen=True)
class Plan:
    """A population with its start time, as tables by index."""

    population: Population
    start: Moment
    warm_up: int = 0  # ns: so long before the start the simulation begins
    scale: float = 1.0  # so many times more workers than the sources say
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
            zone=times.zone,
            begin=begin,
            until=until,
            pace=pace,
            incidents=times.incidents,
            recording=self.recordings.get(source.name),
            scale=self.scale,
        )

    @cached_property
    def recordings(self) -> dict[str | None, Recording]:
        """Return what the sources play, by their names; the walk reads the times of it, and the columns the values."""
        times = self.times(seed=0)  # of no matter here
        sources = self.population.sources
        found = ((source.name, source.recording(self.start, times.zero, times.zone)) for source in sources)
        return {name: recording for name, recording in found if recording is not None}

    def state_number(self, name: str | None) -> int:
        """Return the number of a state; of the first without a name."""
        return self._state_numbers[name] if name else 0

    def state_after(self, name: str) -> int:
        """Return the number of the state that a transition leads to; ``states`` for the stop."""
        return self._state_numbers.get(name, len(self.population.states))

    @cached_property
    def _state_numbers(self) -> dict[str, int]:
        return {state.name: number for number, state in enumerate(self.population.states)}

    @cached_property
    def emitters(self) -> dict[str, Emitter]:
        return {emitter.name: emitter for emitter in self.population.emitters}

    @cached_property
    def emitter_of(self) -> npt.NDArray[np.int64]:
        """Return the number of each state's emitter, -1 for none; behind them that of a birth, (states + 1,)."""
        number = {name: number for number, name in enumerate(self.emitters)}
        return np.array([*(number[state.emitter] if state.emitter else -1 for state in self.population.states), -1])

    @cached_property
    def tables(self) -> Tables:
        states = self.population.states
        family, offset, scale = zip(*(_linear(state.delay) for state in states), strict=True)
        patience, patience_offset, patience_scale = zip(*(_linear(_patience(state)) for state in states), strict=True)
        is_foreign = np.array([*family, *patience]) == FOREIGN
        foreign = np.where(is_foreign, np.cumsum(is_foreign) - 1, -1).astype(np.int32)
        ways = [way for state in states for way in state.ways]
        bounds = [draw.bounds([way.share or 1.0 for way in state.ways]) for state in states]
        return Tables(
            family=np.array(family, np.int32),
            offset=np.array(offset),
            scale=np.array(scale),
            foreign=foreign[: len(states)],
            patience=np.array(patience, np.int32),
            patience_offset=np.array(patience_offset),
            patience_scale=np.array(patience_scale),
            patience_foreign=foreign[len(states) :],
            ways=np.cumsum([0, *map(len, bounds)]).astype(np.int32),
            bound=np.concatenate(bounds),
            target=np.array([self.state_after(way.next) for way in ways], np.int32),
            sets=self.sets_group.T.astype(np.uint8, order="C"),
            former=np.array([group in self.groups_before for group in range(len(self.sets_group))], np.uint8),
        )

    @cached_property
    def foreign_waits(self) -> list[tuple[str, Distribution]]:
        """Return the delays, and then the limits of waiting, that only Python can draw, each with its purpose."""
        states = self.population.states
        waits = [("delay", state.delay) for state in states] + [("timeout", _patience(state)) for state in states]
        return [(purpose, wait) for purpose, wait in waits if wait is not None and _linear(wait) == _FOREIGN]

    @cached_property
    def setters(self) -> dict[str, list[Setter]]:
        """Return the setters of each variable."""
        names = self.variable_names.union(self.facts)
        found: dict[str, list[Setter]] = {}
        for owner, (path, variables) in enumerate(self._owners()):
            before: set[str] = set()
            for dimension in variables:
                reads = _reads(names, dimension)
                setter = Setter(owner, path, dimension, reads, reads & before)
                found.setdefault(dimension.name, []).append(setter)
                before.add(dimension.name)
        return found

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Return what is kept of births, since some expression reads it: what is no variable of the spec."""
        read = {root(FACTS, name) for place in self.population.places() for _, name in place.dimension.all_names()}
        return {name: fact for name, fact in FACTS.items() if name in read - self.variable_names}

    @cached_property
    def notes(self) -> dict[str, pa.DataType]:
        """Return what is noted of workers at each step since fields or variables read it, with its type."""
        population = self.population
        known = readable((state.name for state in population.states), population.resources)
        read = {name for place in population.places() for _, name in place.dimension.all_names()}
        return {name: type_ for name, type_ in known.items() if name in read - self.variable_names}

    @cached_property
    def variable_names(self) -> frozenset[str]:
        """Return the names of the variables that states and sources set."""
        lists = [state.variables for state in self.population.states]
        lists += [source.variables for source in self.population.sources]
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
        """Return which states and sources set variables that look up records, (states + sources,)."""
        return np.array([any(map(_looks_up, dimensions)) for _, dimensions in self._owners()])

    @property
    def interleaves(self) -> bool:
        """Return whether some variables are set behind the fields of records that they look up, in one batch."""
        return bool(self.looking_up.any()) and not self.circular

    def _owners(self) -> Iterator[tuple[tuple[str, str], Sequence[Dimension | Fact]]]:
        """Yield the states and then the sources, each with the name path and the variables that it sets."""
        for state in self.population.states:
            yield (STATE, state.name), state.variables
        for source in self.population.sources:
            facts = [fact for fact in self.facts.values() if fact.is_known_of(source)]
            yield ("source", source.name or ""), [*facts, *source.at_birth]

    @cached_property
    def groups(self) -> list[list[str]]:
        """Return the variables in groups: those that are always set together are in one."""
        found: dict[tuple[int, ...], list[str]] = {}
        for name, setters in self.setters.items():
            found.setdefault(tuple(setter.owner for setter in setters), []).append(name)
        return list(found.values())

    @cached_property
    def group_of(self) -> dict[str, int]:
        return {name: number for number, names in enumerate(self.groups) for name in names}

    @cached_property
    def sets_group(self) -> npt.NDArray[np.bool_]:
        """Return which groups are set by which states and sources, (groups, states + sources).

        Behind those of variables there is one for each of the ``memories``.
        """
        states = self.population.states
        size = len(self.groups) + len(self.memories)
        table = np.zeros((size, len(states) + len(self.population.sources)), bool)
        for number, names in enumerate(self.groups):
            table[number, [setter.owner for setter in self.setters[names[0]]]] = True
        for (kind, name), number in self.memories.items():
            table[number, : len(states)] = [
                name == (state.emitter if kind == EMITTER else state.name) for state in states
            ]
        return table

    @cached_property
    def memories(self) -> dict[tuple[str, str], int]:
        """Return the emitters and states whose fields look back at those before of the same worker.

        Of each, the group of positions that the walk keeps for them: where the last record, or setting, is.
        """
        emitters = [(EMITTER, one.name) for one in self.population.emitters if any(map(_looks_back, one.fields))]
        states = [(STATE, one.name) for one in self.population.states if any(map(_looks_back, one.variables))]
        return {owner: number for number, owner in enumerate(emitters + states, len(self.groups))}

    @property
    def groups_before(self) -> frozenset[int]:
        """Return the groups of which the walk says what was set before a step."""
        return self.former_groups.union(self.memories.values())

    @cached_property
    def former_groups(self) -> frozenset[int]:
        """Return the groups with a variable that some setter reads as it was before the step."""
        setters = [setter for setters in self.setters.values() for setter in setters]
        states = len(self.population.states)
        return frozenset(
            self.group_of[name]
            for setter in setters
            for name in setter.reads - setter.set_before
            if setter.owner < states  # nothing was set before a birth
        )

    @cached_property
    def sets_variables(self) -> npt.NDArray[np.bool_]:
        """Return which states set variables; behind them that a birth alone does not, (states + 1,)."""
        return np.array([*(bool(state.variables) for state in self.population.states), False])

    @cached_property
    def _reads(self) -> dict[str, list[str]]:
        """Return which variables each variable is made of."""
        return {
            name: list(dict.fromkeys(read for setter in setters for read in sorted(setter.reads)))
            for name, setters in self.setters.items()
        }

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
        own = self.population.states[setting[0]].variables if len(setting) else []
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
        states = len(self.population.states)
        return frozenset(name for name, setters in self.setters.items() if setters[-1].owner >= states)


def _reads(names: Collection[str], dimension: Dimension | Fact) -> frozenset[str]:
    """Return the variables that a generator reads, of all ``names`` of variables."""
    if isinstance(dimension, Fact):
        return frozenset()
    reads = frozenset(name for _, name in dimension.all_reads())
    return reads | {root(names, name) for _, name in dimension.all_names()} - {""}


def _looks_back(dimension: Dimension) -> bool:
    """Return whether a field depends on what was made for the same worker before."""
    reads = any(of_former(name) is not None for _, name in dimension.all_names())
    return reads or any(part.remembers() for _, part in dimension.whole())


def _looks_up(dimension: Dimension | Fact) -> bool:
    return isinstance(dimension, Dimension) and any(True for _ in lookups(dimension))


def _patience(state: State) -> Distribution | None:
    return None if state.timeout is None else state.timeout.after


def _linear(wait: Distribution | None) -> Linear:
    """Return what the core draws for a delay or gap; where only Python can draw it, the family is FOREIGN."""
    return Linear(CONSTANT, 0.0, 0.0) if wait is None else wait.in_core() or _FOREIGN
