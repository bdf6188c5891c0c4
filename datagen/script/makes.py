"""From what the code of users gives back to columns of a type that is known before the run."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import show
from datagen.records.conversion import as_type
from datagen.records.types import JSON_TEXT, plain

Makes = Literal["text", "integer", "number", "boolean", "time", "json"]
TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("ms", "UTC"),
    "json": JSON_TEXT,
}
_NAMES = {
    "text": "a text",
    "integer": "a whole number of 64 bits",
    "number": "a finite number",
    "boolean": "true or false",
    "time": "a time with its zone",
    "json": "a value of JSON",
}
_FITS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "number": lambda value: type(value) in (int, float, Decimal) and isfinite(value),
    "boolean": lambda value: type(value) is bool,
    "time": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
}


class Unfit(ValueError):
    """A value is not what it has to be; ``row`` is the first that has one, of those that are known."""

    def __init__(self, text: str, row: int = 0) -> None:
        super().__init__(text)
        self.row = row


def _raised(error: Unfit) -> None:
    raise error


def array_of(values: Sequence[Any], makes: Makes, unfit: Callable[[Unfit], None] = _raised) -> pa.Array:
    """Return values as a column; None is null. Each that does not fit is told, and null where that does not raise."""
    found = list(values)
    for row, value in enumerate(values):  # 0.1 µs a value; Arrow would take a text for a time, and true for 1
        try:
            if makes == "json":
                found[row] = json_of(value, row)
            elif value is not None and not _FITS[makes](value):
                raise Unfit(f"gave {shown(value)}, which is not {_NAMES[makes]}", row)
        except Unfit as error:
            unfit(error)
            found[row] = None
    match makes:
        case "json":
            return pa.array(found, pa.string()).cast(JSON_TEXT)
        case "number":
            return pa.array([None if value is None else float(value) for value in found], pa.float64())
        case "time":
            return _cut(pa.array(found, pa.timestamp("us", "UTC")))
    return pa.array(found, TYPES[makes])


def json_of(value: Any, row: int) -> str | None:
    """Return a value as compact JSON, None for null. Raises Unfit."""
    try:
        return None if value is None else json.dumps(value, **_COMPACT, default=_written)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unfit(f"gave {shown(value)}, which is not {_NAMES['json']}: {error}", row) from error


def column_of(made: Any, size: int, makes: Makes) -> pa.Array:
    """Return what a function gave for ``size`` rows at once as a column. Raises Unfit."""
    if isinstance(made, pa.ChunkedArray):
        made = made.combine_chunks()
    if not hasattr(made, "__len__"):
        raise Unfit(f"gave {shown(made)} in place of an array")
    if len(made) != size:
        raise Unfit(f"gave {len(made)} values for {size} records")
    if isinstance(made, list | tuple):
        return array_of(made, makes)
    try:
        array = plain(made if isinstance(made, pa.Array) else pa.array(made, from_pandas=True))  # NaN is null
        if pa.types.is_floating(array.type) and not pc.all(pc.is_finite(array), min_count=0).as_py():
            raise TypeError("some are infinite, or not a number")
        if makes == "time":
            return _cut(array)
        return as_type(array, JSON_TEXT) if makes == "json" else array.cast(TYPES[makes])
    except (pa.ArrowException, TypeError) as error:
        kind = made.type if isinstance(made, pa.Array) else getattr(made, "dtype", type(made).__name__)
        raise Unfit(f"gave an array of {kind}, which does not hold {_NAMES[makes]} each: {error}") from error


def _cut(times: pa.Array) -> pa.Array:
    """Return times as records have them, of whole milliseconds."""
    if not pa.types.is_timestamp(times.type) or times.type.tz is None:
        raise TypeError("a time has a zone here")
    return pc.floor_temporal(times.cast(pa.timestamp("us", "UTC")), unit="millisecond").cast(TYPES["time"])


def shown(value: Any) -> str:
    """Return a value for a message."""
    if isinstance(value, Decimal):
        return str(value)
    return show(value) if isinstance(value, str | int | float | bool | list | dict | None) else repr(value)[:60]


_COMPACT: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}


def _written(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):  # which no number of JSON's writer keeps
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in it")
