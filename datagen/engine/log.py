"""What records have had, in the order of events: as far back as others may look it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.variables import Store
from datagen.records.batch import MOST_ROWS
from datagen.records.expression.facets import as_milliseconds
from datagen.records.reference import Grouping
from datagen.records.types import present


class Log:
    """The records of an emitter, by number, from the oldest that can still be looked up."""

    def __init__(self, types: Mapping[str, pa.DataType], depth: int | None) -> None:
        """Take the types of the dimensions that are kept, and how many records of the last ones; None for all."""
        self.dimensions = types
        self._depth = depth
        self._stores = {name: Store(as_milliseconds(pa.nulls(0, type_)).type) for name, type_ in types.items()}
        self.first = self.total = 0  # number of the oldest one that is kept, and of the first one of this batch
        self.free: dict[str, Integers] = {}  # by the field that takes each once: those that it has not, ascending,
        self.known: dict[str, int] = {}  # and the number up to which these are known

    def append(self, dimension: str, values: pa.Array) -> None:
        """Keep what the next records have in a dimension."""
        self._stores[dimension].extend(values)

    def take(self, dimension: str, numbers: Integers) -> pa.Array:
        """Return what records, (n,) of their numbers, have in a dimension; null where the number is below 0."""
        return self._stores[dimension].pick(np.where(numbers < 0, 0, numbers - self.first + 1).astype(np.int32))

    def grouping(self, dimensions: Sequence[str], numbers: Integers) -> Grouping:
        """Return some records, (n,) of their numbers, in groups of those that have the same in some dimensions."""
        return Grouping([present(self.take(name, numbers)) for name in dimensions], len(numbers), None)

    def go_on(self, count: int) -> None:
        """Have so many records more, and forget those that can't be looked up any more, once they are many."""
        self.total += count
        first = max(self.first, self.total - self._depth) if self._depth is not None else self.first
        if first - self.first > MOST_ROWS + (self._depth or 0) // 2:
            kept = np.append(0, np.arange(first - self.first + 1, self.total - self.first + 1))
            for store in self._stores.values():
                store.keep(kept)
            self.first = first

    def snapshot(self) -> dict[str, Any]:
        """Return all that is kept, for ``restore``."""
        stores = {name: store.snapshot() for name, store in self._stores.items()}
        return {"first": self.first, "total": self.total, "stores": stores, "free": self.free, "known": self.known}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Keep what was kept when a snapshot was taken."""
        self.first, self.total = snapshot["first"], snapshot["total"]
        self.free, self.known = dict(snapshot["free"]), dict(snapshot["known"])
        for name, store in self._stores.items():
            store.restore(snapshot["stores"][name])


@dataclass(frozen=True)
class Sight:
    """What can be seen of earlier records from the steps of a batch."""

    logs: Mapping[str, Log]  # by emitter
    places: Mapping[str, Integers]  # by emitter: which of the steps make its records, ascending

    def of(self, emitter: str, at: Integers) -> "Seen":
        """Return the records of an emitter as they are seen from some of the steps (k,)."""
        log = self.logs[emitter]
        return Seen(log, log.total + np.searchsorted(self.places.get(emitter, at[:0]), at))


@dataclass(frozen=True)
class Seen:
    """The records of an emitter, as they are seen from the rows of a batch."""

    log: Log
    before: Integers  # (k,) how many records there were before each row
