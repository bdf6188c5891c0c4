"""What the values of a run share, and what reads the records that are being made. Knows no dimension."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from datagen.draw import Codes, Integers, Marks
from datagen.plugin.namespace import Names
from datagen.records.reference import Grouping, Reference


class Past(Protocol):
    """What was made before for the workers of the rows of a batch."""

    @property
    def back(self) -> Integers:
        """Return for each row (k,) of the batch which one was its worker's last before; below 0 where none was."""

    @property
    def is_first(self) -> Marks:
        """Return which rows (k,) are the first of their workers."""

    def before(self, key: str, type_: pa.DataType) -> pa.Array:
        """Return what was kept under a key for the worker of each row (k,) before this batch; null where nothing was.

        Of a row whose worker has another one in this batch, ``back``, it may be anything.
        """

    def keep(self, key: str, values: pa.Array) -> None:
        """Keep what is behind each row (k,), once in a batch for each key."""


class NoPast:
    """The past of rows that have none: of what is made once and for all, or at births."""

    def __init__(self, size: int = 0) -> None:
        self.back = np.full(size, -1)
        self.is_first = np.full(size, True)

    def before(self, key: str, type_: pa.DataType) -> pa.Array:
        return pa.nulls(len(self.back), type_)

    def keep(self, key: str, values: pa.Array) -> None:
        pass


NO_PAST = NoPast()


class Log(Protocol):
    """The records of an emitter, by number, from the oldest that can still be looked up."""

    first: int  # number of the oldest one
    free: dict[str, Integers]  # by name path of a field that takes each once: those that it has not taken, ascending,
    known: dict[str, int]  # and the number up to which these are known
    lives: "Lives"  # where somebody looks at records of workers alive

    def places(self, numbers: Integers) -> Codes:
        """Return where records, (n,) of their numbers from the first one on, are kept; 0 where a number is below 0."""

    def take(self, dimension: str, places: Codes) -> pa.Array:
        """Return what the records that are kept at some places (n,) have in a dimension; null where it is 0."""

    def grouping(self, dimensions: Sequence[str], places: Codes) -> Grouping:
        """Return the records at some places, (n,), in groups of those that have the same in some dimensions."""


@dataclass(frozen=True)
class Lives:
    """The records of workers alive, and those that are being made, (n,)."""

    numbers: Integers  # (n,) ascending
    workers: Integers  # (n,)
    places: Codes  # (n,) where they are kept
    ends: Codes  # (n,) which of the next stops is that of the worker; -1: none
    stops: Integers  # (m,) before which of the steps to come workers stop, ascending

    def before(self, numbers: Integers) -> Integers:
        """Return how many of them come before records that are being made, (k,) of their numbers."""
        late = self.numbers[-1] + 1 - len(self.numbers) if len(self.numbers) else 0
        return np.minimum(numbers - late, len(self.numbers))

    def left(self, steps: int) -> "Lives":
        """Return what is left of them after so many steps."""
        over = np.searchsorted(self.stops, steps, side="right")
        is_left = (self.ends < 0) | (self.ends >= over)
        numbers, workers, places = self.numbers[is_left], self.workers[is_left], self.places[is_left]
        return Lives(numbers, workers, places, self.ends[is_left], self.stops - steps)


@dataclass(frozen=True)
class Seen:
    """The records of an emitter, as they are seen from some rows (n,)."""

    log: Log
    before: Integers  # (n,) how many records there were before each row
    step: Integers  # (n,) which of the steps to come each row is

    def at(self, rows: Integers) -> "Seen":
        """Return what is seen from some of the rows."""
        return Seen(self.log, self.before[rows], self.step[rows])


class Reader(Protocol):
    """Reads what is known of the records that are being made."""

    @property
    def past(self) -> Past:
        """Return what was made for the workers of a batch before."""

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        """Return the values of a variable for all rows of a batch, or for the rows in ``origin`` (m,)."""

    def names(self) -> Collection[str]:
        """Return what an expression may read: earlier dimensions of the record, variables, ``time``."""

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        """Return the values of one of the names, for the same rows as ``read``."""

    def seen(self, emitter: str, origin: Integers | None) -> Seen:
        """Return the records of an emitter, as they are seen from the same rows as in ``read``."""

    def steps(self, origin: Integers | None) -> Integers:
        """Return the numbers of the steps of workers, for the same rows as ``read``."""

    def described(self, row: int) -> str:
        """Return which record a row of the batch is, in words."""


class Pool(Protocol):
    """The different values that a dimension with a cardinality picks from."""

    def first(self, count: int) -> pa.Array:
        """Return the first ``count`` values, or more. Raises RunFailed when there are fewer different ones."""


@dataclass(frozen=True)
class Space:
    """What is meant in a population: whose wall clock, if it is not that of all, and tables by other names."""

    zone: str | None
    tables: Names


class _Tables(Mapping[str, Reference]):
    """The tables of a run, by what they are called in a population too."""

    def __init__(self, tables: Mapping[str, Reference], names: Names) -> None:
        self._tables, self._names = tables, names

    def __getitem__(self, name: str) -> Reference:
        return self._tables[self._names.get(name, name)]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._names, **dict.fromkeys(self._tables)})

    def __len__(self) -> int:
        return len({*self._names, *self._tables})


@dataclass
class World:
    """What the values of a run share: seed and tables, and by name path pools, counters and memories."""

    seed: int
    pools: Mapping[str, Pool] = field(default_factory=dict)
    tables: Mapping[str, Reference] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    memories: dict[str, dict[str, Any]] = field(default_factory=dict)  # what code of users remembers, by name path
    zone: str = "UTC"  # whose hours are meant where no other is named
    spaces: Mapping[str, Space] = field(default_factory=dict)  # by population, of what is common by ``""``

    def of(self, owner: str) -> "World":
        """Return it as an emitter, a state, a source or a table sees it, by its name."""
        if not self.spaces:
            return self
        space = self.spaces.get(owner.partition("/")[0], self.spaces[""])
        tables = _Tables(self.tables, space.tables) if space.tables else self.tables
        return replace(self, tables=tables, zone=space.zone or self.zone)
