"""The operators ``+ - * / %`` on facets: of numbers, of times and seconds, and ``+`` of texts."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.decimal import DIGITS, MOST, decimals, is_decimal, rescaled, units_of
from datagen.records.expression.facets import (
    BOOLEAN,
    NUMBER,
    TEXT,
    TIME,
    Facets,
    alike,
    as_numpy,
    exactly,
    first_of,
    floats,
    in_years,
    reading_times,
    spread,
    text_of,
)

_JOINED = (NUMBER, BOOLEAN, TIME)  # what becomes text when it is added to one
_OF_TIMES = {("+", TIME, NUMBER): TIME, ("+", NUMBER, TIME): TIME, ("-", TIME, NUMBER): TIME, ("-", TIME, TIME): NUMBER}


def types_of(operator: str, left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """Return the value types that a result may have; none when there can't be one."""
    return frozenset(filter(None, (_type_of(operator, *pair) for pair in product(left, right))))


def _type_of(operator: str, left: str, right: str) -> str | None:
    if left == right == NUMBER:
        return NUMBER
    is_joined = operator == "+" and TEXT in (left, right) and {left, right} <= {TEXT, *_JOINED}
    return TEXT if is_joined else _OF_TIMES.get((operator, left, right))


def calculated(operator: str, left: Facets, right: Facets) -> Facets:
    """Calculate row by row; null where a side is null, divides by 0, or where a result has no place.

    Numbers have to fit into 64 bits, times into the years 1 to 9999.
    """
    found = []
    if NUMBER in left and NUMBER in right:
        found.append({NUMBER: _numbers(operator, left[NUMBER], right[NUMBER])})
    if operator in "+-" and TIME in left and NUMBER in right:
        found.append({TIME: _moved(left[TIME], right[NUMBER], 1 if operator == "+" else -1)})
    if operator == "+" and NUMBER in left and TIME in right:
        found.append({TIME: _moved(right[TIME], left[NUMBER], 1)})
    if operator == "-" and TIME in left and TIME in right:
        found.append({NUMBER: _seconds_between(left, right)})
    if operator == "+":
        found += [{TEXT: joined} for joined in _joined(left, right)]
    return first_of(found)


def _numbers(operator: str, left: Any, right: Any) -> Any:
    is_exact = is_decimal(left.type) or is_decimal(right.type)
    made = _exact(operator, left, right) if is_exact and operator != "/" else None
    if made is not None:
        return made
    pair = (floats(left), floats(right)) if is_exact or operator == "/" else alike(left, right)
    (a, a_there), (b, b_there) = map(as_numpy, pair)
    with np.errstate(all="ignore"):
        result, fine = _OPERATIONS[operator](a, b)
    return _column(result, a_there & b_there & fine & np.isfinite(result), left, right)


def _column(result: npt.NDArray[Any], there: npt.NDArray[np.bool_], *sides: Any) -> Any:
    """Return a result as an array, as a scalar when all that it was made of are scalars."""
    made = pa.array(np.atleast_1d(result), mask=None if there.all() else np.atleast_1d(~there))
    return made[0] if all(isinstance(side, pa.Scalar) for side in sides) else made


def _exact(operator: str, left: Any, right: Any) -> Any:
    """Calculate with decimals; None where a side is a float, or a product has more digits after the point than fit."""
    sides = [exactly(left), exactly(right)]
    if any(side is None for side in sides):
        return None
    scales = [side.type.scale for side in sides]
    scale = sum(scales) if operator == "*" else max(scales)
    if scale > DIGITS:
        return None
    a, b = (units_of(spread(side, 1)) for side in sides)
    there, there_too = (spread(side, 1).is_valid().to_numpy(zero_copy_only=False) for side in sides)
    if operator != "*":
        (a, fits), (b, fits_too) = rescaled(a, scale - scales[0]), rescaled(b, scale - scales[1])
        there, there_too = there & fits, there_too & fits_too
    result, fine = _OPERATIONS[operator](a, b)
    there = there & there_too & fine & (result <= MOST) & (result >= -MOST)
    made = decimals(np.where(there, result, 0), scale, there)
    return made[0] if all(isinstance(side, pa.Scalar) for side in (left, right)) else made


def _moved(times: Any, seconds: Any, sign: int) -> Any:
    """Return times, some seconds later or earlier."""
    at, there = as_numpy(pc.cast(times, pa.int64()))
    number, there_too = as_numpy(floats(seconds))
    with np.errstate(all="ignore"):
        span = np.rint(number * 1e6)
        is_near = np.abs(span) < 2.0**59  # more than all years
        result = at + sign * np.where(is_near, span, 0.0).astype(np.int64)
    return _column(result, there & there_too & is_near & in_years(result), times, seconds).cast(times.type)


def _seconds_between(left: Facets, right: Facets) -> Any:
    a, b = reading_times(left, right)[TIME], reading_times(right, left)[TIME]
    (late, there), (early, there_too) = (as_numpy(pc.cast(side, pa.int64())) for side in (a, b))
    return _column((late - early) / 1e6, there & there_too, a, b)


def _joined(left: Facets, right: Facets) -> list[Any]:
    """Return the joined texts of each pair of value types of which one is text."""
    pairs = [(TEXT, TEXT), *((TEXT, other) for other in _JOINED), *((other, TEXT) for other in _JOINED)]
    found = []
    for a, b in pairs:
        if a in left and b in right:
            sides = [text_of(left[a]), text_of(right[b])]
            size = max((len(side) for side in sides if isinstance(side, pa.Array)), default=None)
            if size is not None:
                sides = [spread(side, size) for side in sides]
            found.append(pc.binary_join_element_wise(*sides, ""))
    return found


Operation = Callable[[npt.NDArray[Any], npt.NDArray[Any]], tuple[npt.NDArray[Any], Any]]


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
    if near.all():
        return result, True
    divisor = np.where(a == 0, 1, a)
    back = (result // divisor == b) & (result % divisor == 0) & ~((a == -1) & (b == -(2**63)))
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
