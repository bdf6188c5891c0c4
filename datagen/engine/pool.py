"""Pools: the different values that a dimension with a cardinality picks from.

The value i of a pool follows from the seed, the name path and i: it is the i-th that is new among the values of the
tries 0, 1, 2, … Of a range that a pool nearly uses up, where the last new ones would be long in coming, it is the i-th
of a shuffle. So a pool is only filled as far as the picks of a run reach, and its first values are the same however far
that is.
"""

from abc import ABC, abstractmethod
from threading import Event, Lock

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.engine.references import References
from datagen.language.population import Place, Population
from datagen.plugin.dimension import Rows, fresh_values
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.world import World
from datagen.problems import Cancelled, Path_, Unfillable
from datagen.records.text import json_text
from datagen.records.types import plain

_FIRST_TRIES = 1024
_MOST_TRIES_A_VALUE = 64  # to collect n equally likely values takes about n * (log(n) + 0.6) tries: 17 for n = 10**7
_PATIENCE = 20  # tries in vain, per value found, after which another value is taken not to exist: e**-20 if it did


class Pools(dict[str, "FillingPool"]):
    """The pools of a population, by name path, and with them its tables: all that is made before a run."""

    def __init__(self, population: Population, seed: int, stopped: Event, zone: str = "UTC") -> None:
        """Take what decides the values, and whose clock is meant where no zone is named."""
        super().__init__()
        self._seed, self._zone = seed, zone
        self._spaces = population.spaces
        self.tables = References(population, World(seed, self, zone=zone, spaces=self._spaces))
        self._world = self.world()  # with its own counters: values in a pool are not values of the run
        self._stopped = stopped
        places = population.places()
        for place in places:
            self._add(place)

    def world(self) -> World:
        """Return a world that has these pools and tables, and counts anew."""
        return World(self._seed, self, self.tables, zone=self._zone, spaces=self._spaces)

    def _add(self, place: Place) -> None:
        for nested in place.nested():
            self._add(nested)
        if isinstance(place.dimension, PooledDimension) and place.dimension.cardinality:
            kind = ShuffledPool if _uses_up(place.dimension) else GrowingPool
            self[place.name_path] = kind(place, place.dimension, self._world.of(_owner(place)), self._stopped)

    def problems(self) -> list[tuple[Path_, str]]:
        """Return the places of the tables that can't be made and the pools that can't be filled, and why.

        Makes the tables, and fills those pools where only trying can tell.

        A pool whose values contain another that can't be filled is not tried. Raises Cancelled when the run is stopped
        meanwhile.
        """
        problems = self.tables.problems()
        for path, pool in self.items():  # inner ones come first
            if not any(other.startswith(f"{path}/") for other in problems):
                problem = pool.problem()
                if problem is not None:
                    problems[path] = problem
        return list(problems.values())

    def fill(self) -> None:
        """Fill every pool as far as it can be picked from.

        Raises Unfillable when there are too few values, Cancelled when the run is stopped meanwhile.
        """
        for pool in self.values():
            pool.fill()


def _owner(place: Place) -> str:
    """Return the name of what a place is in."""
    parts = place.name_path.split("/")
    return parts[1].replace("~1", "/").replace("~0", "~") if len(parts) > 1 else ""


def _uses_up(dimension: PooledDimension) -> bool:
    """Return whether a pool has more than three quarters of all values; up to there it takes two tries a value."""
    return 4 * dimension.cardinality > 3 * dimension.range_size() > 0


class FillingPool(ABC):
    """Different values in an order that follows from the seed."""

    def __init__(self, place: Place, dimension: PooledDimension, world: World, stopped: Event) -> None:
        self._place = place
        self._dimension = dimension
        self._world = world
        self._stopped = stopped
        self._growing = Lock()
        self._values: pa.Array
        self._purpose = draw.purpose_key(world.seed, f"{place.name_path}/pool")

    def first(self, count: int) -> pa.Array:
        """Return the first ``count`` values, or more. May be called by any thread.

        Raises RunFailed when there are fewer different ones, Cancelled when the run is stopped meanwhile.
        """
        if len(self._values) < count:
            with self._growing:
                self._grow(count)
        return self._values

    @abstractmethod
    def _grow(self, count: int) -> None:
        """Make the first ``count`` values, or more; raises as ``first``."""

    @abstractmethod
    def problem(self) -> tuple[Path_, str] | None:
        """Return the place of the cardinality when it is too large, and why; fills the pool where only trying can tell.

        Raises Cancelled when the run is stopped meanwhile.
        """

    def fill(self) -> None:
        """Make all values that can be picked; raises as ``first``."""
        picker, size = self._dimension.cardinality_distribution, self._dimension.cardinality
        self.first(size if picker is None else int(min(max(picker.bounds().most + 1, 1), size)))

    def _shortage(self, found: int) -> tuple[Path_, str]:
        wanted = self._dimension.cardinality
        text = f"could make only {found} different values for a cardinality of {wanted}"
        return (*self._place.json_path, "cardinality"), text

    def _unfillable(self, found: int) -> Unfillable:
        return Unfillable(*self._shortage(found), f"making {self._place.name_path}")


class ShuffledPool(FillingPool):
    """Values of a range in the order of a shuffle of it, for a pool that uses the range nearly up."""

    def __init__(self, place: Place, dimension: PooledDimension, world: World, stopped: Event) -> None:
        super().__init__(place, dimension, world, stopped)
        self._values = dimension.of_range(np.zeros(0, np.int64))

    def _grow(self, count: int) -> None:
        begin, size = len(self._values), min(self._dimension.cardinality, self._dimension.range_size())
        if count > size:
            raise self._unfillable(size)
        if count > begin:
            places = np.arange(begin, min(max(count, 2 * begin, _FIRST_TRIES), size))
            made = self._dimension.of_range(draw.shuffled(places, self._dimension.range_size(), self._purpose))
            self._values = pa.concat_arrays([self._values, made])

    def problem(self) -> tuple[Path_, str] | None:
        size = self._dimension.range_size()
        return self._shortage(size) if size < self._dimension.cardinality else None


class GrowingPool(FillingPool):
    """Different values in the order of the tries that made them."""

    def __init__(self, place: Place, dimension: PooledDimension, world: World, stopped: Event) -> None:
        super().__init__(place, dimension, world, stopped)
        self._tried = self._in_vain = 0
        self._size = _FIRST_TRIES  # of the next tries
        self._values = self._made(1)  # the first value, which also tells their type
        self._text = json_text(self._values)  # what tells values apart

    def _grow(self, count: int) -> None:
        while len(self._values) < count:
            if self._is_exhausted():
                raise self._unfillable(len(self._values))
            self._try()

    def problem(self) -> tuple[Path_, str] | None:
        wanted = self._dimension.cardinality
        if self._dimension.different_values() >= wanted:
            return None
        while len(self._values) < wanted:
            if self._is_exhausted():
                return self._shortage(len(self._values))
            self._try()
        return None

    def _is_exhausted(self) -> bool:
        most = _MOST_TRIES_A_VALUE * self._dimension.cardinality + _FIRST_TRIES
        return self._tried > most or self._in_vain > _PATIENCE * len(self._values) + _FIRST_TRIES

    def _made(self, count: int) -> pa.Array:
        """Make the values of the next tries, equal ones among them."""
        keys = draw.numbered(np.full(1, self._purpose), np.arange(self._tried, self._tried + count))
        self._tried += count
        return plain(fresh_values(self._dimension, Rows(keys, self._place.name_path, self._world)))

    def _try(self) -> None:
        """Make some more values and keep those that are new, up to the cardinality."""
        if self._stopped.is_set():
            raise Cancelled
        made = self._made(self._size)
        before = len(self._values)
        values, text = pa.concat_arrays([self._values, made]), pa.concat_arrays([self._text, json_text(made)])
        codes = text.dictionary_encode().indices.to_numpy()
        first = pa.array(np.unique(codes, return_index=True)[1][: self._dimension.cardinality])
        self._values, self._text = values.take(first), text.take(first)
        self._in_vain = 0 if len(self._values) > before else self._in_vain + self._size
        self._size = min(2 * self._size, max(self._dimension.cardinality, _FIRST_TRIES))
