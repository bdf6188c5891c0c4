"""Values of any type in columns, as expressions calculate with them: one array for each kind of value.

A row is valid in at most one of the arrays; where it is in none it is null. Most columns have one kind; one whose JSON
types differ has several. Constants are Arrow scalars. Knows nothing of how expressions are written.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.moment import Moment, parse_moment
from datagen.records.text import offset_milliseconds
from datagen.records.types import JSON_TEXT, is_maybe, list_parts, plain, plain_type, present

NUMBER, TEXT, BOOLEAN, TIME, LIST, OBJECT = "a number", "a text", "true or false", "a time", "a list", "an object"
MIXED = frozenset({NUMBER, TEXT, BOOLEAN, LIST, OBJECT})
COMPARABLE = (NUMBER, TEXT, BOOLEAN, TIME)
ORDERED = (NUMBER, TEXT, TIME)

Facets = dict[str, Any]  # kind: array or scalar
Constant = int | float | str | bool | Moment | None

_COMPARISONS = {
    "=": pc.equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_INTEGERS = range(-(2**63), 2**63)


def kinds_of(kind: pa.DataType) -> frozenset[str]:
    """Give the kinds of the values that a column may have."""
    kind = plain_type(kind)
    kind = kind.field(0).type if is_maybe(kind) else kind
    if kind == JSON_TEXT:
        return MIXED
    for test, found in (
        (pa.types.is_boolean, BOOLEAN),
        (pa.types.is_integer, NUMBER),
        (pa.types.is_floating, NUMBER),
        (pa.types.is_string, TEXT),
        (pa.types.is_timestamp, TIME),
        (pa.types.is_list, LIST),
    ):
        if test(kind):
            return frozenset({found})
    return frozenset() if pa.types.is_null(kind) else frozenset({OBJECT})


def facets_of(array: pa.Array) -> Facets:
    """Sort the values of a column by kind: whole numbers are int64 (beyond it, and among other kinds, float64)."""
    array = present(plain(array))
    if array.type == JSON_TEXT:
        return _of_json(array)
    for kind in kinds_of(array.type):
        if kind == NUMBER:
            whole = pa.types.is_integer(array.type) and not pa.types.is_uint64(array.type)
            return {NUMBER: pc.cast(array, pa.int64() if whole else pa.float64(), safe=False)}
        return {kind: array}
    return {}


def _of_json(array: pa.Array) -> Facets:
    """Sort JSON texts by kind; about 2 µs for each different text."""
    encoded = array.dictionary_encode()
    values = [None if text is None else json.loads(text) for text in encoded.dictionary.to_pylist()]
    made = {
        NUMBER: pa.array([_real(value) for value in values], pa.float64()),
        TEXT: pa.array([value if isinstance(value, str) else None for value in values], pa.string()),
        BOOLEAN: pa.array([value if isinstance(value, bool) else None for value in values], pa.bool_()),
        LIST: pa.array(
            [[json.dumps(item) for item in value] if isinstance(value, list) else None for value in values],
            pa.list_(pa.string()),
        ).cast(pa.list_(JSON_TEXT)),
        OBJECT: pa.array([True if isinstance(value, dict) else None for value in values], pa.bool_()),
    }
    return {kind: found.take(encoded.indices) for kind, found in made.items()}


def _real(value: Any) -> float | None:
    """Give a number as a float; nothing of what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def constant(value: Constant) -> Facets:
    """Give the facets of a constant."""
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
    return {TIME: pa.scalar(value.milliseconds, pa.timestamp("ms", "UTC" if value.zone else None))}


def words_of(kinds: Iterable[str]) -> str:
    """Name kinds for a message."""
    return " or ".join(sorted(kinds))


def spread(value: Any, size: int) -> pa.Array:
    """Make a column of a constant."""
    return pa.repeat(value, size) if isinstance(value, pa.Scalar) else value


def is_valid(facets: Facets) -> Any:
    """Tell where there is a value."""
    return either([pc.is_valid(values) for values in facets.values()])


def condition(facets: Facets) -> Any:
    """Tell where the value is true; nothing else is."""
    return pc.fill_null(facets[BOOLEAN], False) if BOOLEAN in facets else pa.scalar(False)


def either(found: Sequence[Any]) -> Any:
    """Tell where at least one is true."""
    result = pa.scalar(False)
    for one in found:
        result = pc.or_(result, one)
    return result


def compared(operator: str, left: Facets, right: Facets) -> Any:
    """Compare row by row; false where either side is null. What is of different kinds is different, and not ordered."""
    if operator == "!=":
        there = pc.and_(is_valid(left), is_valid(right))
        return pc.and_(there, pc.invert(compared("=", left, right)))
    left, right = _reading_times(left, right), _reading_times(right, left)
    compare = _COMPARISONS[operator]
    found = []
    for kind in COMPARABLE if operator == "=" else ORDERED:
        if kind in left and kind in right:
            found.append(pc.fill_null(compare(*_alike(left[kind], right[kind])), False))
    return either(found)


def contained(facets: Facets, values: Sequence[Constant]) -> Any:
    """Tell where the value is one of several constants."""
    found = []
    for kind, column in facets.items():
        own = [_reading_times(constant(value), facets).get(kind) for value in values]
        own = [value for value in own if value is not None]
        if kind not in COMPARABLE or not own:
            continue
        pairs = [_alike(column, value) for value in own]
        for type_ in {values.type for values, _ in pairs}:  # whole and other numbers
            values_like = next(values for values, _ in pairs if values.type == type_)
            wanted = pa.array([value.as_py() for values, value in pairs if values.type == type_], type_)
            found.append(pc.is_in(_without_negative_zero(values_like), value_set=_without_negative_zero(wanted)))
    return either(found)


def has_item(lists: pa.Array, value: Constant) -> pa.Array:
    """Tell which lists have a constant among their items."""
    offsets, items = list_parts(lists)
    hits = spread(compared("=", facets_of(items), constant(value)), len(items)).to_numpy(zero_copy_only=False)
    sums = np.concatenate([[0], np.cumsum(hits)])
    ends = offsets.to_numpy()
    return pc.and_(pa.array(sums[ends[1:]] > sums[ends[:-1]]), lists.is_valid())


def calculated(operator: str, left: Facets, right: Facets) -> Facets:
    """Calculate with numbers; null where one is no number, where 64 bits do not hold the result, and of x / 0."""
    if NUMBER not in left or NUMBER not in right:
        return {}
    pair = _alike(left[NUMBER], right[NUMBER])
    if operator == "/":
        pair = tuple(pc.cast(side, pa.float64(), safe=False) for side in pair)
    (a, a_there), (b, b_there) = map(_as_numpy, pair)
    with np.errstate(all="ignore"):
        result, fine = _OPERATIONS[operator](a, b)
    there = a_there & b_there & fine & np.isfinite(result)
    return {NUMBER: pa.array(np.atleast_1d(result), mask=np.atleast_1d(~there))}


def _reading_times(facets: Facets, other: Facets) -> Facets:
    """Read a constant as the time that it is compared with: ISO 8601 text; without an offset, in that of the other."""
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
    shift = offset_milliseconds(zone) if zone and time.type.tz is None else 0
    return {TIME: pa.scalar(time.cast(pa.int64()).as_py() - shift, pa.timestamp("ms", zone))}


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Give both sides the same type: numbers that are not whole are float64, times milliseconds since 1970."""
    if left.type == right.type:
        return left, right
    kind = pa.int64() if pa.types.is_timestamp(left.type) else pa.float64()
    return pc.cast(left, kind, safe=False), pc.cast(right, kind, safe=False)


def _without_negative_zero(values: Any) -> Any:
    """Let 0.0 and -0.0, which are hashed apart, be the same."""
    return pc.add(values, 0.0) if pa.types.is_floating(values.type) else values


def _as_numpy(values: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    values = spread(values, 1)
    there = values.is_valid().to_numpy(zero_copy_only=False)
    return values.fill_null(0).to_numpy(zero_copy_only=False), there


Operation = Callable[[npt.NDArray[Any], npt.NDArray[Any]], tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]


def _sum(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
    result = a + b
    return result, (((a ^ result) & (b ^ result)) >= 0) if result.dtype == np.int64 else True


def _difference(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
    result = a - b
    return result, (((a ^ b) & (a ^ result)) >= 0) if result.dtype == np.int64 else True


def _product(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
    result = a * b
    if result.dtype != np.int64:
        return result, True
    near = np.abs(a.astype(np.float64) * b.astype(np.float64)) < 2.0**62  # far from the edge, where only exact will do
    divisor = np.where(a == 0, 1, a)
    back = (result // divisor == b) & (result % divisor == 0) & ~((a == -1) & (b == _INTEGERS[0]))
    return result, near | (a == 0) | back


def _quotient(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
    return a / np.where(b == 0, 1, b), b != 0


def _remainder(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Any]:
    divisor = np.where(b == 0, 1, b)
    return np.where(divisor == -1, 0, a % divisor) if a.dtype == np.int64 else a % divisor, b != 0


_OPERATIONS: dict[str, Operation] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "%": _remainder,
}
