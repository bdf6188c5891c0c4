"""Columns as the code of users sees them: plain values of Python, of which nobody can change those of others."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from datagen.problems import RunFailed
from datagen.records.expression.moment import zone_of
from datagen.records.types import JSON_TEXT, is_optional, list_parts, plain, plain_type
from datagen.zone import Zone

T = TypeVar("T", bound=type)


def _unchanging(changing: str) -> Callable[[T], T]:
    """Return what makes a kind of list or object refuse its methods that change it."""
    copied = "dict" if "update" in changing else "list"

    def refused(self: Any, *_: Any, **__: Any) -> Any:
        raise TypeError(f"it is read by others too, and can't be changed: change a copy, {copied}(it)")

    def applied(kind: T) -> T:
        for name in changing.split():
            setattr(kind, name, refused)
        return kind

    return applied


@_unchanging("append clear extend insert pop remove reverse sort __delitem__ __iadd__ __imul__ __setitem__")
class GivenList(list[Any]):
    """A list that somebody's code was given, and does not own."""

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy is the own of who makes it


@_unchanging("clear pop popitem setdefault update __delitem__ __ior__ __setitem__")
class GivenObject(dict[str, Any]):
    """An object that somebody's code was given, and does not own."""

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class GivenRow(tuple[Any, ...]):
    """A row of a table as a tuple, which knows the names of its values."""

    __slots__ = ()
    names: Mapping[str, int] = {}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "GivenRow":
        """Return a row of values by names."""
        return _kind_of_row(tuple(row))(row.values())

    def __getattr__(self, name: str) -> Any:
        if name not in self.names:
            raise AttributeError(name)
        return self[self.names[name]]

    def __reduce__(self) -> Any:
        return GivenRow.of, (dict(zip(self.names, self, strict=True)),)


@cache
def _kind_of_row(names: tuple[str, ...]) -> type[GivenRow]:
    places = {name: place for place, name in enumerate(names)}
    return type("GivenRow", (GivenRow,), {"names": places, "__slots__": ()})


def given(value: Any) -> Any:
    """Return a value of JSON as it is given away."""
    if isinstance(value, dict):
        return GivenObject({key: given(member) for key, member in value.items()})
    return GivenList(map(given, value)) if isinstance(value, list | tuple) else value


def all_kept(memories: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is remembered, by name path, ``as_kept``. Raises RunFailed when some of it has no form in it."""
    found = {}
    for path, values in memories.items():
        try:
            found[path] = as_kept(values)
        except (TypeError, RecursionError) as error:
            raise RunFailed(f"{path}: what is remembered can't be kept: {error}") from error
    return found


def as_kept(value: Any, seen: dict[int, int] | None = None) -> Any:
    """Return a value of Python as JSON that tells times, and what was given, from all else; for ``from_kept``.

    A list or object that is there again is one that was ``seen``, by number, so that it stays one. Raises TypeError
    when it has no form in it.
    """
    seen = {} if seen is None else seen
    if type(value) in (list, dict):
        if id(value) in seen:
            return {"again": seen[id(value)]}
        seen[id(value)] = len(seen)
    if isinstance(value, dict):
        kind = "given" if isinstance(value, GivenObject) else "object"
        return {kind: [[key, as_kept(one, seen)] for key, one in value.items()]}
    if isinstance(value, GivenRow):
        return {"row": [[name, as_kept(one, seen)] for name, one in zip(value.names, value, strict=True)]}
    if isinstance(value, list | tuple):
        kind = "givens" if isinstance(value, GivenList) else "list" if isinstance(value, list) else "tuple"
        return {kind: [as_kept(member, seen) for member in value]}
    if isinstance(value, datetime):
        zone = None if value.tzinfo is None else getattr(value.tzinfo, "key", value.tzinfo.tzname(None))
        return {"time": [value.isoformat(), zone, value.fold, hasattr(value.tzinfo, "key")]}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(type(value).__name__)
    return value


def from_kept(value: Any, made: list[Any] | None = None) -> Any:
    """Return the value that ``as_kept`` was given; ``made`` are the lists and objects so far that may change."""
    made = [] if made is None else made
    if not isinstance(value, dict):
        return value
    [(kind, members)] = value.items()
    match kind:
        case "again":
            return made[members]
        case "row":
            return GivenRow.of({key: from_kept(member, made) for key, member in members})
        case "given":
            return GivenObject({key: from_kept(member, made) for key, member in members})
        case "object":
            found: dict[str, Any] = {}
            made.append(found)
            found.update((key, from_kept(member, made)) for key, member in members)
            return found
        case "list":
            items: list[Any] = []
            made.append(items)
            items.extend(from_kept(member, made) for member in members)
            return items
        case "decimal":
            return Decimal(members)
        case "time":
            return _moment(*members)
        case _:
            return (GivenList if kind == "givens" else tuple)(from_kept(member, made) for member in members)


def _moment(text: str, zone: str | None, fold: int, is_known: bool) -> datetime:
    moment = datetime.fromisoformat(text)
    if is_known and zone is not None:
        return moment.replace(tzinfo=zone_of(zone).info, fold=fold)
    info = moment.tzinfo and timezone(moment.utcoffset() or timedelta(), zone or "")
    return moment.replace(tzinfo=info, fold=fold)


def python_values(array: pa.Array, zone: str, missing: Any = None) -> list[Any]:
    """Return the values of a column, (n,), ``missing`` where its key is.

    Times are aware, in a zone; those of a wall clock are taken for its. Exact decimals are ``Decimal``. It takes 10 to
    60 ns a number, a text or what comes of a dictionary, 0.25 µs a time.
    """
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return _decoded(array, zone, missing)
    if is_optional(type_):
        values = python_values(array.flatten()[0], zone)
        there = array.is_valid().to_pylist()
        return [value if is_there else missing for value, is_there in zip(values, there, strict=True)]
    if pa.types.is_timestamp(type_):
        return _times(array, zone_of(zone))
    if pa.types.is_struct(type_):
        return _with_nulls(array, _objects(array, zone))
    if pa.types.is_list(type_):
        offsets, items = list_parts(array)
        inside, ends = python_values(items, zone), offsets.to_pylist()
        return _with_nulls(array, (GivenList(inside[low:high]) for low, high in pairwise(ends)))
    if type_ == JSON_TEXT:
        encoded = array.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        return _picked([given(json.loads(text)) for text in texts], encoded.indices)
    return array.to_pylist()


def _decoded(array: pa.DictionaryArray, zone: str, missing: Any) -> list[Any]:
    if len(array.dictionary) > len(array):
        return python_values(plain(array), zone, missing)
    return _picked(python_values(array.dictionary, zone, missing), array.indices)


def _picked(values: list[Any], indices: pa.Array) -> list[Any]:
    """Return values by their indices (n,), null as None."""
    found = np.fromiter([*values, None], object, len(values) + 1)
    return found[indices.fill_null(len(values)).to_numpy()].tolist()


def _with_nulls(array: pa.Array, values: Iterable[Any]) -> list[Any]:
    if not array.null_count:
        return list(values)
    return [value if there else None for value, there in zip(values, array.is_valid().to_pylist(), strict=True)]


def _objects(array: pa.StructArray, zone: str) -> Iterable[GivenObject]:
    """Return objects without the keys that are missing."""
    nothing = object()
    names = [field.name for field in array.type]
    if not names:
        return (GivenObject() for _ in range(len(array)))
    columns = [python_values(column, zone, nothing) for column in array.flatten()]
    if any(is_optional(plain_type(field.type)) for field in array.type):
        return (
            GivenObject((name, value) for name, value in zip(names, row, strict=True) if value is not nothing)
            for row in zip(*columns, strict=True)
        )
    return (GivenObject(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _times(array: pa.Array, zone: Zone) -> list[datetime | None]:
    at = array.cast(pa.timestamp("us", array.type.tz)).cast(pa.int64()).fill_null(0).to_numpy()
    wall = at if array.type.tz is None else zone.local(at)
    shown: list[datetime] = wall.astype("M8[us]").astype(object).tolist()
    info = zone.info
    found: list[datetime | None] = [moment.replace(tzinfo=info) for moment in shown]
    if array.type.tz is not None:
        for row in np.flatnonzero(zone.instants(wall) != at).tolist():  # which the clock shows for the second time
            found[row] = shown[row].replace(tzinfo=info, fold=1)
    if array.null_count:
        for row in np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist():
            found[row] = None
    return found
