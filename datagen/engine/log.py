"""What records have had, in the order of events: as far back as others may look it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.draw import Codes, Integers
from datagen.engine.step import Stops
from datagen.engine.variables import Store
from datagen.native import passing
from datagen.plugin.world import Lives, Seen
from datagen.records.batch import MOST_ROWS
from datagen.records.reference import Grouping
from datagen.records.text import as_milliseconds
from datagen.records.types import present

_NOTHING = np.zeros(0, np.int64)
_NO_CODES = np.zeros(0, np.int32)
_NO_LIVES = Lives(_NOTHING, _NOTHING, _NO_CODES, _NO_CODES, _NOTHING)


class Log:
    """The records of an emitter, by number, from the oldest that can still be looked up."""

    def __init__(self, types: Mapping[str, pa.DataType], depth: int | None, sees_lives: bool) -> None:
        """Take the types of the dimensions that are kept, and which records are looked at: as in ``depths``."""
        self.dimensions = types
        self._depth, self._sees_lives = depth, sees_lives
        self._stores = {name: Store(as_milliseconds(pa.nulls(0, type_)).type) for name, type_ in types.items()}
        self.total = 0  # number of the first one of this batch
        self.first = self._older = 0  # number of the oldest one that is kept with all after it; so many older ones are
        self.free: dict[str, Integers] = {}  # by the field that takes each once: those that it has not, ascending,
        self.known: dict[str, int] = {}  # and the number up to which these are known
        self.lives = _NO_LIVES

    def see(self, workers: Integers, stops: Stops) -> None:
        """Learn whose the next records are, and who stops behind which of their steps."""
        if self._sees_lives:
            fresh = np.arange(self.total, self.total + len(workers))
            numbers = np.append(self.lives.numbers, fresh)
            owners = np.append(self.lives.workers, workers)
            ends, table = draw.column(len(owners), np.int32), draw.column(2 << len(stops.worker).bit_length(), np.int32)
            passing.ending(owners, stops.worker, table, ends)
            places = np.append(self.lives.places, self.places(fresh))
            self.lives = Lives(numbers, owners, places, ends, stops.row)

    def append(self, dimension: str, values: pa.Array) -> None:
        """Keep what the next records have in a dimension."""
        self._stores[dimension].extend(values)

    def places(self, numbers: Integers) -> Codes:
        """Return where records, (n,) of their numbers from the first one on, are kept; 0 where a number is below 0."""
        places = (numbers + (1 + self._older - self.first)).astype(np.int32)
        return np.where(numbers < 0, np.int32(0), places) if numbers.min(initial=0) < 0 else places

    def take(self, dimension: str, places: Codes) -> pa.Array:
        """Return what the records that are kept at some places (n,) have in a dimension; null where it is 0."""
        return self._stores[dimension].pick(places)

    def grouping(self, dimensions: Sequence[str], places: Codes) -> Grouping:
        """Return the records at some places, (n,), in groups of those that have the same in some dimensions."""
        return Grouping([present(self.take(name, places)) for name in dimensions], len(places), None)

    def go_on(self, count: int, steps: int) -> None:
        """Have so many records more, of so many steps; forget those that nobody can look up, once they are many."""
        self.total += count
        self.lives = self.lives.left(steps)
        if self._depth is None:
            return
        first = max(self.first, self.total - self._depth)
        older = int(np.searchsorted(self.lives.numbers, first))
        stored, left = self._older + self.total - self.first, older + self.total - first
        if stored - left > MOST_ROWS + left // 2:
            kept = np.zeros(stored + 1, np.bool_)
            kept[0] = kept[self.lives.places[:older]] = kept[stored + 1 - (self.total - first) :] = True
            for store in self._stores.values():
                store.keep(pa.array(kept))
            self.first, self._older = first, older
            places = np.append(np.arange(older, dtype=np.int32) + 1, self.places(self.lives.numbers[older:]))
            self.lives = replace(self.lives, places=places)

    def snapshot(self) -> dict[str, Any]:
        """Return all that is kept, for ``restore``."""
        stores = {name: store.snapshot() for name, store in self._stores.items()}
        lives = {name: getattr(self.lives, name) for name in ("numbers", "workers", "places")}
        kept = {"first": self.first, "total": self.total, "older": self._older, "lives": lives}
        return kept | {"stores": stores, "free": self.free, "known": self.known}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Keep what was kept when a snapshot was taken."""
        self.first, self.total, self._older = snapshot["first"], snapshot["total"], snapshot["older"]
        ends = np.full(len(snapshot["lives"]["numbers"]), -1, np.int32)
        self.lives = replace(_NO_LIVES, **snapshot["lives"], ends=ends)
        self.free, self.known = dict(snapshot["free"]), dict(snapshot["known"])
        for name, store in self._stores.items():
            store.restore(snapshot["stores"][name])


@dataclass(frozen=True)
class Sight:
    """What can be seen of earlier records from the steps of a batch."""

    logs: Mapping[str, Log]  # by emitter
    # By emitter: how many records there are before each step.
    before: Mapping[str, Integers] = field(default_factory=dict)

    @classmethod
    def over(cls, logs: Mapping[str, Log], places: Mapping[str, Integers], steps: int) -> "Sight":
        """Return the sight from so many steps; ``places`` are those that make records, by emitter, ascending."""
        before = {}
        for emitter, log in logs.items():
            own = np.zeros(steps + 1, np.int64)
            own[0] = log.total
            own[places.get(emitter, _NOTHING) + 1] += 1
            before[emitter] = np.cumsum(own)
        return cls(logs, before)

    def of(self, emitter: str, at: Integers) -> Seen:
        """Return the records of an emitter as they are seen from some of the steps (k,)."""
        log = self.logs[emitter]
        before = self.before[emitter][at] if emitter in self.before else np.full(len(at), log.total)
        return Seen(log, before, at)
