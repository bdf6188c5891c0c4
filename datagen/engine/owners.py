"""Who sets variables among some steps: the states that are entered, and the sources whose workers are born."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, Keys
from datagen.engine.plan import Plan
from datagen.engine.reader import Events
from datagen.engine.setter import Setter
from datagen.engine.step import Births, Steps
from datagen.engine.variables import Positions
from datagen.native.rows import grouped
from datagen.plugin.shared import before, set_by_walk, there


class Owners:
    """Which of some steps each state enters or each spawn makes, and which of the births among them each source makes.

    Each is asked for by its number as the plan has it: states, sources behind them, spawns behind these.
    """

    def __init__(self, plan: Plan, steps: Steps) -> None:
        self._plan, self._steps = plan, steps
        self._sources, self._spawns = plan.begins
        sources, rows = len(plan.population.sources), self._sources + 1 + len(plan.spawns)
        births = steps.births
        self._order = np.empty(len(steps), np.int64), np.empty(len(births.row), np.int64)
        self._starts = np.empty(rows + 1, np.int64), np.empty(sources + 1, np.int64)
        grouped(steps.state, self._starts[0], self._order[0])
        grouped(births.source, self._starts[1], self._order[1])
        # Not by functools.cache: a circle of references would keep 26 windows alive, until Python looks for circles.
        self._keys: dict[int, Keys] = {}
        self._positions: dict[tuple[int, int], Positions] = {}

    def count(self, owner: int) -> int:
        """Return how many steps, or births, are an owner's."""
        return len(self._own(owner))

    def read(self, setter: Setter, variable: str) -> Positions:
        """Return the positions of what a setter reads: values set before it in its list, else on earlier entries."""
        group = self._plan.group_of[variable]
        if variable in setter.set_before:
            return self.positions(setter.owner, group)
        if not self._is_source(setter.owner):
            return self.before(setter.owner, group)
        return np.zeros(self.count(setter.owner), np.int32)

    def before(self, owner: int, group: int) -> Positions:
        """Return the positions of what was there of a group before each of the steps of a state or spawn."""
        return self._steps.before[group][self._own(owner)]

    def times(self, owner: int) -> Integers:
        """Return when an owner's steps, or births, are due."""
        return self._steps.time[self.rows(owner)]

    def events(self, owner: int) -> Events:
        """Return an owner's steps, or births, which are steps 0."""
        known = self._steps.noted
        early = {name: before(name) for name in known if owner < self._sources and before(name) in known}
        return Events(self._steps, self.rows(owner), early)

    def noted(self, setter: Setter) -> pa.Array:
        """Return the values that the walk has noted of what a setter sets."""
        rows, name = self.rows(setter.owner), set_by_walk(setter.dimension.name)
        values, is_there = (pa.array(self._steps.noted[one][rows]) for one in (name, there(name)))
        return pc.if_else(is_there, values, None)

    def rows(self, owner: int) -> Integers:
        """Return which of the steps are an owner's, or are those of its births."""
        own = self._own(owner)
        return self._steps.births.row[own] if self._is_source(owner) else own

    def births(self, owner: int) -> tuple[Births, Integers]:
        """Return all births, and which of them are a source's."""
        return self._steps.births, self._own(owner)

    def numbers(self, source: int) -> Integers:
        """Return the numbers in their source of those who are born."""
        return self._steps.births.number[self._own(source)]

    def _is_source(self, owner: int) -> bool:
        return self._sources <= owner < self._spawns

    def _own(self, owner: int) -> Integers:
        """Return the rows of an owner among the steps, or among the births."""
        if self._is_source(owner):
            starts, order, number = self._starts[1], self._order[1], owner - self._sources
        else:
            behind = owner - self._spawns + self._sources + 1  # as the steps of spawns are numbered
            starts, order, number = self._starts[0], self._order[0], owner if owner < self._sources else behind
        return order[starts[number] : starts[number + 1]]

    def keys(self, owner: int) -> Keys:
        """Return the row keys of an owner's steps."""
        if owner not in self._keys:
            self._keys[owner] = self._steps.keys[self.rows(owner)]
        return self._keys[owner]

    def positions(self, owner: int, group: int) -> Positions:
        """Return the positions of the values that an owner's steps, or births, set of a group of variables."""
        if (owner, group) not in self._positions:
            source = self._steps.births.given[group] if self._is_source(owner) else self._steps.after[group]
            self._positions[owner, group] = source[self._own(owner)]
        return self._positions[owner, group]
