"""What the records of an emitter, or the settings of a state, leave for those of the same worker that come after them.

The walk knows the position of each, and of the one before it of the same worker; this module knows what was kept there.
Nothing is made again from keys: a value that was counted, or made of those before it, can't be.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers, Marks
from datagen.engine.variables import Positions, Store
from datagen.records.expression.name import former

_THERE = "there"  # the key of whether anything was made: before the start of a run, nothing is


class Memory:
    """The stores of one emitter or state, by key; position 0 holds nothing."""

    def __init__(self, types: Mapping[str, pa.DataType]) -> None:
        """Take the types of the dimensions that are kept; other stores come as they are asked for."""
        self.dimensions = types
        self._stores = {former(name): Store(type_) for name, type_ in types.items()}
        self.size = 1

    def store(self, key: str, type_: pa.DataType) -> Store:
        """Return a store, which is made when it is first asked for."""
        if key not in self._stores:
            self._stores[key] = Store(type_)
            self._stores[key].extend(pa.nulls(self.size - 1))
        return self._stores[key]

    def append(self, key: str, values: pa.Array) -> None:
        """Keep what is at the positions behind those that a store has."""
        self._stores[key].extend(values)

    def replace(self, key: str, values: pa.Array) -> None:
        """Keep other values at the last positions that a store has."""
        self._stores[key].replace(values)

    def former(self, dimension: str, positions: Positions) -> pa.Array:
        """Return what a dimension was at some positions."""
        return self._stores[former(dimension)].pick(positions)

    def go_on(self, count: int, *, is_made: bool = True) -> None:
        """Have so many positions more, with something made there or not; where nothing was kept, there is nothing."""
        if is_made:
            self.store(_THERE, pa.bool_()).extend(pa.repeat(True, count))
        self.size += count
        for store in self._stores.values():
            if store.size < self.size:
                store.extend(pa.nulls(self.size - store.size))

    def keep(self, kept: pa.BooleanArray) -> None:
        """Forget all but some positions, (size,)."""
        self.size = kept.true_count
        for store in self._stores.values():
            store.keep(kept)

    def snapshot(self) -> dict[str, Any]:
        """Return all that is kept, for ``restore``."""
        return {"size": self.size, "stores": {key: store.snapshot() for key, store in self._stores.items()}}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Keep what was kept when a snapshot was taken."""
        self.size = snapshot["size"]
        for key, kept in snapshot["stores"].items():
            self._stores.setdefault(key, Store(kept["chunks"][0].type)).restore(kept)


class Back:
    """The way back from the rows of a batch: rows (k,) in order, the first of which is at a position of the memory."""

    def __init__(self, memory: Memory, positions: Positions, begin: int) -> None:
        """Take the positions (k,) of what the worker of each row had last before it."""
        self._memory = memory
        self._positions = positions
        self._begin = begin

    @property
    def dimensions(self) -> Mapping[str, pa.DataType]:
        """Return the dimensions that can be asked for by ``former``, with their types."""
        return self._memory.dimensions

    @property
    def back(self) -> Integers:
        return self._positions.astype(np.int64) - self._begin

    @property
    def is_first(self) -> Marks:
        is_earlier = self._positions < self._memory.size  # than the batch
        there = self._memory.store(_THERE, pa.bool_()).pick(np.where(is_earlier, self._positions, 0))
        return is_earlier & there.is_null().to_numpy(zero_copy_only=False)

    def before(self, key: str, type_: pa.DataType) -> pa.Array:
        there = np.where(self._positions < self._begin, self._positions, 0)
        return self._memory.store(key, type_).pick(there)

    def keep(self, key: str, values: pa.Array) -> None:
        self._memory.append(key, values)

    def former(self, dimension: str) -> pa.Array:
        """Return what a dimension was in the last record of the worker of each row, (k,)."""
        return self._memory.former(dimension, self._positions)
