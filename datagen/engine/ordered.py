"""The fields of records that depend on the order of records: made batch after batch, and what they remember is kept."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.memory import Back, Memory
from datagen.engine.plan import EMITTER, Plan
from datagen.engine.reader import Course, RecordReader
from datagen.engine.rounds import Round, remembered, rounds
from datagen.engine.step import Steps
from datagen.engine.variables import Positions, StoreReader
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.world import World
from datagen.records.batch import TIME
from datagen.records.expression.name import former
from datagen.records.types import plain

Before = Callable[[int], Positions]
Types = Mapping[tuple[str, str], pa.DataType]  # of the dimensions of emitters; those that are not known are null


@dataclass(frozen=True)
class DraftPart:
    """The records of one emitter, of which the values that depend on the order of records are made already."""

    emitter: str
    rows: Integers  # (k,) which of the records of the batch these are
    steps: Steps  # (k,)
    variables: StoreReader
    made: dict[str, pa.Array]

    def between(self, low: int, high: int) -> "DraftPart":
        """Return some of the records, with what is made of them."""
        made = {name: array.slice(low, high - low) for name, array in self.made.items()}
        steps, variables = self.steps.at(slice(low, high)), self.variables.between(low, high)
        return replace(self, rows=self.rows[low:high], steps=steps, variables=variables, made=made)


class Ordered:
    """Makes the fields that depend on the order of records, and keeps what later ones take from earlier ones."""

    def __init__(self, plan: Plan, world: World, courses: Mapping[str, Course], types: Types) -> None:
        """Take the types in which dimensions are kept."""
        self._plan = plan
        self._world = world
        self._courses = courses
        self._rounds = rounds(plan)
        self.memories = {owner: Memory(self._kept(*owner, types)) for owner in plan.memories}

    def _kept(self, kind: str, name: str, types: Types) -> dict[str, pa.DataType]:
        """Return what a memory is to keep of records."""
        if kind != EMITTER:
            return {}
        time = {} if self._names(name, TIME) else {TIME: self._courses[TIME](np.zeros(0, np.int64)).type}
        kept = sorted(remembered(self._plan.emitters[name]))
        return {of: time.get(of, types.get((name, of), pa.null())) for of in kept}

    def kept_types(self, emitter: str | None) -> Mapping[str, pa.DataType]:
        """Return the types of what is kept of the records of an emitter."""
        memory = self.memories.get((EMITTER, emitter or ""))
        return {} if memory is None else memory.dimensions

    def back(self, owner: tuple[str, str], before: Before, begin: int = 0) -> Back | None:
        """Return the way back from steps of an emitter or state, before which so many are in the batch.

        None where nobody looks back. ``before`` has the positions of what was there before each step, by group.
        """
        memory = self.memories.get(owner)
        return None if memory is None else Back(memory, before(self._plan.memories[owner]), memory.size + begin)

    def go_on(self, owner: tuple[str, str], count: int) -> None:
        """Let so many steps of an emitter or state be over."""
        if owner in self.memories:
            self.memories[owner].go_on(count)

    def make(self, parts: Mapping[str, DraftPart]) -> None:
        """Make the fields of the records of a batch, given by emitter."""
        for part in parts.values():
            memory = self.memories.get((EMITTER, part.emitter))
            if memory is not None and TIME in memory.dimensions and not self._names(part.emitter, TIME):
                memory.append(former(TIME), self._courses[TIME](part.steps.time))
        for one in self._rounds:
            if one.emitter in parts:
                self._make(parts[one.emitter], one)
        for part in parts.values():
            self.go_on((EMITTER, part.emitter), len(part.rows))

    def _names(self, emitter: str, name: str) -> bool:
        return any(dimension.name == name for dimension in self._plan.emitters[emitter].dimensions)

    def _make(self, part: DraftPart, one: Round) -> None:
        if not one.is_circle:
            self._make_all(part, one)
            return
        made: dict[str, list[pa.Array]] = {dimension.name: [] for dimension in one.dimensions}
        back = self.back((EMITTER, part.emitter), part.steps.before.__getitem__)
        for low, high in pairwise(_cuts(back.back) if back else []):
            piece = part.between(low, high)
            self._make_all(piece, one, low)
            for name, arrays in made.items():
                arrays.append(plain(piece.made[name]))
        part.made.update({name: pa.concat_arrays(arrays) for name, arrays in made.items()})

    def _make_all(self, part: DraftPart, one: Round, begin: int = 0) -> None:
        """Make the dimensions of a round for some records, before which there are so many in the batch."""
        owner = EMITTER, part.emitter
        memory = self.memories.get(owner)
        for dimension in one.dimensions:
            back = self.back(owner, part.steps.before.__getitem__, begin)
            part.made[dimension.name] = values = self._rows(part, dimension, back).make(dimension)
            if memory is not None and dimension.name in memory.dimensions:
                memory.append(former(dimension.name), values)

    def _rows(self, part: DraftPart, dimension: Dimension, back: Back | None) -> Rows:
        """Return rows for which a dimension is made, of those above it."""
        names = self._above(part.emitter, dimension)
        above = {name: part.made[name] for name in names if name in part.made}
        steps = part.steps
        reader = RecordReader(part.variables, steps.time, steps.step, self._courses, above, back)
        return Rows(steps.keys, self._plan.path, self._world, reader).owned_by(EMITTER, part.emitter)

    def _above(self, emitter: str, dimension: Dimension) -> Iterator[str]:
        for other in self._plan.emitters[emitter].dimensions:
            if other is dimension:
                return
            yield other.name

    def keep(self, steps: Steps) -> None:
        """Forget what nobody can look back at any more after some steps."""
        for owner, group in self._plan.memories.items():
            kept = steps.keep[group] if steps.keep else None
            if kept is not None:
                self.memories[owner].keep(kept)

    def snapshot(self) -> dict[str, Any]:
        """Return all that is remembered, for ``restore``."""
        return {"/".join(owner): memory.snapshot() for owner, memory in self.memories.items()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Remember what was when a snapshot was taken."""
        for owner, memory in self.memories.items():
            memory.restore(snapshot["/".join(owner)])


def _cuts(back: Integers) -> list[int]:
    """Return where rows (k,) must be cut so that what each looks ``back`` at (k,) lies before its piece.

    It takes 50 ns a row.
    """
    cuts = [0]
    for row, before in enumerate(back.tolist()):
        if before >= cuts[-1]:
            cuts.append(row)
    return [*cuts, len(back)]
