"""The shapes that travel: the steps of workers, the records made of them, the lines made of records.

Values travel as Arrow arrays. Three conventions say in Arrow what JSON knows and Arrow does not:

- a key that may be *missing* is a struct with one child named ``""``; where the struct is null the key is missing,
  where it is valid the child holds the value or null;
- values whose JSON types differ are JSON text, of Arrow's type binary;
- a variable is mostly a dictionary array; the variables that are set together then share the very same indices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers, Keys

MOST_ROWS = 65536  # of a batch, whose arrays stay in the processor's cache
JSON_TEXT = pa.binary()
MAYBE = ""


def is_maybe(kind: pa.DataType) -> bool:
    """Tell whether values of a type may be missing."""
    return pa.types.is_struct(kind) and kind.num_fields == 1 and kind.field(0).name == MAYBE


def list_parts(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give the offsets, from 0 on, and the items of a list array that may be a slice of another."""
    offsets = array.offsets.to_numpy()
    first, last = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    return pa.array(offsets - np.int32(first)), array.values.slice(first, last - first)


@dataclass(frozen=True)
class Steps:
    """Entries of workers into states, in order of (time, worker, step); n rows."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,)
    keys: Keys  # (n,) row keys of (seed, worker, step)
    # Per variable group: where the store of its values has the ones that were last set, on this entry or before it;
    # and before it, for the groups that someone reads like that.
    after: tuple[npt.NDArray[np.int32], ...] = ()  # each (n,)
    before: tuple[npt.NDArray[np.int32] | None, ...] = ()  # each (n,)
    # Per group: what to keep of the store once these steps are done, None for all of it.
    keep: tuple[Integers | None, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def keeping(self, keep: tuple[Integers | None, ...]) -> "Steps":
        """Give the same steps with a word on what to keep."""
        return replace(self, keep=keep)

    def at(self, rows: Integers | slice) -> "Steps":
        """Give some of the rows, without the word on what to keep."""
        return Steps(
            self.time[rows],
            self.worker[rows],
            self.step[rows],
            self.state[rows],
            self.keys[rows],
            tuple(source[rows] for source in self.after),
            tuple(None if source is None else source[rows] for source in self.before),
        )


@dataclass(frozen=True)
class Part:
    """The records of one emitter in a batch."""

    emitter: str
    rows: Integers  # (k,) ascending: which records of the batch these are
    columns: dict[str, pa.Array]  # each of k values; ``time`` is the first unless it is always missing


@dataclass(frozen=True)
class Batch:
    """Records in order of (time, worker, step), or of (due, time, worker, step) once some were held back."""

    due: Integers  # (n,) ns since the start, ascending: when the target gets them
    worker: Integers  # (n,)
    step: Integers  # (n,)
    parts: tuple[Part, ...]
    emitted: Integers  # (n,) ns since the start: when they came to be; ``due`` itself unless some are held back

    def __len__(self) -> int:
        return len(self.due)

    @classmethod
    def empty(cls) -> "Batch":
        """Give a batch of no records."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, (), nothing)

    def slice(self, start: int, stop: int) -> "Batch":
        """Give some of the records, without a copy."""
        parts = []
        for part in self.parts:
            low, high = np.searchsorted(part.rows, (start, stop))
            if high > low:
                columns = {name: array.slice(low, high - low) for name, array in part.columns.items()}
                parts.append(Part(part.emitter, part.rows[low:high] - start, columns))
        rows = slice(start, stop)
        return Batch(self.due[rows], self.worker[rows], self.step[rows], tuple(parts), self.emitted[rows])

    def in_order(self, arrays: Sequence[pa.Array]) -> pa.Array:
        """Put what was made of each part into the order of the records; one array a part, all of the same type."""
        if len(arrays) == 1:
            return arrays[0]
        order = np.empty(len(self), np.int64)
        order[np.concatenate([part.rows for part in self.parts])] = np.arange(len(self))
        return pa.concat_arrays(arrays).take(pa.array(order))

    def take(self, rows: Integers) -> "Batch":
        """Give some of the records, in any order, also several times."""
        owner, place = np.empty(len(self), np.int32), np.empty(len(self), np.int64)
        for number, part in enumerate(self.parts):
            owner[part.rows] = number
            place[part.rows] = np.arange(len(part.rows))
        parts = []
        for number, part in enumerate(self.parts):
            chosen = np.flatnonzero(owner[rows] == number)
            if len(chosen):
                parts.append(Part(part.emitter, chosen, _taken(part.columns, pa.array(place[rows[chosen]]))))
        return Batch(self.due[rows], self.worker[rows], self.step[rows], tuple(parts), self.emitted[rows])

    def of(self, emitters: frozenset[str]) -> "Batch":
        """Give the records of some emitters."""
        kept = [part.rows for part in self.parts if part.emitter in emitters]
        if len(kept) == len(self.parts):
            return self
        return self.take(np.sort(np.concatenate(kept))) if kept else Batch.empty()

    @property
    def nbytes(self) -> int:
        """Give about how much memory the records take when written out, in bytes."""
        return sum(_spread_bytes(array) for part in self.parts for array in part.columns.values())


def _taken(columns: dict[str, pa.Array], places: pa.Array) -> dict[str, pa.Array]:
    """Take rows of columns; those that share their indices still do, so that they are written together."""
    indices: dict[tuple[int, ...], pa.Array] = {}

    def take(array: pa.Array) -> pa.Array:
        if not pa.types.is_dictionary(array.type):
            return array.take(places)
        place = (array.offset, *(0 if buffer is None else buffer.address for buffer in array.indices.buffers()))
        if place not in indices:
            indices[place] = array.indices.take(places)
        return pa.DictionaryArray.from_arrays(indices[place], array.dictionary)

    return {name: take(array) for name, array in columns.items()}


def _spread_bytes(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        return _spread_bytes(array.dictionary) * len(array) // max(len(array.dictionary), 1)
    return int(array.nbytes)


@dataclass(frozen=True)
class Layout:
    """What the records of a spec look like: for each emitter that can be reached, the Arrow type of every column."""

    emitters: dict[str, dict[str, pa.DataType]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Give the names of all columns, each once, in the order of their first appearance."""
        return list(dict.fromkeys(name for columns in self.emitters.values() for name in columns))

    def types(self, name: str) -> list[pa.DataType]:
        """Give the types that a column has, over all emitters."""
        return [columns[name] for columns in self.emitters.values() if name in columns]


@dataclass(frozen=True)
class Lines:
    """Encoded records, one after the other in one buffer, each with its line end."""

    data: memoryview
    ends: Integers  # (n,) where in the data each record ends, ascending

    @classmethod
    def of(cls, text: pa.Array) -> "Lines":
        """Take the buffer of a string array without nulls, as it is."""
        _, offsets, data = text.buffers()
        width = np.int64 if pa.types.is_large_string(text.type) else np.int32
        places = np.frombuffer(offsets, width)[text.offset : text.offset + len(text) + 1].astype(np.int64)
        content = memoryview(data if data is not None else b"")
        return cls(content[places[0] : places[-1]], places[1:] - places[0])

    def __len__(self) -> int:
        return len(self.ends)

    def slice(self, start: int, stop: int) -> "Lines":
        """Give some of the records, without a copy."""
        places = np.concatenate([[0], self.ends])[[start, stop]]
        return Lines(self.data[places[0] : places[1]], self.ends[start:stop] - places[0])
