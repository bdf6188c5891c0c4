"""The sink of tables of a lake: each write is one commit, which holds the rows and how many records the run has sent.

So a commit is there with its rows or not at all, and the table itself says what is there of a run. What a run that goes
on sends once more, because it has not heard of the commit, is left out.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Position, Sink, Undelivered
from datagen.problems import counted
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Rows
from datagen.targets.lake.columns import as_rows, rows_of, texts_of


class Table(ABC):
    """A table, wherever it is; it is opened before all else."""

    schema: pa.Schema  # of the rows of a run
    periods: Sequence[tuple[str, str]] = ()  # times, and the period of each that has a column of its own

    @abstractmethod
    def open(self, name: str, *, anew: bool) -> int:
        """Open it, and make it if it is missing; ``anew``: with the columns of the run, and empty.

        Return how many records of the run of a name it holds, as the last commit of that run says. Raises OSError or
        Undelivered.
        """

    @abstractmethod
    def add(self, rows: pa.RecordBatch, name: str, records: int) -> None:
        """Add rows in one commit, which says that the table then holds so many records of the run.

        Raises OSError or Undelivered.
        """

    def held(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows as they come back from it."""
        return rows

    @abstractmethod
    def read(self) -> Iterator[tuple[str, pa.Table | pa.RecordBatch]]:
        """Yield what it holds, by names of parts in which rows are in order. Raises OSError, Undelivered."""

    def close(self) -> None:  # noqa: B027  (not every table has something to let go of)
        """Let go of it."""


@dataclass(frozen=True)
class Plan:
    """What a sink is to do with a table."""

    name: str  # of the run, in commits
    title: str  # of the table, in messages
    gather: Gather
    anew: bool  # whether the table is empty when the run begins


class TableSink(Sink):
    """Rows of a table."""

    def __init__(self, table: Table, layout: Layout, scope: Scope, plan: Plan) -> None:
        super().__init__(LineWriter(), scope)
        self.gather = plan.gather
        self._table = table
        self._layout = layout
        self._plan = plan
        self._name = plan.name
        self._records = 0  # that were acknowledged
        self._ahead = 0  # records that come and are in the table

    def encode(self, batch: Batch) -> Encoded:
        rows = rows_of(batch, self._layout, self._table.schema, self._table.periods)
        return Encoded(batch.due, batch.emitted, Rows.of_columns(self._table.held(rows)))

    def open(self, position: Position) -> None:
        """Open the table; see how many of the records that are to come it holds. Raises OSError or Undelivered."""
        if position is not None:
            self._name, self._records = position["name"], position["records"]
        self.opened.callback(self._table.close)
        there = self._table.open(self._name, anew=self._plan.anew and position is None)
        self._ahead = there - self._records
        if self._ahead < 0:
            were = counted(self._records, "record")
            text = f"{were} of this run were in it, and {there} are: it was replaced or set back"
            raise Undelivered(f"{text}; begin a new run, with another state", lasting=True)
        if position is None and there:
            held = counted(there, "record")
            self.scope.say(f"{self._plan.title} holds the first {held} of this run already; they are not added again")

    def write(self, encoded: Encoded) -> None:
        known = min(self._ahead, len(encoded))
        if known < len(encoded):
            self._commit(encoded.slice(known, len(encoded)), self._records + len(encoded))
        self._ahead -= known
        self._records += len(encoded)

    def _commit(self, encoded: Encoded, records: int) -> None:
        """Bring records to the table, which then holds so many of the run. Raises OSError or Undelivered."""
        self._table.add(columns_of(encoded), self._name, records)

    def position(self) -> Position:
        return {"name": self._name, "records": self._records}

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        for part, rows in self._table.read():
            for batch in as_rows(rows, self._table.schema):
                yield part, texts_of(batch)

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return texts_of(columns_of(encoded))


def columns_of(encoded: Encoded) -> pa.RecordBatch:
    """Return the rows of encoded records."""
    assert isinstance(encoded.lines, Rows)
    return encoded.lines.columns
