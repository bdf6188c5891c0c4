"""The values that variables were set to, kept as long as a worker may read them.

The walk knows the position of each value, this module the values. Not the keys of draws are kept, from which values
could be made again: a counter, and a variable made of others, can't be made again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.native.rows import place
from datagen.records.conversion import as_type

Positions = npt.NDArray[np.int32]

MOST_CHUNKS = 32
_SPARSE = 4  # times as many values as a batch needs: then hardly any is needed twice


class Store:
    """The values that a variable was set to, in time order, as long as a worker may read them.

    Value 0 is null: what a variable reads as that was never set.
    """

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._chunks: list[pa.Array]
        self._starts: list[int]
        self.size: int
        self._set([as_type(pa.nulls(1), type_)])

    def append(self, made: list[tuple[Positions, pa.Array]]) -> None:
        """Add values: arrays, each with the positions of its values, which come behind those that are there."""
        self._extend(self._in_order(made))

    def extend(self, values: pa.Array) -> None:
        """Add values behind those that are there, in their order."""
        self._extend(as_type(values, self._type))

    def _extend(self, chunk: pa.Array) -> None:
        self._chunks = [*self._chunks, chunk]  # a copy of this store keeps what it has
        self._starts = [*self._starts, self.size]
        self.size += len(chunk)
        if len(self._chunks) > MOST_CHUNKS:
            self._set([self._chunks[0], pa.concat_arrays(self._chunks[1:])])

    def replace(self, values: pa.Array) -> None:
        """Put other values in place of the last ones."""
        kept = pa.chunked_array(self._chunks).slice(0, self.size - len(values))
        self._set([*kept.chunks, as_type(values, self._type)])

    def take(self, used: Integers | Positions) -> pa.Array:
        """Return the values at some positions, which ascend."""
        cuts = [0, *np.searchsorted(used, self._starts[1:]).tolist(), len(used)]
        taken = [
            chunk.take(pa.array(used[low:high] - start))
            for chunk, start, low, high in zip(self._chunks, self._starts, cuts[:-1], cuts[1:], strict=True)
            if high > low
        ]
        return pa.concat_arrays(taken) if taken else self._chunks[0].slice(0, 0)

    def pick(self, positions: Positions) -> pa.Array:
        """Return the values at some positions, in any order.

        Those that lie close together are put side by side first: Arrow looks for the chunk of each, which takes 30 ns.
        """
        values, begin = pa.chunked_array(self._chunks), int(positions.min(initial=self.size))
        length = int(positions.max(initial=begin)) + 1 - begin
        if length > _SPARSE * len(positions):
            return values.take(pa.array(positions)).combine_chunks()
        return values.slice(begin, length).combine_chunks().take(pa.array(positions - begin))

    def snapshot(self) -> dict[str, Any]:
        """Return all values, for ``restore``."""
        return {"chunks": self._chunks}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Replace all values by those of a snapshot."""
        self._set(snapshot["chunks"])

    def keep(self, kept: pa.BooleanArray) -> None:
        """Forget all values but some, (size,)."""
        self._chunks = pa.chunked_array(self._chunks).filter(kept).chunks  # those before may go before they are one
        self._set([pa.concat_arrays(self._chunks)])

    def _in_order(self, made: list[tuple[Positions, pa.Array]]) -> pa.Array:
        """Return values as one array, in the order of their positions."""
        values = pa.concat_arrays([as_type(array, self._type) for _, array in made])
        if len(made) == 1:
            return values
        order = np.empty(len(values), np.int32)
        order[np.concatenate([positions for positions, _ in made]) - self.size] = np.arange(len(values), dtype=np.int32)
        return values.take(pa.array(order))

    def _set(self, chunks: list[pa.Array]) -> None:
        self._chunks = chunks
        self._starts = [0, *np.cumsum([len(chunk) for chunk in chunks])[:-1].tolist()]
        self.size = sum(map(len, chunks))


class NumberStore:
    """Keeps numbers in one array, so that to pick one costs 3 ns, whatever their number.

    Arrow would put all chunks of a ``Store`` side by side first, 12 MB and 1 ms for a million workers.
    """

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._numbers: npt.NDArray[Any] = np.zeros(1, type_.to_pandas_dtype())  # and room; a copy of this shares it
        self._is_null: npt.NDArray[np.bool_] | None = None  # likewise; None: only value 0 is
        self.size = 1

    def append(self, made: list[tuple[Positions, pa.Array]]) -> None:
        """Add values: arrays, each with the positions of its values, which come behind those that are there."""
        made = [(positions, as_type(array, self._type)) for positions, array in made]  # a null may be in a dictionary
        begin = self.size
        self.size += sum(len(values) for _, values in made)
        self._numbers = _with_room(self._numbers, begin, self.size)
        has_null = any(values.null_count for _, values in made)
        if has_null or self._is_null is not None:
            is_null = np.arange(begin) == 0 if self._is_null is None else self._is_null
            self._is_null = _with_room(is_null, begin, self.size)
        for positions, values in made:
            if self._is_null is not None:
                self._is_null[positions] = values.is_null().to_numpy(zero_copy_only=False)
            self._numbers[positions] = (values.fill_null(0) if values.null_count else values).to_numpy()

    def take(self, used: Integers | Positions) -> pa.Array:
        """Return the values at some positions, in any order."""
        is_null = used == 0 if self._is_null is None else self._is_null[used]
        return pa.array(self._numbers[used], self._type, mask=is_null if is_null.any() else None)

    pick = take

    def snapshot(self) -> dict[str, Any]:
        """Return all values, for ``restore``."""
        return {"chunks": [self.take(np.arange(self.size))]}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Replace all values by those of a snapshot."""
        self.size, self._is_null = 0, None
        for chunk in snapshot["chunks"]:
            self.append([(np.arange(self.size, self.size + len(chunk), dtype=np.int32), chunk)])
        if self._is_null is not None and not self._is_null[1 : self.size].any():
            self._is_null = None

    def keep(self, kept: pa.BooleanArray) -> None:
        """Forget all values but some, (size,)."""
        mask = kept.to_numpy(zero_copy_only=False)
        self._numbers = self._numbers[: self.size][mask]
        if self._is_null is not None:
            self._is_null = self._is_null[: self.size][mask]
        self.size = len(self._numbers)


class CodeStore:
    """Keeps values from lists that never change (of an enum, a pool) as indices into one list of all their values.

    They take as few bytes as the list allows, and lie in one array: to pick one costs 3 ns, whatever their number.
    """

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._codes: npt.NDArray[Any] = np.zeros(1, np.uint8)  # and room for more; a copy of this store shares it
        self.size = 1
        self._values = as_type(pa.nulls(1), type_)
        self._lists: dict[tuple[int, ...], tuple[pa.Array, int]] = {}  # by place in memory: a list, where it begins
        self._restored: list[list[int]] = []  # where lists of a snapshot begin, and how long they are

    def append(self, made: list[tuple[Positions, pa.Array]]) -> None:
        """Add values: arrays, each with the positions of its values, which come behind those that are there."""
        codes = np.empty(sum(len(array) for _, array in made), np.int32)
        for positions, array in made:
            begin, indices = self._begin(array.dictionary), array.indices
            if indices.null_count:
                indices = pc.fill_null(indices, -begin)  # and so 0, the position of null
            place(indices.to_numpy(), begin, positions, self.size, codes)
        size, type_ = self.size + len(codes), np.min_scalar_type(len(self._values) - 1)
        if type_ != self._codes.dtype:
            self._codes = self._codes[: self.size].astype(type_)
        self._codes = _with_room(self._codes, self.size, size)
        self._codes[self.size : size] = codes
        self.size = size

    def take(self, used: Integers | Positions) -> pa.Array:
        """Return the values at some positions, in any order."""
        codes = pa.array(self._codes[: self.size]).take(pa.array(used))
        return pa.DictionaryArray.from_arrays(codes.cast(pa.int32()), self._values)

    pick = take

    def snapshot(self) -> dict[str, Any]:
        """Return all values, for ``restore``."""
        lists = [[begin, len(values)] for values, begin in self._lists.values()]
        codes = pa.array(self._codes[: self.size])
        return {"chunks": [codes], "values": self._values, "lists": lists + self._restored}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Replace all values by those of a snapshot."""
        self._codes = snapshot["chunks"][0].to_numpy()
        self.size = len(self._codes)
        self._values = snapshot["values"]
        self._restored = snapshot["lists"]

    def keep(self, kept: pa.BooleanArray) -> None:
        """Forget all values but some, (size,)."""
        self._codes = pa.array(self._codes[: self.size]).filter(kept).to_numpy()
        self.size = len(self._codes)

    def _begin(self, values: pa.Array) -> int:
        key = (values.offset, len(values), *(buffer.address for buffer in values.buffers() if buffer is not None))
        if key not in self._lists:
            own = as_type(values, self._type)
            begin = self._found(own)
            if begin is None:
                begin, self._values = len(self._values), pa.concat_arrays([self._values, own])
            self._lists[key] = values, begin
        return self._lists[key][1]

    def _found(self, values: pa.Array) -> int | None:
        """Return where a list begins that a snapshot had already."""
        for begin, size in self._restored:
            if size == len(values) and self._values.slice(begin, size).equals(values):
                self._restored.remove([begin, size])
                return begin
        return None


def _with_room(kept: npt.NDArray[Any], size: int, wanted: int) -> npt.NDArray[Any]:
    """Return an array with the first values, ``size`` of them, and room for as many as are wanted, or more."""
    if wanted <= len(kept):
        return kept
    room = np.empty(2 * wanted, kept.dtype)
    room[:size] = kept[:size]
    return room


Stored = Store | NumberStore | CodeStore


def store_of(type_: pa.DataType, *, is_fixed: bool) -> Stored:
    """Return a store of values of a type; ``is_fixed`` says whether they are from lists that never change."""
    if is_fixed:
        return CodeStore(type_)
    return (NumberStore if pa.types.is_integer(type_) or pa.types.is_floating(type_) else Store)(type_)


class StoreReader:
    """Reads the stored values of variables at the positions that the steps have."""

    def __init__(self, stores: Mapping[str, Stored], positions: Callable[[str], Positions]) -> None:
        self._stores = stores
        self._positions = positions
        self._used: dict[int, tuple[Integers, Positions, pa.Array, Positions]] = {}

    def at(self, rows: Integers) -> "StoreReader":
        """Return what reads for some of the rows, in any order."""
        return StoreReader(self._stores, lambda variable: self._positions(variable)[rows])

    def between(self, low: int, high: int) -> "StoreReader":
        """Return what reads for some of the rows."""
        return StoreReader(self._stores, lambda variable: self._positions(variable)[low:high])

    def names(self) -> Collection[str]:
        """Return the names of all variables."""
        return self._stores.keys()

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        store = self._stores[variable]
        positions = self._positions(variable)
        if origin is None and (positions[1:] > positions[:-1]).all():
            return store.take(positions)
        if store.size > _SPARSE * len(positions):
            return store.pick(positions if origin is None else positions[origin])
        used, index, shared = self._compact(positions, store.size)
        indices = shared if origin is None else pa.array(index[origin])
        if 2 * len(used) > len(indices):
            return store.take(used).take(indices)
        return pa.DictionaryArray.from_arrays(indices, store.take(used))

    def _compact(self, positions: Positions, size: int) -> tuple[Integers, Positions, pa.Array]:
        """Number the positions that occur, so that a batch holds each value that it needs once.

        Return them, ascending, and the number of each of ``positions``, as a numpy and as an Arrow array.
        """
        known = self._used.get(id(positions))
        if known is None:
            marks = np.zeros(size, bool)
            marks[positions] = True
            used = np.flatnonzero(marks)
            number = np.empty(size, np.int32)
            number[used] = np.arange(len(used), dtype=np.int32)
            index = number[positions]
            known = self._used[id(positions)] = (used, index, pa.array(index), positions)
        return known[:3]
