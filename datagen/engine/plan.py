"""From a population to indices and tables, once: past this point no record looks anything up by name.

Sits between the checked spec and the walk; makes no draw and no value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.draw import Keys, unit
from datagen.language.population import Emitter, Population, State
from datagen.moment import Moment
from datagen.plugin.dimension import Dimension
from datagen.plugin.distribution import Distribution
from datagen.problems import InvalidInput, Problem

_GUIDE_BITS = 12
_MOST_ENTRIES = 200_000_000
_MOST_LISTED = 1_000_000
_FEW_WORKERS = 16  # below, 0.1 µs a step of each in plain Python beats 2.5 µs a step of all in numpy


@dataclass(frozen=True)
class Setter:
    """A state's generator of a variable."""

    state: int
    state_name: str
    dimension: Dimension
    reads: frozenset[str]  # variables
    set_before: frozenset[str]  # those of them that stand before this one in the state's list


class Transitions:
    """Draws the next states of many workers at once.

    All cumulative probabilities of all states cut [0, 1) into intervals; within one, each state has one next state. So
    the draws of many steps are turned into interval numbers first, and the walk is a table look-up per step.
    """

    def __init__(self, states: list[State]) -> None:
        """Make the table; raises InvalidInput when it would not fit into memory."""
        index = {state.name: number for number, state in enumerate(states)}
        self.stop = len(states)
        cumulative = [np.cumsum([float(t.probability) for t in state.transitions]) for state in states]
        cumulative = [sums / sums[-1] for sums in cumulative]
        edges = np.unique(np.concatenate([sums[:-1] for sums in cumulative]))
        self._edges = edges[edges < 1]  # what is left for a last state may be too little to be drawn
        low = np.concatenate([[0.0], self._edges])
        if len(low) * (self.stop + 1) > _MOST_ENTRIES:
            raise InvalidInput([Problem(f"{self.stop} states with {len(low)} different probabilities are too many")])
        targets = np.full((len(low), self.stop + 1), self.stop, np.int32)
        for number, (state, sums) in enumerate(zip(states, cumulative, strict=True)):
            next_states = np.array([index.get(t.next, self.stop) for t in state.transitions])
            targets[:, number] = next_states[np.searchsorted(sums, low, "right")]
        self._targets = targets.ravel()
        # A guide table (Chen, Asau 1974): 6 ns a draw instead of 31 for a binary search.
        buckets = np.arange(2**_GUIDE_BITS) / 2**_GUIDE_BITS
        self._guide = np.searchsorted(self._edges, buckets, "right")
        self._most_in_bucket = int(np.diff(np.append(self._guide, len(self._edges))).max())
        self._upper = np.append(self._edges, np.inf)

    def rows(self, random: Keys) -> npt.NDArray[np.intp]:
        """Return the row of the table that each draw of random bits chooses, for ``follow``; of the same shape."""
        interval = self._guide[random >> np.uint64(64 - _GUIDE_BITS)]
        u = unit(random)
        for _ in range(self._most_in_bucket):
            interval += u >= self._upper[interval]
        interval *= self.stop + 1
        return interval

    def follow(self, rows: npt.NDArray[np.intp], states: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the states (steps + 1, workers), the given ones (workers,) first; whoever has stopped stays so."""
        followed = np.empty((len(rows) + 1, len(states)), np.int32)
        followed[0] = states
        if len(states) < _FEW_WORKERS and len(self._targets) < _MOST_LISTED:
            for worker, state in enumerate(states.tolist()):
                path = accumulate(rows[:, worker].tolist(), self._target, initial=state)
                followed[:, worker] = np.fromiter(path, np.int32, len(followed))
        else:
            for step, row in enumerate(rows):
                followed[step + 1] = self._targets[row + followed[step]]
        return followed

    @cached_property
    def _target(self) -> Callable[[int, int], int]:
        targets = self._targets.tolist()
        return lambda state, row: targets[row + state]


@dataclass(frozen=True)
class Plan:
    """A population with its start time, as tables by index."""

    population: Population
    start: Moment
    path: str = ""  # the name path above the purposes of all draws; empty while there is one population

    def purpose(self, name: str) -> str:
        """Return the name path of what a draw for a worker is for."""
        return f"{self.path}/{name}" if self.path else name

    @cached_property
    def emitters(self) -> dict[str, Emitter]:
        return {emitter.name: emitter for emitter in self.population.emitters}

    @cached_property
    def emitter_of(self) -> npt.NDArray[np.int64]:
        """Return the number of each state's emitter, -1 for none."""
        number = {name: number for number, name in enumerate(self.emitters)}
        return np.array([number[state.emitter] if state.emitter else -1 for state in self.population.states])

    @cached_property
    def transitions(self) -> Transitions:
        return Transitions(self.population.states)

    @cached_property
    def delays(self) -> list[Distribution]:
        """Return the different delays, each without the factor that a state multiplies it with."""
        found = {_identity(delay): delay for _, delay in self._unscaled.values()}
        return list(found.values())

    @cached_property
    def delay_of(self) -> npt.NDArray[np.int64]:
        """Return which of the delays each state has, -1 for none; (states and stop,)."""
        number = {_identity(delay): number for number, delay in enumerate(self.delays)}
        return self._of_states(-1, {state: number[_identity(delay)] for state, (_, delay) in self._unscaled.items()})

    @cached_property
    def factor_of(self) -> npt.NDArray[np.float64]:
        """Return what each state multiplies its delay with, 0 without one; (states and stop,)."""
        return self._of_states(0.0, {state: factor for state, (factor, _) in self._unscaled.items()})

    @cached_property
    def _unscaled(self) -> dict[int, tuple[float, Distribution]]:
        states = enumerate(self.population.states)
        return {number: state.delay.unscaled() for number, state in states if state.delay is not None}

    def _of_states(self, otherwise: float, values: dict[int, Any]) -> npt.NDArray[Any]:
        table = np.full(len(self.population.states) + 1, otherwise)
        table[list(values)] = list(values.values())
        return table

    @cached_property
    def setters(self) -> dict[str, list[Setter]]:
        """Return the setters of each variable."""
        found: dict[str, list[Setter]] = {}
        for number, state in enumerate(self.population.states):
            before: set[str] = set()
            for dimension in state.variables:
                reads = frozenset(name for _, name in dimension.all_reads())
                setter = Setter(number, state.name, dimension, reads, reads & before)
                found.setdefault(dimension.name, []).append(setter)
                before.add(dimension.name)
        return found

    @cached_property
    def groups(self) -> list[list[str]]:
        """Return the variables in groups: those that are always set together are in one."""
        found: dict[tuple[int, ...], list[str]] = {}
        for name, setters in self.setters.items():
            found.setdefault(tuple(setter.state for setter in setters), []).append(name)
        return list(found.values())

    @cached_property
    def group_of(self) -> dict[str, int]:
        return {name: number for number, names in enumerate(self.groups) for name in names}

    @cached_property
    def sets_group(self) -> npt.NDArray[np.bool_]:
        """Return which groups are set by which states, (groups, states and stop)."""
        table = np.zeros((len(self.groups), len(self.population.states) + 1), bool)
        for number, names in enumerate(self.groups):
            table[number, [setter.state for setter in self.setters[names[0]]]] = True
        return table

    @cached_property
    def former_groups(self) -> frozenset[int]:
        """Return the groups with a variable that some setter reads as it was before the step."""
        setters = [setter for setters in self.setters.values() for setter in setters]
        return frozenset(self.group_of[name] for setter in setters for name in setter.reads - setter.set_before)

    @cached_property
    def sets_variables(self) -> npt.NDArray[np.bool_]:
        """Return which states set variables, (states,)."""
        return np.array([bool(state.variables) for state in self.population.states])

    @cached_property
    def order(self) -> list[str] | None:
        """Return the variables, each after those that it reads; None when some read each other in a circle."""
        reads = {name: {read for setter in setters for read in setter.reads} for name, setters in self.setters.items()}
        try:
            return list(TopologicalSorter(reads).static_order())
        except CycleError:
            return None

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
        return [dimension.name for dimension in self.population.states[setting[0]].variables] if len(setting) else []


def _identity(delay: Distribution) -> object:
    """Return what equal delays have in common; those of a plug-in that holds a list, say, count as different."""
    try:
        hash(delay)
    except TypeError:
        return id(delay)
    return delay
