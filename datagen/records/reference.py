"""Reference data: the rows of a table in a run, with what finds those that have some values."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Floats, Integers, Weighted
from datagen.records.conversion import as_type
from datagen.records.decimal import as_floats, is_decimal, to_decimal, units_of
from datagen.records.expression.facets import NUMBER, alike, facets_of, value_types_of
from datagen.records.types import JSON_TEXT, plain, present
from datagen.records.values import GivenList, GivenObject, python_values


class Reference:
    """The rows of a table in a run."""

    def __init__(
        self,
        columns: Mapping[str, pa.Array],
        weights: Floats | None = None,
        shared: Mapping[str, pa.Array] = MappingProxyType({}),
    ) -> None:
        """Take columns of the same length, how often each row is drawn, and what workers share of them at the start.

        Without weights all are drawn equally often.
        """
        self.shared = shared
        self.columns = {name: present(column) for name, column in columns.items()}
        self.weights = weights
        self.size = len(next(iter(self.columns.values()))) if self.columns else 0
        self._fields = dict(columns)  # those of objects, in which a key may be missing
        self._groupings: dict[tuple[str, ...], Grouping] = {}
        self._made: dict[str, Any] = {}
        self._different: dict[str, Integers] = {}
        self._objects: dict[str, GivenList] = {}

    @cached_property
    def rows(self) -> pa.StructArray:
        """Return the rows as objects."""
        fields = [pa.field(name, column.type) for name, column in self._fields.items()]
        return pa.StructArray.from_arrays(list(self._fields.values()), fields=fields)

    @cached_property
    def by_weight(self) -> Weighted | None:
        """Return what draws a row by the weights; None when every row is drawn equally often."""
        return None if self.weights is None else Weighted(self.weights)

    def different(self, column: str) -> Integers:
        """Return the first rows (n,) with each of the values of a column, null left out."""
        if column not in self._different:
            codes = _comparable(self.columns[column]).dictionary_encode().indices
            rows = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
            self._different[column] = rows[np.unique(codes.drop_null().to_numpy(), return_index=True)[1]]
        return self._different[column]

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """Return what is made of the rows, once for each key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def objects(self, zone: str) -> GivenList:
        """Return the rows as the code of users sees them, with times in a zone."""
        if zone not in self._objects:
            columns = [python_values(column, zone) for column in self.columns.values()]
            self._objects[zone] = GivenList(
                GivenObject(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)
            )
        return self._objects[zone]

    def grouping(self, by: tuple[str, ...]) -> "Grouping":
        """Return the rows in groups that have the same values in some columns; without columns it is one group."""
        if by not in self._groupings:
            self._groupings[by] = Grouping([self.columns[name] for name in by], self.size, self.weights)
        return self._groupings[by]


def different_in(column: pa.Array) -> pa.Array:
    """Return the different values of a column, null left out."""
    return _comparable(column).drop_null().unique()


def places_among(values: pa.Array, different: pa.Array) -> Integers:
    """Return where values (n,) stand among different ones of a column, as rows are matched; -1: nowhere."""
    alike = _like(present(plain(values)), different.type)
    return _paired(np.zeros(len(values), np.int64), alike, different)


class Grouping:
    """The rows of a table in groups; those with a null in a column that groups them are in none."""

    def __init__(self, columns: Sequence[pa.Array], size: int, weights: Floats | None) -> None:
        self._levels: list[tuple[pa.Array, Integers]] = []  # different values of a column, and pairs with those before
        number = np.zeros(size, np.int64)
        for column in map(_comparable, columns):
            different = column.drop_null().unique()
            pairs = _paired(number, column, different)
            known = np.unique(pairs[pairs >= 0])
            self._levels.append((different, known))
            number = _found(pairs, known)
        self.order = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]  # rows, group by group
        counts = np.bincount(number[number >= 0])
        self.starts = np.concatenate([[0], np.cumsum(counts)])  # where in the order each group begins; the end
        # Of weights, up to each row of the order; None when every row is drawn equally often.
        self.sums = None if weights is None else np.concatenate([[0.0], np.cumsum(weights[self.order])])
        self._weights = None if weights is None else np.append(weights[self.order], 0.0)  # small ones are lost in sums
        self._filled = None if weights is None else np.concatenate([[0], np.cumsum(weights[self.order] > 0)])

    def of(self, values: Sequence[pa.Array], size: int) -> tuple[Integers, Integers]:
        """Return where in the order the groups with some values, (size,) each, begin, and how many rows they have."""
        number = np.zeros(size, np.int64)
        for (different, known), column in zip(self._levels, values, strict=True):
            number = _found(_paired(number, _like(present(plain(column)), different.type), different), known)
        number = np.where(number < 0, len(self.starts) - 1, number)
        ends = np.append(self.starts, self.starts[-1])
        return ends[number], ends[number + 1] - ends[number]

    def drawable(self, begins: Integers, counts: Integers) -> Integers:
        """Return how many rows there are in groups (n,), those without any weight left out."""
        if self._filled is None:
            return counts
        found: Integers = self._filled[begins + counts] - self._filled[begins]
        return found

    def place_at(self, index: Integers, begins: Integers, counts: Integers, taken: Integers) -> Integers:
        """Return the place of an index (n,) in each group among those that are not taken; the last one's if above."""
        at = begins + np.minimum(index, counts - taken.shape[1] - 1)
        for one in taken.T:
            at += at >= one
        return at

    def place_beside(self, u: Floats, begins: Integers, counts: Integers, taken: Integers) -> Integers:
        """Return a place in each group (n,) beside those that are taken, (n, k) ascending; ``u`` (n,) chooses."""
        if self.sums is None or self._weights is None:
            return self.place_at(np.floor(u * (counts - taken.shape[1])).astype(np.int64), begins, counts, taken)
        weights = self._weights
        low, high = self.sums[begins], self.sums[begins + counts]
        share = low + u * (high - low - weights[taken].sum(axis=1))
        for one in taken.T:
            share = share + np.where(share >= self.sums[one], weights[one], 0.0)
        at = np.clip(np.searchsorted(self.sums, share, side="right") - 1, begins, begins + counts - 1)
        while (wrong := (weights[at] == 0) | (at[:, None] == taken).any(axis=1)).any():  # by the last bit of a float
            at = np.where(wrong, begins + (at - begins + 1) % counts, at)
        return at


def _paired(number: Integers, column: pa.Array, different: pa.Array) -> Integers:
    """Return a number for each pair of a number (n,) and a value (n,); -1 where one of them is not known."""
    code = pc.index_in(column, value_set=different, skip_nulls=True)
    is_known = code.is_valid().to_numpy(zero_copy_only=False) & (number >= 0)
    return np.where(is_known, number * len(different) + code.fill_null(0).to_numpy(), -1)


def _found(pairs: Integers, known: Integers) -> Integers:
    """Return the places of numbers (n,) among known ones, which ascend; -1 for the others."""
    place = np.searchsorted(known, pairs)
    is_known = (place < len(known)) & (np.append(known, -1)[np.minimum(place, len(known))] == pairs) & (pairs >= 0)
    return np.where(is_known, place, -1)


def _like(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return values in a type, to be compared with others of it; what can't be equal to any is null."""
    if values.type == JSON_TEXT and type_ != JSON_TEXT:
        found = facets_of(values)
        values = next((found[one] for one in value_types_of(type_) if one in found), pa.nulls(len(values)))
    values = values if type_ == JSON_TEXT else _comparable(values)
    numbers = [value_types_of(one) == {NUMBER} for one in (values.type, type_)]
    if values.type == type_:
        return values
    if all(numbers) and (is_decimal(values.type) or is_decimal(type_)):
        made = _number_like(values, type_)
        return pc.if_else(pc.equal(*alike(made, values)), made, None)
    if all(numbers):
        whole = values.cast(type_, safe=False)
        return pc.if_else(pc.equal(whole.cast(pa.float64()), values.cast(pa.float64())), whole, None)
    if pa.types.is_timestamp(values.type) and pa.types.is_timestamp(type_):
        cut = values.cast(type_, safe=False)
        return pc.if_else(pc.equal(cut.cast(values.type), values), cut, None)
    return as_type(values, type_) if type_ == JSON_TEXT else pa.nulls(len(values), type_)


def _number_like(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return numbers as the nearest ones of a type, where they or these are decimals."""
    if is_decimal(type_):
        return to_decimal(values, type_.scale)
    if pa.types.is_floating(type_):
        return as_floats(values).cast(type_)
    whole = to_decimal(values, 0)
    return pa.array(units_of(whole), mask=whole.is_null().to_numpy(zero_copy_only=False)).cast(type_)


def _comparable(values: pa.Array) -> pa.Array:
    """Return values in a type that can be compared: objects and lists as JSON."""
    is_nested = pa.types.is_struct(values.type) or pa.types.is_list(values.type)
    return as_type(values, JSON_TEXT) if is_nested else values
