"""Tables as templates see them."""

from collections.abc import Callable, Iterator, Mapping
from operator import methodcaller
from typing import Any

from datagen.problems import did_you_mean, show
from datagen.records.reference import Reference
from datagen.records.values import GivenList, GivenObject
from datagen.script.numbers import Numbers
from datagen.script.rand import Offered, by_weights, sums_of

_NONE: Any = object()


class TablesView(Offered):
    """The tables of a run, by name, as attributes too."""

    def __init__(self, tables: Mapping[str, Reference], numbers: Numbers, zone: str) -> None:
        self._tables, self._numbers, self._zone = tables, numbers, zone
        self._seen: dict[str, TableView] = {}

    def __getitem__(self, name: str) -> "TableView":
        if name not in self._seen:
            rows = self._tables[name].objects(self._zone)
            self._seen[name] = self._view(rows, list(self._tables[name].columns))
        return self._seen[name]

    def _view(self, rows: GivenList, columns: list[str]) -> "TableView":
        return TableView(rows, columns, self._numbers)

    def __getattr__(self, name: str) -> "TableView":
        if name.startswith("_") or name not in self._tables:
            raise AttributeError(name)
        return self[name]


class TableView(Offered):
    """Rows of a table: to count, to go through, to pick from."""

    def __init__(self, rows: GivenList, columns: list[str], numbers: Numbers) -> None:
        self._rows, self.columns, self._numbers = rows, GivenList(columns), numbers
        self._values: dict[str, GivenList] = {}
        self._sums: dict[str, list[float]] = {}  # of weights, by column
        self._found: dict[tuple[Any, ...], TableView] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[GivenObject]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return repr(self._rows)

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        """Return a row by its number, from 0 on, several by a slice, or all values of a column by its name."""
        if not isinstance(key, str):
            return self._rows[key]
        if key not in self._values:
            if key not in self.columns:
                raise ValueError(f"there is no column {show(key)}{did_you_mean(key, self.columns)}")
            self._values[key] = GivenList(map(self._reading(key), self._rows))
        return self._values[key]

    def _reading(self, column: str) -> Callable[[Any], Any]:
        """Return what reads a column of a row."""
        return methodcaller("get", column)

    def __getattr__(self, name: str) -> GivenList:
        if name.startswith("_") or name not in self.columns:
            raise AttributeError(name)
        values: GivenList = self[name]
        return values

    def pick(self, default: Any = _NONE) -> Any:
        """Return a row that is drawn, each as likely; the default, if one is given, where there is no row."""
        if not self._rows and default is not _NONE:
            return default
        return self._rows[self._numbers.below(self._size())]

    def pick_n(self, n: int) -> list[Any]:
        """Return so many rows that are drawn; each may come again."""
        size = self._size() if n > 0 else 0
        return [self._rows[bits * size >> 64] for bits in self._numbers.many(n)]

    def weighted_pick(self, weight: str, default: Any = _NONE) -> Any:
        """Return a row that is drawn by the weights in a column."""
        if not self._rows and default is not _NONE:
            return default
        [place] = by_weights(self._weights(weight), [self._numbers.bits()])
        return self._rows[place]

    def weighted_pick_n(self, weight: str, n: int) -> list[Any]:
        """Return so many rows that are drawn by the weights in a column."""
        sums = self._weights(weight) if n > 0 else []
        return [self._rows[place] for place in by_weights(sums, self._numbers.many(n))]

    def where(self, **equal: Any) -> "TableView":
        """Return the rows whose columns have some values; looked for once for the same values of a block of records."""
        key = tuple(equal.items())
        try:
            if key not in self._found:
                self._found[key] = self._where(equal)
            return self._found[key]
        except TypeError:  # a list or an object is no key
            return self._where(equal)

    def _where(self, equal: Mapping[str, Any]) -> "TableView":
        columns = [(self[name], value) for name, value in equal.items()]
        places = (place for place in range(len(self)) if all(values[place] == value for values, value in columns))
        return type(self)(GivenList(self._rows[place] for place in places), self.columns, self._numbers)

    def _weights(self, column: str) -> list[float]:
        if column not in self._sums:
            if None in self[column]:
                raise ValueError(f"row {self[column].index(None)} has no {column}, by which rows are picked")
            self._sums[column] = sums_of(self[column], self._size())
        return self._sums[column]

    def _size(self) -> int:
        if not self._rows:
            raise ValueError("no row is left to pick from")
        return len(self._rows)
