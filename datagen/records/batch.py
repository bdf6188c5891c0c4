"""Batches of records, as they travel from the emitters to the targets, and layouts: what the records look like.

Values travel as Arrow arrays, by the conventions of ``datagen.records.types``. The values of a variable are mostly a
dictionary array; variables that are set together then share the very same indices.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, Keys
from datagen.records.lines import Lines
from datagen.records.note import Note, merged_by_name
from datagen.records.text import Pieces, json_pieces, written
from datagen.records.types import list_parts

TIME = "time"  # the column of the time of records
EMITTER = "emitter"  # what the name of the emitter is read by, where no column is called like this
MOST_ROWS = 131_072  # of a batch: with half as many a record takes 15 % longer, with twice as many 4 % less


@dataclass(frozen=True)
class Whole:
    """What is true of records that are whole texts."""

    column: str  # which has the texts
    is_json: bool = False  # whether each is JSON, on one line


@dataclass(frozen=True)
class Part:
    """The records of one emitter in a batch."""

    emitter: str
    rows: Integers  # (k,) ascending: which records of the batch these are
    columns: dict[str, pa.Array]  # each of k values; ``time`` is the first unless it is always missing
    hidden: frozenset[str] = frozenset()  # columns that can be read, but are not printed
    whole: Whole | None = None  # where the records are whole texts
    places: Integers | None = None  # (k,) among the texts of its step; None where each step has one record

    @property
    def text(self) -> pa.Array | None:
        """Return the whole texts of the records, (k,); None where they consist of columns."""
        return None if self.whole is None else self.columns[self.whole.column]

    def chosen(self, rows: Integers, columns: dict[str, pa.Array], which: Integers | slice) -> "Part":
        """Return some of the records, ``which`` of them, whose columns are these, at other rows."""
        return replace(self, rows=rows, columns=columns, places=None if self.places is None else self.places[which])

    @property
    def shown(self) -> dict[str, pa.Array]:
        """Return the columns that are printed."""
        if not self.hidden:
            return self.columns
        return {name: column for name, column in self.columns.items() if name not in self.hidden}

    @property
    def named(self) -> dict[str, pa.Array]:
        """Return the columns, and the name of the emitter of each record unless a column has its name."""
        return {EMITTER: pa.repeat(self.emitter, len(self.rows))} | self.columns


@dataclass(frozen=True)
class Batch:
    """Records in order of (time, worker, step), or of (due, time, worker, step) once some were held back."""

    due: Integers  # (n,) ns since the start, ascending: when the target gets them
    worker: Integers  # (n,)
    step: Integers  # (n,)
    key: Keys  # (n,) row keys, from which stages draw
    parts: tuple[Part, ...]
    emitted: Integers  # (n,) ns since the start: when they came to be; ``due`` itself as long as none is held back

    def __len__(self) -> int:
        return len(self.due)

    @classmethod
    def empty(cls) -> "Batch":
        """Return a batch without records."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, nothing.astype(np.uint64), (), nothing)

    def slice(self, start: int, stop: int) -> "Batch":
        """Return the records from ``start`` to before ``stop``, without a copy."""
        parts = []
        for part in self.parts:
            low, high = np.searchsorted(part.rows, (start, stop))
            if high > low:
                columns = {name: array.slice(low, high - low) for name, array in part.columns.items()}
                parts.append(part.chosen(part.rows[low:high] - start, columns, slice(low, high)))
        return _chosen(self, slice(start, stop), parts)

    def in_order(self, arrays: Sequence[pa.Array]) -> pa.Array:
        """Return what was made of the parts, one array of each, all of the same type, in the order of the records."""
        if len(arrays) == 1:
            return arrays[0]
        order = np.empty(len(self), np.int64)
        order[np.concatenate([part.rows for part in self.parts])] = np.arange(len(self))
        return pa.concat_arrays(arrays).take(pa.array(order))

    def take(self, rows: Integers) -> "Batch":
        """Return the records of some rows (m,), in their order; a row may come several times."""
        owner, index = np.empty(len(self), np.int32), np.empty(len(self), np.int64)
        for number, part in enumerate(self.parts):
            owner[part.rows] = number
            index[part.rows] = np.arange(len(part.rows))
        parts = []
        for number, part in enumerate(self.parts):
            chosen = np.flatnonzero(owner[rows] == number)
            if len(chosen):
                which = index[rows[chosen]]
                parts.append(part.chosen(chosen, _taken(part.columns, pa.array(which)), which))
        return _chosen(self, rows, parts)

    def of(self, emitters: frozenset[str]) -> "Batch":
        """Return the records of some emitters."""
        kept = [part.rows for part in self.parts if part.emitter in emitters]
        if len(kept) == len(self.parts):
            return self
        return self.take(np.sort(np.concatenate(kept))) if kept else Batch.empty()

    @cached_property
    def json(self) -> Lines:
        """Return the records as lines of compact JSON, or of whole texts, in their order; kept for whoever is next."""
        return written(((part.rows, _lines(part)) for part in self.parts), len(self)).lines()

    def numbers(self, part: Part) -> pa.Array:
        """Return the numbers of the steps of a part's records, with the place behind it of one that is not the first.

        They are texts, (k,).
        """
        steps = pa.array(self.step[part.rows]).cast(pa.string())
        if part.places is None or not part.places.any():
            return steps
        behind = pa.array(part.places, mask=part.places == 0).cast(pa.string())
        return pc.coalesce(pc.binary_join_element_wise(steps, behind, "-"), steps)

    @property
    def nbytes(self) -> int:
        """Return about how many bytes the records take once dictionary arrays are replaced by their values."""
        return sum(_spread_bytes(array) for part in self.parts for array in part.columns.values())


def _lines(part: Part) -> Pieces:
    return json_pieces(part.shown) if part.text is None else [part.text, "\n"]


def _chosen(batch: Batch, rows: Integers | slice, parts: list[Part]) -> Batch:
    due, emitted = batch.due[rows], batch.emitted[rows]
    return Batch(due, batch.worker[rows], batch.step[rows], batch.key[rows], tuple(parts), emitted)


def _taken(columns: dict[str, pa.Array], rows: pa.Array) -> dict[str, pa.Array]:
    """Return some rows of columns; columns that share their indices still do, and so are written together."""
    indices: dict[tuple[int, ...], pa.Array] = {}

    def take(array: pa.Array) -> pa.Array:
        if not pa.types.is_dictionary(array.type):
            return array.take(rows)
        address = (array.offset, *(0 if buffer is None else buffer.address for buffer in array.indices.buffers()))
        if address not in indices:
            indices[address] = array.indices.take(rows)
        return pa.DictionaryArray.from_arrays(indices[address], array.dictionary)

    return {name: take(array) for name, array in columns.items()}


def _spread_bytes(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        return _spread_bytes(array.dictionary) * len(array) // max(len(array.dictionary), 1)
    if pa.types.is_struct(array.type):
        return len(array) + sum(_spread_bytes(array.field(place)) for place in range(array.type.num_fields))
    if pa.types.is_list(array.type):
        return 4 * len(array) + _spread_bytes(list_parts(array)[1])
    return int(array.nbytes)


@dataclass(frozen=True)
class Layout:
    """What the records of a spec look like: for each emitter that can be reached, the Arrow type of every column."""

    emitters: dict[str, dict[str, pa.DataType]] = field(default_factory=dict)
    hidden: dict[str, frozenset[str]] = field(default_factory=dict)  # by emitter: columns that are not printed
    whole: dict[str, Whole] = field(default_factory=dict)  # of emitters whose records are whole texts
    notes: dict[str, dict[str, Note]] = field(default_factory=dict)  # by emitter: what is said about columns

    def shown(self) -> "Layout":
        """Return what is printed of the records."""
        if not any(self.hidden.values()):
            return self
        shown = {
            emitter: {name: type_ for name, type_ in columns.items() if name not in self.hidden.get(emitter, ())}
            for emitter, columns in self.emitters.items()
        }
        return replace(self, emitters=shown, hidden={})

    def called(self, names: Mapping[str, str]) -> "Layout":
        """Return the same with other names of emitters."""
        whole = self.emitters, self.hidden, self.whole, self.notes
        return Layout(*({names[name]: part for name, part in of.items()} for of in whole))  # type: ignore[arg-type]

    def of_columns(self) -> "Layout":
        """Return the emitters whose records consist of columns."""
        return replace(self, emitters={name: own for name, own in self.emitters.items() if name not in self.whole})

    def texts(self) -> dict[str, Whole]:
        """Return the emitters among these whose records are whole texts."""
        return {name: whole for name, whole in self.whole.items() if name in self.emitters}

    def named(self) -> "Layout":
        """Return the same with the name of the emitter, unless a column has its name."""
        emitters = {name: {EMITTER: pa.string()} | columns for name, columns in self.emitters.items()}
        return replace(self, emitters=emitters)

    def of(self, emitters: Collection[str]) -> "Layout":
        """Return what the records of some emitters look like."""
        return replace(self, emitters={name: own for name, own in self.emitters.items() if name in emitters})

    def names(self) -> list[str]:
        """Return the names of all columns, each once, in the order of their first appearance."""
        return list(dict.fromkeys(name for columns in self.emitters.values() for name in columns))

    def said(self) -> dict[str, Note]:
        """Return what is said about columns, in all emitters that have them."""
        return merged_by_name(self.notes[emitter] for emitter in self.emitters if emitter in self.notes)

    def types(self, name: str) -> list[pa.DataType]:
        """Return the type that a column has in each emitter that has it."""
        return [columns[name] for columns in self.emitters.values() if name in columns]
