"""Columns as expressions calculate with them: as facets, one array for each value type (number, text, …).

A row is valid in at most one of the arrays; a row that is valid in none is null. Most columns have one value type; one
whose JSON types differ has several. Constants are Arrow scalars. Times are in microseconds. Knows nothing of how
expressions are written.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.moment import Moment, parse_moment
from datagen.records.conversion import as_type
from datagen.records.decimal import as_floats, is_decimal, narrowed, written
from datagen.records.text import as_milliseconds, offset_milliseconds, plain_text
from datagen.records.types import JSON_TEXT, is_optional, list_parts, null_mask, plain, plain_type, present

NUMBER, TEXT, BOOLEAN, TIME, LIST, OBJECT = "a number", "a text", "true or false", "a time", "a list", "an object"
MIXED = frozenset({NUMBER, TEXT, BOOLEAN, LIST, OBJECT})
COMPARABLE = (NUMBER, TEXT, BOOLEAN, TIME)
ORDERED = (NUMBER, TEXT, TIME)

Facets = dict[str, Any]  # value type: array or scalar
Constant = int | float | str | bool | Moment | None

_COMPARISONS = {
    "=": pc.equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_WIDEST = 38  # digits of a decimal128
_INTEGERS = range(-(2**63), 2**63)
_FIRST = parse_moment("0001-01-02T00:00:00").microseconds  # a day inside, so that they can be shown with any offset
_LAST = parse_moment("9999-12-30T23:59:59.999999").microseconds


def value_types_of(type_: pa.DataType) -> frozenset[str]:
    """Return the value types that a column of an Arrow type may have."""
    type_ = plain_type(type_)
    type_ = type_.field(0).type if is_optional(type_) else type_
    if type_ == JSON_TEXT:
        return MIXED
    for test, found in (
        (pa.types.is_boolean, BOOLEAN),
        (pa.types.is_integer, NUMBER),
        (pa.types.is_floating, NUMBER),
        (is_decimal, NUMBER),
        (pa.types.is_string, TEXT),
        (pa.types.is_timestamp, TIME),
        (pa.types.is_list, LIST),
    ):
        if test(type_):
            return frozenset({found})
    return frozenset() if pa.types.is_null(type_) else frozenset({OBJECT})


def facets_of(array: pa.Array) -> Facets:
    """Return the facets of a column.

    Its numbers are decimals where they are such, int64 when it has an integer type but uint64, else float64.
    """
    array = present(plain(array))
    if array.type == JSON_TEXT:
        return _of_json(array)
    for value_type in value_types_of(array.type):
        if value_type == NUMBER and is_decimal(array.type):
            return {NUMBER: array}
        if value_type == NUMBER:
            whole = pa.types.is_integer(array.type) and not pa.types.is_uint64(array.type)
            return {NUMBER: pc.cast(array, pa.int64() if whole else pa.float64(), safe=False)}
        return {value_type: pc.cast(array, pa.timestamp("us", array.type.tz)) if value_type == TIME else array}
    return {}


def _of_json(array: pa.Array) -> Facets:
    """Return the facets of JSON texts; about 2 µs for each different text."""
    encoded = array.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    values = [None if text is None else json.loads(text) for text in texts]
    made = {
        NUMBER: pa.array([_real(value) for value in values], pa.float64()),
        TEXT: pa.array([value if isinstance(value, str) else None for value in values], pa.string()),
        BOOLEAN: pa.array([value if isinstance(value, bool) else None for value in values], pa.bool_()),
        LIST: pa.array(
            [[_compact(item) for item in value] if isinstance(value, list) else None for value in values],
            pa.list_(pa.string()),
        ).cast(pa.list_(JSON_TEXT)),
        OBJECT: pa.array(
            [text if isinstance(value, dict) else None for text, value in zip(texts, values, strict=True)], JSON_TEXT
        ),
    }
    return {value_type: found.take(encoded.indices) for value_type, found in made.items()}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _real(value: Any) -> float | None:
    """Return a number as a float, infinite where no float is so large; None of what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def constant(value: Constant) -> Facets:
    """Return the facets of a constant."""
    match value:
        case None:
            return {}
        case bool():
            return {BOOLEAN: pa.scalar(value)}
        case int() if value in _INTEGERS:
            return {NUMBER: pa.scalar(value, pa.int64())}
        case int() | float():
            return {NUMBER: pa.scalar(_real(value), pa.float64())}
        case str():
            return {TEXT: pa.scalar(value, pa.string())}
    return {TIME: pa.scalar(value.microseconds, pa.timestamp("us", "UTC" if value.zone else None))}


def words_of(value_types: Iterable[str]) -> str:
    """Return the names of value types for a message."""
    return " or ".join(sorted(value_types))


def spread(value: Any, size: int) -> pa.Array:
    """Return a constant as a column (size,); a column as it is."""
    if not isinstance(value, pa.Scalar):
        return value
    return pa.repeat(value, size) if size else pa.nulls(0, value.type)


def is_valid(facets: Facets) -> Any:
    """Return where there is a value."""
    return either([pc.is_valid(values) for values in facets.values()])


def condition(facets: Facets) -> Any:
    """Return where the value is true; a value that is no boolean is not."""
    return pc.fill_null(facets[BOOLEAN], False) if BOOLEAN in facets else pa.scalar(False)


def chosen(where: Any, left: Facets, right: Facets) -> Facets:
    """Return one value where a condition holds, and another where it does not."""
    made = {}
    for value_type in dict.fromkeys((*left, *right)):
        pair = [side[value_type] for side in (left, right) if value_type in side]
        if len(pair) == 2:
            pair = list(_of_one_type(value_type, *pair))
        nothing = pa.scalar(None, pair[0].type)
        a = pair[0] if value_type in left else nothing
        b = pair[-1] if value_type in right else nothing
        made[value_type] = narrow(pc.if_else(where, a, b))
    return made


def first_of(found: Sequence[Facets]) -> Facets:
    """Return the first of several that is not null, row by row."""
    result: Facets = {}
    for facets in reversed(found):
        result = chosen(is_valid(facets), facets, result) if result else facets
    return result


def as_column(facets: Facets, size: int) -> pa.Array:
    """Return values as a column of records (size,): times in milliseconds; values of several types as JSON."""
    columns = [as_milliseconds(spread(values, size)) for values in facets.values()]
    if len(columns) < 2:
        return columns[0] if columns else pa.nulls(size)
    return pc.coalesce(*(as_type(column, JSON_TEXT) for column in columns))


def text_of(values: Any) -> Any:
    """Return the plain text of values, as in a cell; null stays null."""
    if pa.types.is_string(values.type):
        return values
    if isinstance(values, pa.Scalar):
        return text_of(pa.repeat(values, 1))[0]
    text = plain_text(as_milliseconds(values))
    return pc.if_else(values.is_valid(), text, None) if values.null_count else text


def in_years(microseconds: Integers) -> npt.NDArray[np.bool_]:
    """Return which times lie in the years 1 to 9999."""
    return (microseconds >= _FIRST) & (microseconds <= _LAST)


def either(found: Sequence[Any]) -> Any:
    """Return where at least one is true."""
    result = pa.scalar(False)
    for one in found:
        result = pc.or_(result, one)
    return result


def compared(operator: str, left: Facets, right: Facets) -> Any:
    """Compare row by row; false where either side is null. Values of different types are different, and not ordered."""
    if operator == "!=":
        there = pc.and_(is_valid(left), is_valid(right))
        return pc.and_(there, pc.invert(compared("=", left, right)))
    left, right = reading_times(left, right), reading_times(right, left)
    compare = _COMPARISONS[operator]
    found = []
    for value_type in COMPARABLE if operator == "=" else ORDERED:
        if value_type in left and value_type in right:
            found.append(pc.fill_null(compare(*alike(left[value_type], right[value_type])), False))
    return either(found)


def contained(facets: Facets, values: Sequence[Constant]) -> Any:
    """Return where the value is one of several constants."""
    found = []
    for value_type, column in facets.items():
        own = [reading_times(constant(value), facets).get(value_type) for value in values]
        own = [value for value in own if value is not None]
        if value_type not in COMPARABLE or not own:
            continue
        pairs = [alike(column, value) for value in own]
        for type_ in {values.type for values, _ in pairs}:  # whole and other numbers
            values_like = next(values for values, _ in pairs if values.type == type_)
            wanted = pa.array([value.as_py() for values, value in pairs if values.type == type_], type_)
            found.append(pc.is_in(_without_negative_zero(values_like), value_set=_without_negative_zero(wanted)))
    return either(found)


def has_item(lists: pa.Array, value: Constant) -> pa.Array:
    """Return which lists have a constant among their items."""
    offsets, items = list_parts(lists)
    hits = spread(compared("=", facets_of(items), constant(value)), len(items)).to_numpy(zero_copy_only=False)
    sums = np.concatenate([[0], np.cumsum(hits)])
    ends = offsets.to_numpy()
    return pc.and_(pa.array(sums[ends[1:]] > sums[ends[:-1]]), lists.is_valid())


def reading_times(facets: Facets, other: Facets) -> Facets:
    """Read an ISO 8601 constant as a time when the other side has times; without an offset it has that of these."""
    if TIME not in other:
        return facets
    zone = other[TIME].type.tz
    if isinstance(facets.get(TEXT), pa.Scalar):
        try:
            facets = constant(parse_moment(facets[TEXT].as_py()))
        except ValueError:
            return facets
    time = facets.get(TIME)
    if not isinstance(time, pa.Scalar):
        return facets
    shift = 1000 * offset_milliseconds(zone) if zone and time.type.tz is None else 0
    return {TIME: pa.scalar(time.cast(pa.int64()).as_py() - shift, pa.timestamp("us", zone))}


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return both sides as the same Arrow type: numbers as float64, times as microseconds since 1970.

    A decimal and what is exact beside it are decimals of up to 38 digits, for ``narrow``.
    """
    if left.type == right.type:
        return left, right
    if pa.types.is_timestamp(left.type):
        return pc.cast(left, pa.int64(), safe=False), pc.cast(right, pa.int64(), safe=False)
    exact = [exactly(side) for side in (left, right) if is_decimal(left.type) or is_decimal(right.type)]
    if not exact or any(side is None for side in exact):
        return floats(left), floats(right)
    type_ = pa.decimal128(_WIDEST, max(side.type.scale for side in exact))
    return pc.cast(exact[0], type_), pc.cast(exact[1], type_)


def exactly(numbers: Any) -> Any:
    """Return numbers as decimals; None for floats, but for a constant of few digits, which is what is written."""
    if is_decimal(numbers.type):
        return numbers
    if pa.types.is_integer(numbers.type):
        return pc.cast(numbers, pa.decimal128(_WIDEST, 0))
    value = written(numbers.as_py()) if isinstance(numbers, pa.Scalar) else None
    return None if value is None else pa.scalar(value, pa.decimal128(_WIDEST, -int(value.as_tuple().exponent)))


def floats(numbers: Any) -> Any:
    """Return numbers as float64."""
    if not is_decimal(numbers.type):
        return pc.cast(numbers, pa.float64(), safe=False)
    return as_floats(numbers) if isinstance(numbers, pa.Array) else floats(spread(numbers, 1))[0]


def narrow(values: Any) -> Any:
    """Return decimals of up to 38 digits as records have them, null where 18 do not hold one; all else as it is."""
    if not is_decimal(values.type):
        return values
    return narrowed(values) if isinstance(values, pa.Array) else narrowed(spread(values, 1))[0]


def _without_negative_zero(values: Any) -> Any:
    """Replace -0.0 by 0.0; a look-up by hash takes them for different."""
    return pc.add(values, 0.0) if pa.types.is_floating(values.type) else values


def _of_one_type(value_type: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Return both sides, of the same value type, as the same Arrow type, in which they keep their meaning."""
    if left.type == right.type:
        return left, right
    if value_type == NUMBER:
        return alike(left, right)
    if value_type == TIME:
        type_ = pa.timestamp("us", left.type.tz or right.type.tz)
        return left.cast(type_), right.cast(type_)
    return _as_json(left), _as_json(right)


def _as_json(values: Any) -> Any:
    """Return objects as JSON texts, and lists as lists of such."""
    if isinstance(values, pa.Scalar):
        return _as_json(spread(values, 1))[0]
    return _with_json_items(values) if pa.types.is_list(values.type) else as_type(values, JSON_TEXT)


def _with_json_items(lists: pa.Array) -> pa.Array:
    offsets, items = list_parts(lists)
    return pa.ListArray.from_arrays(offsets, as_type(items, JSON_TEXT), mask=null_mask(lists))


def as_numpy(values: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the values and where there are any; those of a scalar as arrays of one, decimals as floats."""
    values = spread(floats(values) if is_decimal(values.type) else values, 1)
    if not values.null_count:
        return values.to_numpy(zero_copy_only=False), np.ones(len(values), bool)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    return values.fill_null(0).to_numpy(zero_copy_only=False), there
