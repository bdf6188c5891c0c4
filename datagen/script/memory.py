"""What templates remember from one record to the next."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from datagen.problems import show
from datagen.records.values import GivenList, GivenObject, GivenRow
from datagen.script.rand import Offered

_PLAIN = (str, int, float, bool, type(None), datetime, Decimal)


class Memory(Offered):
    """Values by keys; what is not there is null. Its methods come before keys of the same names.

    It keeps copies, that nobody can change: two keys never share a list, as they would not after a stop either.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return self._values.get(key)

    def __getitem__(self, key: str) -> Any:
        return self._values.get(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default where there is none."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep a value. Raises ValueError when it is none that a snapshot could hold."""
        check_kept(key, value)
        self._values[key] = _kept(value)

    def update(self, values: Mapping[str, Any]) -> None:
        """Keep several values."""
        for key, value in values.items():
            self.set(key, value)

    def pop(self, key: str, default: Any = None) -> Any:
        """Forget a value, and return it."""
        return self._values.pop(key, default)

    def clear(self) -> None:
        """Forget all values."""
        self._values.clear()

    def as_dict(self) -> dict[str, Any]:
        """Return a copy of all values by their keys."""
        return dict(self._values)


def check_kept(key: str, value: Any) -> None:
    """Raise ValueError when a value is none that a snapshot could hold."""
    if not _can_be_kept(value):
        text = "only values of JSON, times and rows can be"
        raise ValueError(f"{show(key)} can't be remembered as {type(value).__name__}: {text}")


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _can_be_kept(member) for key, member in value.items())
    return all(map(_can_be_kept, value)) if isinstance(value, list | tuple) else isinstance(value, _PLAIN)


def _kept(value: Any) -> Any:
    """Return a copy that can't be changed."""
    if isinstance(value, GivenList | GivenObject | GivenRow):
        return value
    if isinstance(value, dict):
        return GivenObject({key: _kept(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return (GivenList if isinstance(value, list) else tuple)(map(_kept, value))
    return value
