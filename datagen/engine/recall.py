"""What states read of the memories of templates: two cells of the core for each value, filled before it walks on.

The first cell says of which type a value is, the second what it is: a real number, 0 or 1 for false and true, or of a
text a number that stands for it. A state reads it as of after the last record.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from datagen.draw import Integers, text_number
from datagen.engine.code import REMEMBERED, Code, Source
from datagen.engine.scheme import Scheme
from datagen.language.population import Population
from datagen.plugin.memory import Memories, parts_of

ABSENT, NUMBER, BOOLEAN, TEXT, OTHER = range(5)


def recalls(population: Population) -> bool:
    """Return whether states read what templates remember."""
    memories = Memories({one.name: one.fields for one in population.emitters})
    read = {name for state in population.states for one in state.expressions() for name in one.names}
    return any(found[0] in memories for found in map(parts_of, read) if found is not None)


class Recall:
    """The values of memories that states read, and where the core has them."""

    def __init__(self, plan: Scheme, cells: list[int]) -> None:
        """Take the cells, to which those for what is read are added."""
        self._memories = Memories({one.name: one.fields for one in plan.population.emitters}, plan.purpose("emitter"))
        self._emitters = [state.emitter for state in plan.population.states]
        self._cells = cells
        self._read: dict[tuple[str, str], int] = {}  # the cells, by the path of the memory and the key

    def source(self, name: str, state: int) -> Source | None:
        """Return where a name in a state comes from; None where it is of no memory."""
        found = parts_of(name)
        if found is None or state < 0:
            return None
        what = self._memories.path(found[0], self._emitters[state]), found[1]
        if what not in self._read:
            self._read[what] = len(self._cells)
            self._cells += [ABSENT, 0]
        return Source(REMEMBERED, (("cell", self._read[what]),))

    def is_in(self, code: Code) -> bool:
        """Return whether instructions read any of them."""
        read = set(self._read.values())
        return any(name == "cell" and argument in read for name, argument in code)

    @property
    def told(self) -> list[bool]:
        """Return which states make records that may change what is read, (states,)."""
        emitters = set[str | None]().union(*(self._memories.emitters(path) for path, _ in self._read))
        return [emitter in emitters for emitter in self._emitters]

    def look(self, memories: Mapping[str, dict[str, Any]], cells: Integers) -> bool:
        """Fill the cells with what memories hold now, 0.5 µs for each value; return whether states read any."""
        real = cells.view(np.float64)
        for (path, key), at in self._read.items():
            kind, value = _seen(_inside(memories.get(path), key))
            cells[at] = kind
            if kind == NUMBER:
                real[at + 1] = value
            else:
                cells[at + 1] = value
        return bool(self._read)


def _seen(value: Any) -> tuple[int, float]:
    """Return the type of a value, and what stands for it."""
    if value is None:
        return ABSENT, 0
    if isinstance(value, bool):
        return BOOLEAN, value
    if isinstance(value, int | float | Decimal):
        return NUMBER, _real(value)
    return (TEXT, text_number(value)) if isinstance(value, str) else (OTHER, 0)


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
