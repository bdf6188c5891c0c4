"""The functions of numbers."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen import draw
from datagen.draw import Floats
from datagen.native import draws
from datagen.records.decimal import DIGITS, MOST, decimals, is_decimal, rounded_units, to_decimal, units_of
from datagen.records.expression import real
from datagen.records.expression.facets import LIST, NUMBER, TEXT, alike, as_numpy, floats, narrow
from datagen.records.expression.function import Argument, Function
from datagen.records.expression.sequence import least_item, most_item

_X = Argument("x", (NUMBER,))
_MOST_DIGITS = 15
_WRITTEN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CONTEXT = Context(prec=2000)  # of texts, which are read exactly


def rounded(values: pa.Array, digits: int) -> pa.Array:
    """Round to so many digits after the point, halves to even."""
    if pa.types.is_integer(values.type):
        return values
    if is_decimal(values.type):
        return to_decimal(values, min(digits, values.type.scale))
    numbers, there = as_numpy(values)
    made = numbers.copy()
    draws.round_off(made, 10.0**digits)
    return pa.array(made, mask=~there)


def _decimal(values: pa.Array, digits: int) -> pa.Array:
    """Return any numbers, or texts of them, as decimals with so many digits after the point."""
    return _read(values, digits) if pa.types.is_string(values.type) else to_decimal(values, digits)


def _read(texts: pa.Array, digits: int) -> pa.Array:
    """Read each different text, 1 µs for one; null where it says no number, or one of too many digits."""
    encoded = texts.dictionary_encode()
    units = [None if text is None else _units_in(text.strip(), digits) for text in encoded.dictionary.to_pylist()]
    there = np.array([one is not None for one in units], bool)
    return decimals(np.array([one or 0 for one in units], np.int64), digits, there).take(encoded.indices)


def _units_in(text: str, digits: int) -> int | None:
    if not _WRITTEN.fullmatch(text):
        return None
    found = int(Decimal(text).scaleb(digits, _CONTEXT).to_integral_value(ROUND_HALF_EVEN, _CONTEXT))
    return found if abs(found) <= MOST else None


def _whole(values: pa.Array, function: Any) -> pa.Array:
    """Return whole numbers; null where 64 bits do not hold one."""
    if pa.types.is_integer(values.type):
        return values
    if is_decimal(values.type):
        units, step = units_of(values), np.int64(10**values.type.scale)
        whole = {np.floor: units // step, np.ceil: -(-units // step)}.get(function)
        made = rounded_units(units, values.type.scale) if whole is None else whole
        return pa.array(made, mask=values.is_null().to_numpy(zero_copy_only=False))
    numbers, there = as_numpy(values)
    made = function(numbers)
    fits = (made >= -(2.0**63)) & (made < 2.0**63)
    return pa.array(np.where(fits, made, 0).astype(np.int64), mask=~(there & fits))


def _round(values: pa.Array, digits: int | None = None) -> pa.Array:
    return _whole(values, np.rint) if digits is None else rounded(values, digits)


def _absolute(values: pa.Array) -> pa.Array:
    if is_decimal(values.type):
        there = values.is_valid().to_numpy(zero_copy_only=False)
        return decimals(np.abs(units_of(values)), values.type.scale, there)
    numbers, there = as_numpy(values)
    made = np.abs(numbers)
    return pa.array(made, mask=~(there & (made >= 0)))  # of the least whole number there is none


def _real(made: Floats, there: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(made, mask=~(there & np.isfinite(made)))


def _floats(values: pa.Array) -> tuple[Floats, npt.NDArray[np.bool_]]:
    return as_numpy(floats(values))


def _exp(values: pa.Array) -> pa.Array:
    numbers, there = _floats(values)
    with np.errstate(all="ignore"):
        return _real(draw.exp(numbers), there)


def _log(values: pa.Array, base: float | None = None) -> pa.Array:
    numbers, there = _floats(values)
    numbers, there = np.where(numbers > 0, numbers, 1.0), there & (numbers > 0)
    made = real.logarithm(numbers)
    if base is not None:
        made = made / real.logarithm(np.array([float(base)]))
        near = np.rint(made)  # so that the logarithm of 1000 to the base of 10 is 3
        with np.errstate(all="ignore"):
            made = np.where(real.power(np.full(len(near), float(base)), near) == numbers, near, made)
    return _real(made, there)


def _power(values: pa.Array, exponents: pa.Array) -> pa.Array:
    (base, there), (exponent, there_too) = _floats(values), _floats(exponents)
    with np.errstate(all="ignore"):
        return _real(real.power(base, exponent), there & there_too)


def _root(values: pa.Array) -> pa.Array:
    numbers, there = _floats(values)
    return _real(np.sqrt(np.abs(numbers)), there & (numbers >= 0))


def _least(values: pa.Array, *others: pa.Array) -> pa.Array:
    return least_item(values) if pa.types.is_list(values.type) else _extreme(pc.min_element_wise, values, others)


def _most(values: pa.Array, *others: pa.Array) -> pa.Array:
    return most_item(values) if pa.types.is_list(values.type) else _extreme(pc.max_element_wise, values, others)


def _extreme(function: Any, values: pa.Array, others: tuple[pa.Array, ...]) -> pa.Array:
    for other in others:
        values = narrow(function(*alike(values, other), skip_nulls=False))
    return values


def _no_digits(value: Any) -> str | None:
    is_fine = isinstance(value, int) and 0 <= value <= _MOST_DIGITS
    return None if is_fine else f"digits must be a whole number from 0 to {_MOST_DIGITS}"


def _no_scale(value: Any) -> str | None:
    is_fine = isinstance(value, int) and 0 <= value <= DIGITS
    return None if is_fine else f"digits must be a whole number from 0 to {DIGITS}"


def _no_base(value: Any) -> str | None:
    return None if value > 0 and value != 1 else "a base must be above 0 and not 1"


_SEVERAL = (Argument("x", (NUMBER, LIST)), Argument("y", (NUMBER,), optional=True, repeated=True))

NUMBERS = (
    Function("abs", (_X,), NUMBER, _absolute, "The number without its sign.", "abs(-2.5)", 2.5),
    Function("ceil", (_X,), NUMBER, lambda x: _whole(x, np.ceil), "The next whole number above.", "ceil(2.1)", 3),
    Function(
        "decimal",
        (Argument("x", (NUMBER, TEXT)), Argument("digits", (NUMBER,), constant=True, refuse=_no_scale)),
        NUMBER,
        _decimal,
        "The exact decimal with so many digits after the point that is nearest to a number, or to what a text says; "
        "halves to even.",
        "decimal(price * 3, 2)",
        Decimal("7.50"),
    ),
    Function("exp", (_X,), NUMBER, _exp, "e to the power of x.", "exp(0.5)", 1.6487212707001282),
    Function("floor", (_X,), NUMBER, lambda x: _whole(x, np.floor), "The next whole number below.", "floor(-2.1)", -3),
    Function(
        "log",
        (_X, Argument("base", (NUMBER,), constant=True, optional=True, refuse=_no_base)),
        NUMBER,
        _log,
        "The logarithm, the natural one without a base; null of 0 and below.",
        "log(1000, 10)",
        3.0,
    ),
    Function(
        "max",
        _SEVERAL,
        NUMBER,
        _most,
        "The largest of several numbers, null if one is null; or the largest number in a list.",
        "max(3, 7.5, 5)",
        7.5,
    ),
    Function(
        "min",
        _SEVERAL,
        NUMBER,
        _least,
        "The smallest of several numbers, null if one is null; or the smallest number in a list.",
        "min(3, 7.5, 5)",
        3.0,
    ),
    Function("pow", (_X, Argument("y", (NUMBER,))), NUMBER, _power, "x to the power of y.", "pow(2, 10)", 1024.0),
    Function(
        "round",
        (_X, Argument("digits", (NUMBER,), constant=True, optional=True, refuse=_no_digits)),
        NUMBER,
        _round,
        "The nearest whole number, or the nearest number with so many digits after the point; halves to even.",
        "round(2.675, 1)",
        2.7,
    ),
    Function("sqrt", (_X,), NUMBER, _root, "The square root; null of what is below 0.", "sqrt(2)", 1.4142135623730951),
)
