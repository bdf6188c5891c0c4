"""What records have had, in the order of events: as far back as others may look it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.step import Stops
from datagen.engine.variables import Store
from datagen.plugin.world import Lives, Seen
from datagen.records.batch import MOST_ROWS
from datagen.records.reference import Grouping
from datagen.records.text import as_milliseconds
from datagen.records.types import present


def _nothing() -> Integers:
    return np.zeros(0, np.int64)


class Log:
    """The records of an emitter, by number, from the oldest that can still be looked up."""

    def __init__(self, types: Mapping[str, pa.DataType], depth: int | None, sees_lives: bool) -> None:
        """Take the types of the dimensions that are kept, and which records are looked at: as in ``depths``."""
        self.dimensions = types
        self._depth, self._sees_lives = depth, sees_lives
        self._stores = {name: Store(as_milliseconds(pa.nulls(0, type_)).type) for name, type_ in types.items()}
        self.first = self.total = 0  # number of the oldest one that is kept, and of the first one of this batch
        self.free: dict[str, Integers] = {}  # by the field that takes each once: those that it has not, ascending,
        self.known: dict[str, int] = {}  # and the number up to which these are known
        self.lives = Lives(_nothing(), _nothing(), _nothing())

    def see(self, workers: Integers, stops: Stops) -> None:
        """Learn whose the next records are, and who stops behind which of their steps."""
        if self._sees_lives:
            numbers = np.append(self.lives.numbers, np.arange(self.total, self.total + len(workers)))
            owners = np.append(self.lives.workers, workers)
            ends = np.append(self.lives.ends, np.full(len(workers), NEVER))
            self.lives = Lives(numbers, owners, np.minimum(ends, _ends(owners, stops)))

    def append(self, dimension: str, values: pa.Array) -> None:
        """Keep what the next records have in a dimension."""
        self._stores[dimension].extend(values)

    def take(self, dimension: str, numbers: Integers) -> pa.Array:
        """Return what records, (n,) of their numbers, have in a dimension; null where the number is below 0."""
        place = np.searchsorted(self.lives.numbers, numbers) if self._sees_lives else numbers - self.first
        return self._stores[dimension].pick(np.where(numbers < 0, 0, place + 1).astype(np.int32))

    def grouping(self, dimensions: Sequence[str], numbers: Integers) -> Grouping:
        """Return some records, (n,) of their numbers, in groups of those that have the same in some dimensions."""
        return Grouping([present(self.take(name, numbers)) for name in dimensions], len(numbers), None)

    def go_on(self, count: int, steps: int) -> None:
        """Have so many records more, of so many steps; forget those that nobody can look up, once they are many."""
        self.total += count
        self.lives.ends[self.lives.ends < NEVER] -= steps
        if self._depth is None:
            return
        first = max(self.first, self.total - self._depth)
        numbers = self.lives.numbers if self._sees_lives else np.arange(self.first, self.total)
        is_kept = numbers >= first
        if self._sees_lives:
            is_kept |= self.lives.ends > 0
        left = int(is_kept.sum())
        if len(numbers) - left > MOST_ROWS + left // 2:
            for store in self._stores.values():
                store.keep(np.append(0, 1 + np.flatnonzero(is_kept)))
            self.first = first
            self.lives = (
                Lives(*(column[is_kept] for column in vars(self.lives).values())) if self._sees_lives else self.lives
            )

    def snapshot(self) -> dict[str, Any]:
        """Return all that is kept, for ``restore``."""
        stores = {name: store.snapshot() for name, store in self._stores.items()}
        lives = {"numbers": self.lives.numbers, "workers": self.lives.workers, "alive": self.lives.ends == NEVER}
        kept = {"first": self.first, "total": self.total, "lives": lives}
        return kept | {"stores": stores, "free": self.free, "known": self.known}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Keep what was kept when a snapshot was taken."""
        self.first, self.total = snapshot["first"], snapshot["total"]
        lives = snapshot["lives"]
        self.lives = Lives(lives["numbers"], lives["workers"], np.where(lives["alive"], NEVER, 0))
        self.free, self.known = dict(snapshot["free"]), dict(snapshot["known"])
        for name, store in self._stores.items():
            store.restore(snapshot["stores"][name])


def _ends(workers: Integers, stops: Stops) -> Integers:
    """Return behind how many steps workers (n,) stop, as far as that is known; else ``NEVER``."""
    if not len(stops.worker):
        return np.full(len(workers), NEVER)
    order = np.argsort(stops.worker)
    who = stops.worker[order]
    place = np.minimum(np.searchsorted(who, workers), len(who) - 1)
    return np.where(who[place] == workers, stops.row[order][place], NEVER)


@dataclass(frozen=True)
class Sight:
    """What can be seen of earlier records from the steps of a batch."""

    logs: Mapping[str, Log]  # by emitter
    places: Mapping[str, Integers] = field(default_factory=dict)  # by emitter: which steps make its records, ascending

    def of(self, emitter: str, at: Integers) -> Seen:
        """Return the records of an emitter as they are seen from some of the steps (k,)."""
        log = self.logs[emitter]
        before = log.total + np.searchsorted(self.places.get(emitter, at[:0]), at)
        return Seen(log, before, at)
