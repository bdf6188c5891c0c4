"""Fields of several emitters that share what they remember: made strictly in the order of events."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.draft import DraftPart
from datagen.engine.rounds import Together
from datagen.plugin.dimension import Dimension, Rows
from datagen.records.types import plain

Asked = Callable[[DraftPart, Dimension], Rows]  # the rows of a part, for which a field is made
Make = Callable[[DraftPart, tuple[Dimension, ...], int], None]  # makes fields of a part, which begins at a record
Made = dict[str, dict[str, pa.Array]]  # values by emitter and name


def in_turn(one: Together, parts: Mapping[str, DraftPart], rows_of: Asked) -> Made | None:
    """Return the values of the fields of all parts, each made as it is its turn, which costs next to nothing.

    None where an emitter has several of them, or one that makes many values at once.
    """
    turns: dict[str, Iterator[Any]] = {}
    for name, part in parts.items():
        field = one.fields[name][0]
        rows = replace(rows_of(part, field), failed=part.failed).within(field.name)
        turn = None if len(one.fields[name]) > 1 else field.each_in_turn(rows)
        if turn is None:
            return None
        turns[name] = turn
    values: dict[str, list[Any]] = {name: [] for name in parts}
    for name, _ in _events(parts):
        values[name].append(next(turns[name]))
    fields = {name: one.fields[name][0] for name in parts}
    return {name: {fields[name].name: fields[name].as_made(made)} for name, made in values.items()}


def one_by_one(one: Together, parts: Mapping[str, DraftPart], make: Make) -> Made:
    """Return the values of the fields of all parts, made for one record after the other, which takes 0.1 ms each."""
    made: dict[str, dict[str, list[pa.Array]]] = {
        name: {field.name: [] for field in one.fields[name]} for name in parts
    }
    for name, place in _events(parts):
        piece = replace(parts[name].between(place, place + 1), failed={})
        make(piece, one.fields[name], place)
        for field, arrays in made[name].items():
            arrays.append(plain(piece.made[field]))
        if piece.failed:
            parts[name].failed[place] = next(iter(piece.failed.values()))
    return {name: {field: pa.concat_arrays(arrays) for field, arrays in own.items()} for name, own in made.items()}


def _events(parts: Mapping[str, DraftPart]) -> Iterator[tuple[str, int]]:
    """Yield the records of parts in the order of events, each by its emitter and its place there."""
    names = list(parts)
    rows: Integers = np.concatenate([part.rows for part in parts.values()])
    owners = np.repeat(np.arange(len(names)), [len(part.rows) for part in parts.values()])
    places = np.concatenate([np.arange(len(part.rows)) for part in parts.values()])
    order = np.argsort(rows, kind="stable")
    for owner, place in zip(owners[order].tolist(), places[order].tolist(), strict=True):
        yield names[owner], place
