"""Exact decimal numbers in columns: whole units of a power of ten, of which 18 digits fit, as Arrow's decimal128.

It knows how they are kept, and nothing of how they are calculated with.
"""

import decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers, Marks

DIGITS = 18
MOST = 10**DIGITS - 1  # units
_FEW = 9  # digits after the point of a constant that is taken as it is written
_SHORT = 15  # and of all of its digits: a float tells so many apart


def decimal_type(scale: int) -> pa.DataType:
    """Return the type of numbers with ``scale`` digits after the point, 0 to 18."""
    return pa.decimal128(DIGITS, scale)


def is_decimal(type_: pa.DataType) -> bool:
    """Return whether values of a type are exact decimals."""
    return bool(pa.types.is_decimal128(type_))


def decimals(units: Integers, scale: int, there: Marks | None = None) -> pa.Array:
    """Return numbers of so many units (n,) int64, at most ``MOST``, null where they are not ``there`` (n,)."""
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    words[:, 1] = words[:, 0] >> 63
    valid = None
    if there is not None and not there.all():
        valid = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(decimal_type(scale), len(units), [valid, pa.py_buffer(words)])


def units_of(array: pa.Array) -> Integers:
    """Return how many units numbers are, (n,) int64; of no matter where they are null."""
    return _words(array)[:, 0].copy()


def narrowed(array: pa.Array) -> pa.Array:
    """Return decimals of any number of digits as columns have them, null where 18 do not hold one."""
    if array.type.precision == DIGITS:
        return array
    words = _words(array)
    low, there = words[:, 0].copy(), array.is_valid().to_numpy(zero_copy_only=False)
    fits = (words[:, 1] == low >> 63) & (low <= MOST) & (low >= -MOST)
    return decimals(np.where(fits, low, 0), array.type.scale, there & fits)


def as_floats(array: pa.Array) -> pa.Array:
    """Return decimals as floats."""
    there = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(units_of(array) / 10.0**array.type.scale, mask=~there)


def octets_of(array: pa.Array) -> pa.Array:
    """Return the units of numbers in two's complement, the highest octet first, no more octets than they need."""
    units = units_of(array)
    sizes = np.ones(len(units), np.int64)
    for octets in range(1, 8):
        sizes += (units ^ (units >> 63)) >= 1 << (8 * octets - 1)
    digits = units.astype(">i8").view(np.uint8).reshape(-1, 8)
    data = digits[np.arange(8) >= 8 - sizes[:, None]]
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.Array.from_buffers(pa.binary(), len(units), [None, pa.py_buffer(ends), pa.py_buffer(data)])


def to_decimal(array: pa.Array, scale: int) -> pa.Array:
    """Return any numbers as the nearest decimals with so many digits after the point, halves to even.

    It is null where 18 digits do not hold one.
    """
    there = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(array.type):
        with np.errstate(all="ignore"):
            made = np.rint(array.fill_null(0).to_numpy(zero_copy_only=False) * 10.0**scale)
        there = there & (np.abs(made) < float(MOST))  # which is 10**18, as a float
        return decimals(np.where(there, made, 0.0).astype(np.int64), scale, there)
    known = array.type.scale if is_decimal(array.type) else 0
    whole = units_of(array) if is_decimal(array.type) else array.cast(pa.int64()).fill_null(0).to_numpy()
    units, fits = rescaled(whole, scale - known)
    there = there & fits & (units <= MOST) & (units >= -MOST)
    return decimals(np.where(there, units, 0), scale, there)


def rescaled(units: Integers, digits: int) -> tuple[Integers, Marks]:
    """Return units (n,) with so many digits more, or fewer, halves to even; and where 64 bits hold them."""
    if digits <= 0:
        return rounded_units(units, -digits), np.ones(len(units), bool)
    step = 10**digits
    most = (2**63 - 1) // step
    fits = (units <= most) & (units >= -most)  # the least of 64 bits has no absolute value in them
    return np.where(fits, units, 0) * step, fits


def rounded_units(units: Integers, digits: int) -> Integers:
    """Return units (n,) with so many digits fewer, the nearest, halves to even."""
    if not digits:
        return units
    step = np.int64(10**digits)
    whole, rest = np.divmod(units, step)
    return whole + ((2 * rest > step) | ((2 * rest == step) & (whole % 2 == 1)))


def written(value: Any) -> decimal.Decimal | None:
    """Return a constant as the decimal that it is written as; None of a float with many digits, and of other values."""
    if isinstance(value, decimal.Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = decimal.Decimal(repr(value))
    if not found.is_finite() or len(found.as_tuple().digits) > (_SHORT if isinstance(value, float) else DIGITS):
        return None
    found = found if found else decimal.Decimal(0)
    found = found.quantize(1) if found == found.to_integral_value() and abs(found) <= MOST else found
    return found if -_FEW <= int(found.as_tuple().exponent) <= 0 else None


def _words(array: pa.Array) -> npt.NDArray[np.int64]:
    """Return the two words of each number, (n, 2), the lower one first."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros((len(array), 2), np.int64)
    return np.frombuffer(buffer, np.int64, 2 * len(array), 16 * array.offset).reshape(-1, 2)
