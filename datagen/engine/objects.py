"""Whole records as objects: from what a generator has made at each step to the columns of none, one or several records.

What is an object of columns already, as of a row or an object, stays so; of JSON each value is read by itself, which
takes some µs.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.engine.several import Several
from datagen.language.emitter import Emitter
from datagen.plugin.dimension import Dimension, Failed, Rows
from datagen.plugin.fallible import may_be_skipped
from datagen.problems import RunFailed, did_you_mean, show
from datagen.records.conversion import as_type
from datagen.records.types import JSON_TEXT, is_optional, optional, plain, plain_type, present

_WHOLE = 2**63  # of 64 bits
_NAMES = {
    "text": "a text",
    "integer": "a whole number of 64 bits",
    "number": "a finite number",
    "boolean": "true or false",
    "time": "a time, such as 2024-01-31T09:30:00Z",
}
_ABSENT: Any = object()

Described = Callable[[int], str]  # says of a step which record is made there


@dataclass(frozen=True)
class Shape:
    """The keys of the objects that are the records of an emitter."""

    types: Mapping[str, pa.DataType]  # of the columns, by key
    read: Mapping[str, str] | None = None  # of JSON that is read: what the values are; None: they are columns already
    is_told: bool = True  # whether the spec says them; else the first values do

    @classmethod
    def told(cls, columns: Mapping[str, str], time: pa.DataType, *, is_told: bool = True) -> "Shape":
        """Return the keys that columns have, by what the values of each are; ``time`` is the type of times."""
        arrow = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
        types = arrow | {"time": time, "json": JSON_TEXT}
        return cls({key: _optional(types[made]) for key, made in columns.items()}, columns, is_told)

    @classmethod
    def of_type(cls, type_: pa.DataType) -> "Shape | None":
        """Return the keys of the objects that a generator makes; None where only its values have them.

        Raises TypeError when they are no objects.
        """
        found = _item_type(type_)
        if pa.types.is_struct(found):
            return cls({field.name: plain_type(field.type) for field in found})
        if found != JSON_TEXT and not pa.types.is_null(found):
            raise TypeError(f"makes {found}, and a record is an object")
        return None if found == JSON_TEXT else cls({})


@dataclass(frozen=True)
class Objects:
    """Makes records of what a generator of objects has made."""

    shape: Shape

    def of(self, values: pa.Array, described: Described) -> Several:
        """Return the records of values of steps (k,): of a list one for each item, of null none.

        Steps of which one is no object of these keys have failed.
        """
        values = present(plain(values))
        if self.shape.read is not None:
            return self._of_json(as_type(values, JSON_TEXT).to_pylist(), self.shape.read, described)
        owner: Integers = np.arange(len(values))
        if pa.types.is_list(values.type):
            owner = np.repeat(owner, pc.list_value_length(values).fill_null(0).to_numpy())
            values = present(plain(pc.list_flatten(values)))
        is_there = values.is_valid()
        if is_there.true_count < len(values):
            owner, values = owner[is_there.to_numpy(zero_copy_only=False)], values.filter(is_there)
        return Several({key: values.field(place) for place, key in enumerate(self.shape.types)}, owner)

    def _of_json(self, texts: list[bytes | None], read: Mapping[str, str], described: Described) -> Several:
        failed: Failed = {}
        found: list[dict[str, Any]] = []
        owner: list[int] = []
        for row, text in enumerate(texts):  # 2 µs an object, and 0.3 µs a key
            try:
                own = [_fitting(item, read, self.shape) for item in items_of(text)]
            except ValueError as error:
                failed[row] = partial(_misfit, described, row, str(error))
                continue
            found += own
            owner += [row] * len(own)
        columns = {key: _column([one.get(key, _ABSENT) for one in found], self.shape.types[key]) for key in read}
        return Several(columns, np.array(owner, np.int64), failed)


def objects_of(objects: Objects, emitter: Emitter, source: Dimension, values: pa.Array, rows: Rows) -> Several:
    """Return the records that an emitter makes of the values of their generator, (k,) for rows (k,).

    Raises RunFailed when one is not what it must be, unless its generator leaves out what fails.
    """
    several = objects.of(values, lambda row: f"making {emitter.name}: {rows.described(row)}")
    if several.failed and not may_be_skipped(source):
        raise next(iter(several.failed.values()))()
    return several


def items_of(text: bytes | None) -> list[Any]:
    """Return the values that are records among what was made at a step: the items of a list, but null."""
    value = None if text is None else json.loads(text)
    return [item for item in (value if isinstance(value, list) else [value]) if item is not None]


def seen_columns(texts: Iterable[bytes | None]) -> dict[str, str]:
    """Return what the values under each key of objects are, as far as some values (n,) of JSON show."""
    found: dict[str, set[str]] = {}
    for item in (item for text in texts for item in items_of(text) if isinstance(item, dict)):
        for key, value in item.items():
            found.setdefault(key, set()).update(() if value is None else (_made(value),))
    return {key: _common(made) for key, made in found.items()}


def _made(value: Any) -> str:
    kinds = {str: "text", bool: "boolean", float: "number"}
    if type(value) is int:
        return "integer" if -_WHOLE <= value < _WHOLE else "json"
    return kinds.get(type(value), "json")


def _common(made: set[str]) -> str:
    if made == {"integer", "number"}:
        return "number"
    return made.pop() if len(made) == 1 else "json"


def _item_type(type_: pa.DataType) -> pa.DataType:
    """Return the plain type of what are records among values of a type: the items of lists."""
    type_ = plain_type(type_)
    type_ = type_.field(0).type if is_optional(type_) else type_
    if not pa.types.is_list(type_):
        return type_
    inner = type_.value_type
    return inner.field(0).type if is_optional(inner) else inner


def _optional(type_: pa.DataType) -> pa.DataType:
    return optional(pa.nulls(0, type_), np.zeros(0, bool)).type


def _fitting(item: Any, read: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    """Return an object with what becomes of its values in columns. Raises ValueError when it is none of these keys."""
    if not isinstance(item, dict):
        raise ValueError(f"made {show(item)}, and a record is an object")
    for key in item:
        if key not in read:
            known = '"columns" names' if shape.is_told else 'the first 1,000 values have; name all in "columns"'
            raise ValueError(f"made the key {show(key)}, which is none of those that {known}{did_you_mean(key, read)}")
    return {key: _fitted(key, value, read[key]) for key, value in item.items()}


def _fitted(key: str, value: Any, made: str) -> Any:
    if made == "json":
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if value is None:
        return None
    found = _made(value)
    if made == "time" and found == "text":
        return _moment(key, value)
    if made == "number" and found in ("integer", "number") and isfinite(value):
        return float(value)
    if made != found:
        raise ValueError(f"made {show(value)} under {show(key)}, which is not {_NAMES[made]}")
    return value


def _moment(key: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"made {show(text)} under {show(key)}, which is not {_NAMES['time']}") from None


def _column(values: list[Any], type_: pa.DataType) -> pa.Array:
    """Return values as a column, of which some keys may be missing."""
    inner, missing = type_.field(0).type, np.fromiter((value is _ABSENT for value in values), bool, len(values))
    there = [None if value is _ABSENT else value for value in values]
    if pa.types.is_timestamp(inner):
        there = [None if moment is None else _in_utc(moment) for moment in there]
        return optional(pa.array(there, pa.timestamp("us")).cast(pa.timestamp("ms"), safe=False).cast(inner), missing)
    return optional(pa.array(there, inner), missing)


def _in_utc(moment: datetime) -> datetime:
    """Return a time on the clock of UTC; one without an offset is taken for its."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _misfit(described: Described, row: int, text: str) -> RunFailed:
    return RunFailed(f"{described(row)}: {text}")


def first_values(arrays: Iterator[pa.Array], most: int) -> list[bytes | None]:
    """Return the first values among arrays of a generator, as JSON."""
    found: list[bytes | None] = []
    for array in arrays:
        found += as_type(present(plain(array)), JSON_TEXT).to_pylist()[: most - len(found)]
    return found
