"""The values that all workers see: their types, where the core keeps each, and who may read them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.language.population import Population
from datagen.plugin.dimension import Dimension
from datagen.plugin.shared import before, there, type_of_start
from datagen.problems import Path_, did_you_mean, show
from datagen.records.expression import Expression
from datagen.records.expression.facets import as_numpy
from datagen.records.reference import Reference

Tables = Mapping[str, Reference]


class Shared:
    """The shared values of a population: of the spec, by name, and of rows, by ``variable.name``."""

    def __init__(self, population: Population, tables: Callable[[], Tables]) -> None:
        """Take also what makes the tables, for the types of what expressions over their rows start with."""
        self._population, self._tables = population, tables

    @cached_property
    def types(self) -> dict[str, pa.DataType]:
        """Return the types of all that can be read, by name."""
        types = {name: type_of_start(start) for name, start in self._population.shared.items()}
        for variable, table in self.held.items():
            for name, start in self._population.tables[table].shared.items():
                if isinstance(start, Expression):
                    types[f"{variable}.{name}"] = self._tables()[table].shared[name].type
                else:
                    types[f"{variable}.{name}"] = type_of_start(start)
        return types

    @cached_property
    def held(self) -> dict[str, str]:
        """Return the variables that hold nothing but rows of one table that shares something, each with the table."""
        found: dict[str, set[str]] = {}
        for dimension in self._variables():
            if not dimension.copies():
                picked = getattr(dimension, "table", "") if dimension.kind == "row" else ""
                found.setdefault(dimension.name, set()).add(picked)
        found |= {name: {one.rows} for name, one in self._population.resources.items() if one.rows is not None}
        tables = {name for name, table in self._population.tables.items() if table.shared}
        return {name: min(picked) for name, picked in found.items() if len(picked) == 1 and picked <= tables}

    def holder(self, name: str) -> str:
        """Return the variable whose row a value is of; "" where it is of none."""
        return "" if name in self._population.shared else name.rpartition(".")[0]

    @property
    def changes(self) -> bool:
        """Return whether some state sets any."""
        return any(state.set_ for state in self._population.states)

    def begins(self, tables: Tables) -> tuple[dict[str, int], Integers]:
        """Return where values begin, by name, and all of them at the start, (cells,), real ones by their bits.

        Those of rows follow one another in the order of the rows.
        """
        starts = {name: pa.array([start], self.types[name]) for name, start in self._population.shared.items()}
        for variable, table in self.held.items():
            starts |= {f"{variable}.{name}": values for name, values in tables[table].shared.items()}
        places: dict[str, int] = {}
        begins: dict[str, int] = {}
        cells = [np.zeros(0, np.int64)]
        size = 0
        for name, values in starts.items():
            cell = name if not (variable := self.holder(name)) else f"{self.held[variable]}\n{name.rpartition('.')[2]}"
            if cell not in places:
                places[cell] = size
                cells.append(_bits(values))
                size += len(values)
            begins[name] = places[cell]
        return begins, np.concatenate(cells)

    def notes(self, read: Collection[str]) -> dict[str, pa.DataType]:
        """Return what is noted of those that are read at each step, with the types; first what is before a change."""
        wanted = [name for name in self.types if name in read]
        own = {name for state in self._population.states for one in state.variables for _, name in one.all_names()}
        early = self._noted([name for name in wanted if name in own] if self.changes else [])
        return {before(name): type_ for name, type_ in early.items()} | self._noted(wanted)

    def _noted(self, names: list[str]) -> dict[str, pa.DataType]:
        found = {name: self.types[name] for name in names}
        return found | {there(name): pa.bool_() for name in names if self.holder(name)}

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        """Yield where a value is read that is not known there, each with its path in the JSON."""
        if not self.types:
            return
        for number, state in enumerate(self._population.states):
            own: Path_ = ("states", number, "variables")
            yield from self._too_early(own, state.variables, is_child=False)
            for index, entry in enumerate(state.spawn):
                yield from self._too_early((*own[:2], "spawn", index, "variables"), entry.variables, is_child=True)
        for path, source in self._population.placed_sources():
            for index, one in enumerate(source.variables):
                for inner, name in one.all_names():
                    if name in self.types:
                        text = f"{show(name)} can only be read by states, and by fields of their records"
                        yield (*path, "variables", index, *inner), text

    def _too_early(self, path: Path_, variables: list[Dimension], *, is_child: bool) -> Iterator[tuple[Path_, str]]:
        """Yield what reads a value of a row beside what sets the variable that holds the row, in the wrong order."""
        for index, one in enumerate(variables):
            others = variables if is_child else variables[index:]
            set_ = {other.name for other in others if not other.copies()}
            for inner, name in one.all_names():
                holder = self.holder(name) if name in self.types else ""
                if holder in set_:
                    text = f"reads {show(name)}, and the variable {show(holder)} is set "
                    text += "for the same child" if is_child else "below; move it above"
                    yield (*path, index, *inner), text

    def unknown(self, name: str) -> str:
        """Return why a name is none of a shared value, in words."""
        holder, _, inner = name.rpartition(".")
        if holder in self.held:
            own = self._population.tables[self.held[holder]].shared
            return f"table {show(self.held[holder])} shares no {show(inner)}{did_you_mean(inner, own)}"
        text = f"{show(holder)} does not hold, wherever it is set, a row of one and the same table with `shared`"
        return f"{text}{did_you_mean(name, self.types)}"

    def _variables(self) -> Iterator[Dimension]:
        for state in self._population.states:
            yield from state.variables
            for entry in state.spawn:
                yield from entry.variables
        for source in self._population.sources:
            yield from source.at_birth


def _bits(values: pa.Array) -> Integers:
    """Return values as whole numbers, real ones by their bits."""
    numbers, _ = as_numpy(values.cast(pa.int8()) if values.type == pa.bool_() else values)
    return np.ascontiguousarray(numbers.astype(np.float64 if values.type == pa.float64() else np.int64)).view(np.int64)
