"""How rows are found by what they are to have: in groups of those that have the same in some columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers, text_number
from datagen.engine.code import Unprogrammable
from datagen.engine.fleet import INDEX, PART
from datagen.records.reference import Reference, places_among

PLACE, WHOLE, REAL = range(3)  # what the instructions of a part leave, as the core has it
_MOST_KEYS = 2**62


@dataclass(frozen=True)
class Part:
    """What a row is to have in a column, and how that is looked for."""

    column: str
    kind: int
    different: pa.Array  # the values of the column, ascending where they are looked for by arithmetic

    @cached_property
    def numbers(self) -> Integers:
        """Return these as numbers, real ones by their bits; none where instructions leave the place."""
        if self.kind == PLACE:
            return np.zeros(0, np.int64)
        if self.kind == REAL:
            return self.different.cast(pa.float64()).to_numpy(zero_copy_only=False).view(np.int64)
        values = self.different
        if pa.types.is_string(values.type):
            return np.array([text_number(text) for text in values.to_pylist()], np.int64)
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.timestamp("us", values.type.tz))
        values = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Index:
    """The rows of a table in groups, for those who ask for as many places and for the same columns."""

    units: int
    keys: Integers  # (groups,) what the rows of each have, as one number, ascending
    group: Integers  # (rows,) -1: none

    @classmethod
    def of(cls, table: Reference, parts: Sequence[Part], units: int) -> "Index":
        """Return the index of a table; raises Unprogrammable where columns have too many values."""
        key, is_known, most = np.zeros(table.size, np.int64), np.ones(table.size, bool), 1
        for part in parts:
            most *= max(len(part.different), 1)
            if most > _MOST_KEYS:
                raise Unprogrammable(
                    "looks for more combinations of values than can be told apart; match fewer columns"
                )
            places = places_among(table.columns[part.column], part.different)
            key, is_known = key * len(part.different) + places, is_known & (places >= 0)
        keys = np.unique(key[is_known])
        return cls(units, keys, np.where(is_known, np.searchsorted(keys, key), -1))

    @cached_property
    def order(self) -> Integers:
        """Return the rows that are in groups, group by group."""
        return np.argsort(self.group, kind="stable")[np.count_nonzero(self.group < 0) :]


def laid(indexes: Iterable[tuple[int, Index]]) -> dict[str, npt.NDArray[Any]]:
    """Return indexes as the core has them, each given with the number of the first of its rows among all."""
    groups = links = members = 0
    index, keys, found, begins, group = (
        [],
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.int64)],
        [],
        [np.zeros(0, np.int64)],
    )
    for first, one in indexes:
        index.append((one.units, groups, len(one.keys), groups, links))
        keys.append(one.keys)
        found.append(one.order + first)
        begins.append(members + np.searchsorted(one.group[one.order], np.arange(len(one.keys))))
        group.append(np.where(one.group < 0, -1, one.group + groups))
        groups, links, members = groups + len(one.keys), links + len(one.group), members + len(one.order)
    return {
        "index": np.array(index, INDEX),
        "keys": np.concatenate(keys),
        "members": np.concatenate(found).astype(np.int32),
        "begins": np.concatenate([*begins, [members]]).astype(np.int32),
        "group": np.concatenate(group).astype(np.int32),
    }


def laid_parts(parts: Sequence[Part], spans: npt.NDArray[np.int32]) -> dict[str, npt.NDArray[Any]]:
    """Return parts as the core has them, given where the instructions of each begin and end, (parts, 2)."""
    sizes = [len(part.numbers) for part in parts]
    values = np.cumsum([0, *sizes])[: len(parts)]
    made = [
        (begin, end, part.kind, len(part.different), at)
        for part, (begin, end), at in zip(parts, spans.tolist(), values.tolist(), strict=True)
    ]
    numbers = np.concatenate([np.zeros(0, np.int64), *(part.numbers for part in parts)])
    return {"part": np.array(made, PART), "numbers": np.ascontiguousarray(numbers, np.int64)}
