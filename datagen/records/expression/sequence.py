"""The functions of lists, and access to their items. Numbers in a list are added from the first to the last."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Floats, Integers, Marks
from datagen.records.decimal import MOST, decimals, is_decimal, units_of
from datagen.records.expression.facets import (
    LIST,
    NUMBER,
    TEXT,
    as_numpy,
    facets_of,
    first_of,
    spread,
    text_of,
)
from datagen.records.expression.function import Argument, Function
from datagen.records.types import list_parts, null_mask

_ITEMS = Argument("list", (LIST,))


def item_at(lists: pa.Array, places: pa.Array) -> pa.Array:
    """Return the item of each list at a place, counted from 0, or from -1 backwards; null where there is none."""
    offsets, items = list_parts(lists)
    begins, ends = offsets.to_numpy()[:-1], offsets.to_numpy()[1:]
    place, there = as_numpy(places)
    there = there & (place == np.rint(place)) & (np.abs(place) < 2**31)
    place = np.where(there, place, 0).astype(np.int64)
    at = np.where(place < 0, ends, begins) + place
    there = there & lists.is_valid().to_numpy(zero_copy_only=False) & (at >= begins) & (at < ends)
    return items.take(pa.array(at, mask=~there))


def least_item(lists: pa.Array) -> pa.Array:
    """Return the smallest number of each list."""
    return _extreme(lists, np.minimum)


def most_item(lists: pa.Array) -> pa.Array:
    """Return the largest number of each list."""
    return _extreme(lists, np.maximum)


def _of_items(lists: pa.Array, value_type: str) -> tuple[Integers, pa.Array]:
    """Return the items that have a value type and are not null, with the row of each."""
    offsets, items = list_parts(lists)
    rows = np.repeat(np.arange(len(lists)), np.diff(offsets.to_numpy()))
    found = facets_of(items).get(value_type)
    if found is None:
        return rows[:0], pa.array([], pa.int64() if value_type == NUMBER else pa.string())
    there = found.is_valid()
    return rows[there.to_numpy(zero_copy_only=False)], found.filter(there)


def _counts(rows: Integers, lists: pa.Array) -> Integers:
    return np.bincount(rows, minlength=len(lists))


def _count(lists: pa.Array) -> pa.Array:
    offsets, items = list_parts(lists)
    rows = np.repeat(np.arange(len(lists)), np.diff(offsets.to_numpy()))
    there = items.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(_counts(rows[there], lists), mask=_no_list(lists))


def _no_list(lists: pa.Array) -> Any:
    return lists.is_null().to_numpy(zero_copy_only=False)


def _sum(lists: pa.Array) -> pa.Array:
    rows, numbers = _of_items(lists, NUMBER)
    if numbers.type == pa.float64():
        made = _total(rows, numbers.to_numpy(), lists)
        return pa.array(made, mask=_no_list(lists) | ~np.isfinite(made))
    if is_decimal(numbers.type):
        units, fits = _whole_sums(rows, units_of(numbers), lists)
        there = fits & ~_no_list(lists) & (np.abs(units) <= MOST)
        return decimals(np.where(there, units, 0), numbers.type.scale, there)
    whole, fits = _whole_sums(rows, numbers.to_numpy(), lists)
    return pa.array(whole, mask=_no_list(lists) | ~fits)


def _whole_sums(rows: Integers, found: Integers, lists: pa.Array) -> tuple[Integers, Marks]:
    """Return the sum of the whole numbers of each row, and where 64 bits hold it."""
    high, low = np.zeros(len(lists), np.int64), np.zeros(len(lists), np.int64)  # in halves, of which no sum overflows
    np.add.at(high, rows, found >> 32)
    np.add.at(low, rows, found & 0xFFFFFFFF)
    high += low >> 32
    return (high << 32) + (low & 0xFFFFFFFF), (high >= -(2**31)) & (high < 2**31)


def _total(rows: Integers, numbers: Any, lists: pa.Array) -> Floats:
    """Return the sum of the numbers of each row, added one after the other."""
    return np.bincount(rows, weights=numbers, minlength=len(lists)).astype(np.float64)


def _average(lists: pa.Array) -> pa.Array:
    rows, numbers = _of_items(lists, NUMBER)
    counts = _counts(rows, lists)
    made = _total(rows, as_numpy(numbers)[0], lists) / np.maximum(counts, 1)
    return pa.array(made, mask=_no_list(lists) | (counts == 0) | ~np.isfinite(made))


def _extreme(lists: pa.Array, ufunc: np.ufunc) -> pa.Array:
    rows, numbers = _of_items(lists, NUMBER)
    is_exact = is_decimal(numbers.type)
    found, counts = units_of(numbers) if is_exact else numbers.to_numpy(), _counts(rows, lists)
    made = np.zeros(len(lists), found.dtype)
    if len(found):
        begins = (np.cumsum(counts) - counts)[counts > 0]
        made[counts > 0] = ufunc.reduceat(found, begins)
    if is_exact:
        return decimals(made, numbers.type.scale, ~_no_list(lists) & (counts > 0))
    return pa.array(made, mask=_no_list(lists) | (counts == 0))


def _joined(lists: pa.Array, separator: str) -> pa.Array:
    offsets, items = list_parts(lists)
    texts = first_of([{TEXT: text_of(values)} for kind, values in facets_of(items).items() if kind in _PLAIN])
    found = spread(texts[TEXT], len(items)) if texts else pa.nulls(len(items), pa.string())
    there = found.is_valid()
    sums = np.concatenate([[0], np.cumsum(there.to_numpy(zero_copy_only=False))])
    ends = pa.array(sums[offsets.to_numpy()].astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(ends, found.filter(there), mask=null_mask(lists)), separator)


_PLAIN = (TEXT, NUMBER, "true or false", "a time")

LISTS = (
    Function(
        "avg",
        (_ITEMS,),
        NUMBER,
        _average,
        "The mean of the numbers in a list; null when it has none.",
        "avg(items.price)",
        3.25,
    ),
    Function("count", (_ITEMS,), NUMBER, _count, "How many items are not null.", "count(tags)", 2),
    Function(
        "join",
        (_ITEMS, Argument("between", (TEXT,), constant=True)),
        TEXT,
        _joined,
        "The items as one text, without those that are null.",
        "join(tags, '+')",
        "new+red",
    ),
    Function(
        "sum", (_ITEMS,), NUMBER, _sum, "The sum of the numbers in a list, 0 when it is empty.", "sum(items.price)", 6.5
    ),
)
