"""What can be broken about a value, by kind: which values it takes, and what it makes of them.

Works on values of one column, plain and none of them null; which records they are of, and what becomes of the column,
is the business of the stage ``corrupt``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, Keys, below, unit
from datagen.records.decimal import MOST, decimals, is_decimal, units_of
from datagen.records.text import json_text
from datagen.records.types import JSON_TEXT
from datagen.stages.letters import WAYS, Letters, cut, misread, mistyped

_CENTURY = 36_525 * 86_400  # seconds
_MOST = 1_000_000  # below this is a number in the place of a text
_MILLISECONDS = pa.timestamp("ms")

Bits = Callable[[str], Keys]  # draws 64 random bits for each value, for a purpose
Break = Callable[[pa.Array, Bits], pa.Array]


@dataclass(frozen=True)
class Breakage:
    """A kind of breakage."""

    takes: Callable[[pa.DataType], bool]  # whether it can be done to values of a plain type
    wanted: str  # what it takes, in words
    make: Break
    of_text: bool = False  # whether it leaves an empty text as it is


def is_text(type_: pa.DataType) -> bool:
    """Return whether values of a type are texts."""
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def is_scalar(type_: pa.DataType) -> bool:
    """Return whether values of a type are texts, numbers, booleans or times."""
    return is_text(type_) or _is_number(type_) or pa.types.is_boolean(type_) or pa.types.is_timestamp(type_)


def _is_number(type_: pa.DataType) -> bool:
    return is_decimal(type_) or pa.types.is_floating(type_) or (pa.types.is_integer(type_) and type_.bit_width > 16)


def _is_measure(type_: pa.DataType) -> bool:
    return _is_number(type_) or pa.types.is_timestamp(type_)


def _has_a_type(type_: pa.DataType) -> bool:
    return type_ != JSON_TEXT and not pa.types.is_null(type_)


def _truncated(texts: pa.Array, bits: Bits) -> pa.Array:
    return cut(texts, _places(texts, bits))


def _mistyped(texts: pa.Array, bits: Bits) -> pa.Array:
    return mistyped(texts, _places(texts, bits), below(bits("way"), WAYS).astype(np.int64))


def _misread(texts: pa.Array, bits: Bits) -> pa.Array:
    return misread(texts, _places(texts, bits))


def _places(texts: pa.Array, bits: Bits) -> Integers:
    """Return a place in each of some texts, none empty, counted in letters."""
    return (unit(bits("place")) * Letters.of(texts).sizes).astype(np.int64)


def _emptied(values: pa.Array, bits: Bits) -> pa.Array:
    return (
        pa.repeat(pa.scalar("", values.type), len(values))
        if is_text(values.type)
        else pa.nulls(len(values), values.type)
    )


def _of_another_type(values: pa.Array, bits: Bits) -> pa.Array:
    """Return JSON texts: a text becomes a number, a time the milliseconds since 1970, all else the text of its JSON."""
    if is_text(values.type):
        made = pa.array(below(bits("way"), _MOST).astype(np.int64))
    elif pa.types.is_timestamp(values.type):
        made = values.cast(pa.timestamp("ms", values.type.tz)).cast(pa.int64())
    else:
        made = json_text(values)
    return json_text(made).cast(JSON_TEXT)


def _beyond(values: pa.Array, bits: Bits) -> pa.Array:
    """Return numbers a thousand times as large, up or down, as far as the type holds them, and times a century away.

    Without a sign nothing goes down; what has no room to go up becomes a thousandth.
    """
    type_ = values.type
    up = (bits("way") & np.uint64(1)).astype(bool)
    if pa.types.is_timestamp(type_):
        century = _CENTURY * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[type_.unit]
        moved = values.cast(pa.int64()).to_numpy() + np.where(up, century, -century)
        return pa.array(moved).cast(type_)
    if is_decimal(type_):
        one = 10**type_.scale
        far = (np.minimum(np.abs(units_of(values)), MOST // 1000 - one) + one).clip(max=MOST // 1000) * 1000
        return decimals(np.where(up, far, -far), type_.scale)
    numbers = values.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(type_):
        return pa.array((np.abs(numbers) + 1) * np.where(up, 1000.0, -1000.0), type_)
    most = np.iinfo(numbers.dtype).max // 1000 - 1
    if pa.types.is_unsigned_integer(type_):
        return pa.array(np.where(numbers <= most, (numbers.clip(max=most) + 1) * 1000, numbers // 1000), type_)
    far = (np.abs(np.maximum(numbers, -most)).clip(max=most) + 1) * 1000
    return pa.array(np.where(up, far, -far), type_)


_TEXT = "a text"
BREAKAGES = {
    "truncate": Breakage(is_text, _TEXT, _truncated, of_text=True),
    "wrong_type": Breakage(_has_a_type, "a value of one type", _of_another_type),
    "out_of_range": Breakage(_is_measure, "a number or a time", _beyond),
    "encoding": Breakage(is_text, _TEXT, _misread, of_text=True),
    "typo": Breakage(is_text, _TEXT, _mistyped, of_text=True),
    "empty": Breakage(lambda type_: not pa.types.is_null(type_), "a value", _emptied, of_text=True),
}


def takes(breakage: Breakage, values: pa.Array) -> pa.Array:
    """Return which of some values (n,), plain ones, would be changed."""
    if not breakage.takes(values.type):
        return pa.repeat(False, len(values))
    valid = values.is_valid()
    if breakage.of_text and is_text(values.type):
        return pc.and_(valid, pc.greater(pc.binary_length(values).fill_null(0), 0))
    return pc.and_(valid, pc.is_finite(values).fill_null(False)) if pa.types.is_floating(values.type) else valid
