"""The rows of tables as records: all of them at the start of a run, before the records of workers.

A row is a record like any other, but of no worker: its step is the number of the row, its worker a number below 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from datagen import draw, graph
from datagen.engine.plan import Plan
from datagen.engine.skipped import Skipped
from datagen.engine.times import printed_times
from datagen.plugin.table import Emission
from datagen.plugin.world import World
from datagen.problems import path_part
from datagen.records.batch import TIME, Batch, Layout, Part
from datagen.records.note import Note

_ROWS = 8192  # of a batch


class TableRecords:
    """The records that the rows of tables are."""

    def __init__(self, plan: Plan, world: World) -> None:
        self._plan = plan
        self._world, self._shown = world, plan.population.shown
        tables = plan.population.tables
        made_of = {name: [other for _, other in table.tables()] for name, table in tables.items()}
        in_order = [name for group in graph.groups(made_of) for name in group]
        self._tables = {name: emit for name in in_order if (emit := tables[name].emit) is not None}

    def __len__(self) -> int:
        """Return how many records there are."""
        return sum(self._world.tables[name].size for name in self._tables)

    def added_to(self, layout: Layout) -> Layout:
        """Return a layout with these records before all others."""
        nothing = np.zeros(0, np.int64)
        columns = {self._shown[emit.emitter]: self._columns(name, emit, nothing) for name, emit in self._tables.items()}
        types = {emitter: {name: array.type for name, array in own.items()} for emitter, own in columns.items()}
        hidden = {self._shown[emit.emitter]: self._hidden(name, emit) for name, emit in self._tables.items()}
        notes = {self._shown[emit.emitter]: self._notes(name) for name, emit in self._tables.items()}
        return Layout(types | layout.emitters, hidden | layout.hidden, layout.whole, notes | layout.notes)

    def drafts(self) -> "Iterator[RowsDraft]":
        """Yield all records in batches, table by table as they are listed, each behind those that it is made of."""
        for place, name in enumerate(self._tables):
            size = self._world.tables[name].size
            for start in range(0, size, _ROWS):
                rows = np.arange(start, min(start + _ROWS, size))
                yield RowsDraft(self, name, rows, place - len(self._tables))

    def batch(self, name: str, rows: draw.Integers, worker: int) -> Batch:
        """Return some rows of a table as records of a worker."""
        emit = self._tables[name]
        due = np.zeros(len(rows), np.int64)
        purpose = self._plan.purpose(f"table/{path_part(name)}/emit")
        keys = draw.numbered(draw.purpose_key(self._world.seed, purpose), rows)
        part = Part(
            self._shown[emit.emitter], np.arange(len(rows)), self._columns(name, emit, rows), self._hidden(name, emit)
        )
        return Batch(due, np.full(len(rows), worker), rows, keys, (part,), due)

    def _columns(self, name: str, emit: Emission, rows: draw.Integers) -> dict[str, pa.Array]:
        """Return the columns of some rows, with the time, which is the start."""
        found = self._world.tables[name].rows.take(pa.array(rows))
        own = {field.name: found.field(number) for number, field in enumerate(found.type)}
        times = printed_times(self._plan.start, np.zeros(len(rows), np.int64))
        return {TIME: times, emit.time or TIME: times} | own

    def _notes(self, name: str) -> dict[str, Note]:
        return {one.name: one.note() for one in self._plan.population.tables[name].dimensions()}

    def _hidden(self, name: str, emit: Emission) -> frozenset[str]:
        is_shown = emit.time == TIME or TIME in self._world.tables[name].columns
        return frozenset() if is_shown else frozenset((TIME,))


@dataclass(frozen=True)
class RowsDraft:
    """A batch of rows of a table that is still to be made."""

    records: TableRecords
    table: str
    rows: draw.Integers  # (n,) ascending
    worker: int
    skipped: Skipped = field(default_factory=Skipped)
    barren: draw.Integers = field(default_factory=lambda: np.zeros(0, np.int64))  # as of a ``Draft``

    def __len__(self) -> int:
        return len(self.rows)

    def made(self) -> Batch:
        """Return the batch. May be called by any thread."""
        return self.records.batch(self.table, self.rows, self.worker)
