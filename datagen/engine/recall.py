"""What states read of the memories of templates, and what they read there.

The core has two cells for each value, filled before it walks on. The first one says of which type a value is, the
second what it is: a real number, 0 or 1 for false and true, or of anything else a number that stands for it. Columns
have the value itself. Either is as of after the last record.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers, text_number
from datagen.engine.code import REMEMBERED, Code, Source
from datagen.engine.scheme import Scheme
from datagen.language.population import Population
from datagen.plugin.dimension import Dimension
from datagen.plugin.memory import Memories, parts_of
from datagen.problems import did_you_mean
from datagen.records.expression.name import root
from datagen.records.types import JSON_TEXT

ABSENT, NUMBER, BOOLEAN, TEXT, OTHER = range(5)

What = tuple[str, str]  # the path of a memory, and a key


def recalls(population: Population) -> bool:
    """Return whether states, what they spawn, or resources read what templates remember."""
    memories, states = _memories_of(population), population.states
    expressions = [one for state in states for one in state.expressions()]
    expressions += [one.available for one in population.resources.values() if one.available is not None]
    variables = [one for state in states for one in state.variables]
    variables += [one for state in states for entry in state.entries for one in entry.variables]
    read = {name for one in expressions for name in one.names}
    read |= {name for one in variables for _, name in one.sure_names()}
    return any(found[0] in memories for found in map(parts_of, read) if found is not None)


class Meant:
    """What the names mean that states, what they spawn, and resources read of memories."""

    def __init__(self, plan: Scheme) -> None:
        self._plan = plan
        self._memories = _memories_of(plan.population, plan.purpose("emitter"))

    def what(self, name: str, emitter: str | None) -> What | None:
        """Return what a name means in a state with an emitter; None where it means no memory."""
        found = parts_of(name)
        return None if found is None else (self._memories.path(found[0], emitter), found[1])

    def problem(self, name: str) -> str | None:
        """Return why a name that a resource reads means no value of a memory; None: it does."""
        return self._memories.problem(name, None, did_you_mean, "a resource has no emitter")

    def emitters(self, path: str) -> set[str]:
        """Return the emitters whose records may change what is in a memory."""
        return self._memories.emitters(path)

    @cached_property
    def of_variables(self) -> dict[int, dict[str, What]]:
        """Return what the variables read that owners set, by the numbers of those who read any and the names."""
        found: dict[int, dict[str, What]] = {}
        known = {*self._plan.variable_names, *self._plan.held.tables}
        for owner, emitter in self._owners():
            variables = (one for one in self._plan.variables_of(owner) if isinstance(one, Dimension))
            for name in sorted({name for one in variables for _, name in one.sure_names()}):
                if not root(known, name) and (what := self.what(name, emitter)) is not None:
                    found.setdefault(owner, {})[name] = what
        return found

    def _owners(self) -> Iterator[tuple[int, str | None]]:
        """Yield the numbers of states, and of what they spawn, each with the emitter of the state."""
        yield from enumerate(state.emitter for state in self._plan.population.states)
        yield from enumerate((state.emitter for state, _ in self._plan.spawns), self._plan.begins[1])


class Recall:
    """The values of memories that states read, and where the core has them."""

    def __init__(self, plan: Scheme, cells: list[int]) -> None:
        """Take the cells, to which those for what is read are added."""
        self._plan, self.meant = plan, Meant(plan)
        self._emitters = [state.emitter for state in plan.population.states]
        self._cells = cells
        self._read: dict[What, int] = {}  # the first of the cells
        for read in self.meant.of_variables.values():
            for what in read.values():
                self._cell(what)

    def source(self, name: str, state: int | None) -> Source | None:
        """Return where a name in a state, or in a resource, comes from; None where it is of no memory."""
        what = self.meant.what(name, None if state is None else self._emitters[state])
        if what is None:
            return None
        at = self._cell(what)
        return Source(REMEMBERED, (("cell", at), ("cell", at + 1)))

    def _cell(self, what: What) -> int:
        """Return the first of the cells for a value."""
        if what not in self._read:
            self._read[what] = len(self._cells)
            self._cells += [ABSENT, 0]
        return self._read[what]

    def is_in(self, code: Code) -> bool:
        """Return whether instructions read any of them."""
        read = set(self._read.values())
        return any(name == "cell" and argument in read for name, argument in code)

    @property
    def setting(self) -> Iterator[tuple[int, type]]:
        """Yield the states that read any in variables, each with what sets these: a state, a spawn, or a gift."""
        states, spawn = self._plan.population.states, self._plan.begins[1]
        for owner in self.meant.of_variables:
            state, entry = self._plan.spawns[owner - spawn] if owner >= spawn else (states[owner], states[owner])
            yield self._plan.state_number(state.name), type(entry)

    @property
    def told(self) -> list[bool]:
        """Return which states make records that may change what is read, (states,)."""
        emitters = set[str | None]().union(*(self.meant.emitters(path) for path, _ in self._read))
        return [emitter in emitters for emitter in self._emitters]

    @property
    def is_needed(self) -> bool:
        """Return whether states read any."""
        return bool(self._read)

    def look(self, memories: Mapping[str, dict[str, Any]], cells: Integers) -> None:
        """Fill the cells with what memories hold now, 0.5 µs for each value."""
        real = cells.view(np.float64)
        for (path, key), at in self._read.items():
            kind, value = seen(_inside(memories.get(path), key))
            cells[at] = kind
            if kind == NUMBER:
                real[at + 1] = value
            else:
                cells[at + 1] = value


class Recollection:
    """What variables are made of that templates remember, as of the begin of a window."""

    def __init__(self, plan: Scheme, memories: Mapping[str, dict[str, Any]]) -> None:
        self._of_variables, self._memories = Meant(plan).of_variables, memories
        self._values: dict[What, str | None] = {}

    @property
    def owners(self) -> Collection[int]:
        """Return whose variables read any."""
        return self._of_variables.keys()

    @property
    def types(self) -> dict[str, pa.DataType]:
        """Return the types of all that is read, by name."""
        return dict.fromkeys((name for read in self._of_variables.values() for name in read), JSON_TEXT)

    def look(self) -> None:
        """See what templates remember now."""
        for read in self._of_variables.values():
            for path, key in read.values():
                value = _inside(self._memories.get(path), key)
                self._values[path, key] = None if value is None else _json(value)

    def of(self, owner: int, size: int) -> dict[str, pa.Array]:
        """Return the values (size,) that the variables of an owner read, by name."""
        texts = {name: [self._values.get(what)] * size for name, what in self._of_variables[owner].items()}
        return {name: pa.array(text, pa.string()).cast(JSON_TEXT) for name, text in texts.items()}


def _memories_of(population: Population, path: str = "emitter") -> Memories:
    return Memories({one.name: one.fields for one in population.emitters}, path)


def seen(value: Any) -> tuple[int, float]:
    """Return the type of a value, and what stands for it."""
    if value is None:
        return ABSENT, 0
    if isinstance(value, bool):
        return BOOLEAN, value
    if isinstance(value, int | float | Decimal):
        return NUMBER, _real(value)
    return (TEXT, text_number(value)) if isinstance(value, str) else (OTHER, text_number(f"\0{_json(value)}"))


def _json(value: Any) -> str | None:
    """Return a value as JSON, a number as a float, times inside as texts; None where it has no form in it."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = _real(value)
    try:
        compact = (",", ":")
        return json.dumps(value, ensure_ascii=False, separators=compact, allow_nan=False, default=_written)
    except (TypeError, ValueError, RecursionError):
        return None


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _inside(values: Any, key: str) -> Any:
    """Return what is under a key; with ``a.b`` under a key of an object that is."""
    for part in [key] if isinstance(values, dict) and key in values else key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _real(value: float | Decimal) -> float:
    """Return a number as a float, infinite where no float is so large; never -0.0."""
    try:
        return float(value) + 0.0
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
