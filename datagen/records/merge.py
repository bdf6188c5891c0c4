"""Batches put together: one after the other, in order of their times, or one into another."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.records.batch import Batch, Part
from datagen.records.types import once_coded, plain, plain_type


def merged(batches: list[Batch]) -> Batch:
    """Return the records in order of (due, emitted, worker, step); those equal in all four stay in the order given."""
    whole = joined(batches)
    keys = (whole.step, whole.worker, whole.emitted, whole.due)
    if _in_order(keys):
        return whole
    order = np.argsort(whole.due, kind="stable")  # a third of the time of the next line, and mostly enough
    return whole.take(order if _in_order([key[order] for key in keys]) else np.lexsort(keys))


def _in_order(keys: Sequence[Integers]) -> bool:
    """Return whether rows are in order of some keys, each (n,), of which the last counts most; 2 ns a row."""
    ordered = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys:
        ordered = (key[:-1] < key[1:]) | ((key[:-1] == key[1:]) & ordered)
    return bool(ordered.all())


def inserted(batch: Batch, positions: Integers, other: Batch) -> Batch:
    """Return a batch with the k records of another, each before the record at its position (k,); positions ascend.

    The two batches must have no emitter in common.
    """
    moved = np.arange(len(batch)) + np.searchsorted(positions, np.arange(len(batch)), "right")
    new = positions + np.arange(len(positions))
    return Batch(
        np.insert(batch.due, positions, other.due),
        np.insert(batch.worker, positions, other.worker),
        np.insert(batch.step, positions, other.step),
        np.insert(batch.key, positions, other.key),
        tuple(
            replace(part, rows=rows[part.rows])
            for rows, parts in ((moved, batch.parts), (new, other.parts))
            for part in parts
        ),
        np.insert(batch.emitted, positions, other.emitted),
    )


def joined(batches: list[Batch]) -> Batch:
    """Put batches one after the other, in the order given."""
    batches = [batch for batch in batches if len(batch)]
    if not batches:
        return Batch.empty()
    if len(batches) == 1:
        return batches[0]
    begins = np.cumsum([0, *map(len, batches)])
    found: dict[str, list[Part]] = {}
    for begin, batch in zip(begins, batches, strict=False):
        for part in batch.parts:
            found.setdefault(part.emitter, []).append(replace(part, rows=part.rows + begin))
    parts = []
    for pieces in found.values():
        rows = np.concatenate([part.rows for part in pieces])
        columns = {name: _concatenated([part.columns[name] for part in pieces]) for name in pieces[0].columns}
        places = None if pieces[0].places is None else np.concatenate([part.places for part in pieces])
        parts.append(replace(pieces[0], rows=rows, columns=columns, places=places))
    return Batch(
        np.concatenate([batch.due for batch in batches]),
        np.concatenate([batch.worker for batch in batches]),
        np.concatenate([batch.step for batch in batches]),
        np.concatenate([batch.key for batch in batches]),
        tuple(parts),
        np.concatenate([batch.emitted for batch in batches]),
    )


def _concatenated(arrays: list[pa.Array]) -> pa.Array:
    """Put arrays one after the other; where all have the same dictionary they keep it, and are written faster."""
    arrays = [once_coded(array) for array in arrays]
    type_ = arrays[0].type
    same = all(array.type == type_ for array in arrays)
    if same and type_ == plain_type(type_):
        return pa.concat_arrays(arrays)
    if same and pa.types.is_dictionary(type_):
        dictionary = arrays[0].dictionary
        if all(array.dictionary.equals(dictionary) for array in arrays):
            return pa.DictionaryArray.from_arrays(pa.concat_arrays([array.indices for array in arrays]), dictionary)
    return pa.concat_arrays([plain(array) for array in arrays])
