"""Distributions some of whose numbers are expressions, so that each record has its own: for what fields draw."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from datagen.draw import Codes, Floats, Integers, Marks
from datagen.plugin.columnar import Columnar
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import MOST_ITEMS, Bounds, Distribution, Extent, check_whole, number_keys, pick
from datagen.plugin.model import Maker, Model, inside
from datagen.problems import Path_, RunFailed, path_text, show
from datagen.records.batch import Layout
from datagen.records.expression import Expression
from datagen.records.expression.facets import NUMBER, facets_of, floats
from datagen.records.expression.value import Literal
from datagen.records.reference import Reference

_WHOLE = 2.0**53  # up to here a float without a fraction is made a whole number
_MOST_KEPT = 1024  # distributions of one field; one with bounds takes some 3 ms to make


Draws = Callable[[Distribution | Columnar, Rows], Any]  # what is drawn for rows, (n,)


class Unknown:
    """A distribution of which little is known before the run."""

    def whole_numbers(self) -> int:
        """Return how many different whole numbers it draws: 0, as that is not known."""
        return 0

    def places(self) -> int:
        """Return how many places there are for ``whole_at``: 0, as that is not known."""
        return 0

    def bounds(self) -> Bounds:
        """Return two numbers that no draw is outside of: none that is known."""
        return Bounds(float("-inf"), float("inf"))

    def extent(self) -> Extent:
        """Return how large its draws are as lengths: that is seen when they are drawn."""
        return Extent(1, 1)


class Computed(dict[str, Any], Unknown):
    """What JSON says of a distribution, with expressions in place of some numbers, also in those that are inside."""

    def __init__(self, described: Mapping[str, Any], maker: Maker, kind: type[Distribution]) -> None:
        super().__init__(described)
        self._maker, self.kind = maker, kind
        self._made = lru_cache(_MOST_KEPT)(self._of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Computed) and (self.kind, dict(self)) == (other.kind, dict(other))

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def expressions(self) -> dict[Path_, Expression]:
        """Return its expressions, by their paths from here."""
        return dict(inside(self, Expression, Model))

    @property
    def numbers(self) -> dict[Path_, Expression]:
        """Return all its own numbers as expressions, in the order of their keys, and the expressions further inside."""
        own = {(key,): self[key] for key in number_keys(self.kind) if key in self}
        written = {path: Expression(Literal(0, number)) for path, number in own.items()}
        return {path: self.expressions.get(path, literal) for path, literal in written.items()} | self.expressions

    def misfits(self, layout: Layout) -> Iterator[tuple[Path_, str]]:
        """Yield which of its expressions, each by its path from here, can't be what they stand for, and why."""
        for path, expression in self.expressions.items():
            if not expression.check(layout) and not expression.is_number(layout):
                yield path, "is no number"

    def drawn(self, rows: Rows, draws: Draws, made: Any) -> Marks:
        """Fill ``made`` (n,) with what is drawn for rows, and return where there is something: no number was null.

        Kinds that can't draw in columns do it once for each different distribution among the rows, which takes 20 to
        70 µs, and 3 ms more for a new one with bounds.
        """
        columns = [numbers_in(rows.calculate(expression)) for expression in self.expressions.values()]
        return self.fill(columns, rows, draws, made)

    def fill(self, columns: Sequence[Floats], rows: Rows, draws: Draws, made: Any) -> Marks:
        """Fill ``made`` (n,) as ``drawn`` does, given what each expression is, (n,), NaN where that is null."""
        numbers = np.column_stack(columns)
        there = np.array(~np.isnan(numbers).any(axis=1))
        own = np.flatnonzero(there)
        own = own[~self._in_columns(numbers[own], rows.at(own), draws, made, own)]
        different, which = np.unique(numbers[own], axis=0, return_inverse=True)
        order = np.argsort(which.reshape(-1), kind="stable")
        cuts = np.cumsum(np.bincount(which.reshape(-1), minlength=len(different)))[:-1]
        groups = np.split(own[order], cuts) if len(own) else []
        for number in np.argsort([group[0] for group in groups]).tolist():  # what is wrong first is told
            group = groups[number]
            made[group] = draws(self._distribution(different[number].tolist(), rows, int(group[0])), rows.at(group))
        return there

    def _in_columns(self, numbers: Floats, rows: Rows, draws: Draws, made: Any, own: Integers) -> Marks:
        """Draw for rows, ``own`` of ``made``, in columns where that can be done, and return for which (n,) it is."""
        found = self._columnar(_filled(dict(self), (), dict(zip(self.expressions, numbers.T, strict=True))), len(rows))
        if found is None or not len(rows):
            return np.zeros(len(rows), bool)
        sound = found.sound()
        if sound.all():
            made[own] = draws(found, rows)
        else:
            chosen = np.flatnonzero(sound)
            made[own[chosen]] = draws(found.at(chosen), rows.at(chosen))
        return sound

    def _columnar(self, part: Any, size: int) -> Columnar | None:
        """Return what draws with columns for what JSON says; None where that can't be done."""
        if isinstance(part, Distribution):
            return Same(part, size)
        if "least" in part or "most" in part:
            return None
        kind = self._maker.kind_of("distribution", part)
        known = {key: part[key] for key in number_keys(kind) if key in part}
        columns = {key: np.broadcast_to(np.asarray(one, np.float64), size) for key, one in known.items()}
        made: Columnar | None = kind.in_columns({**part, **columns}, lambda one: self._columnar(one, size))
        return made

    def _distribution(self, numbers: list[float], rows: Rows, row: int) -> Distribution:
        """Return the distribution with these numbers, which are those of a row."""
        try:
            return self.of(dict(zip(self.expressions, numbers, strict=True)))
        except ValidationError as error:
            raise RunFailed(f"making {rows.path}: {self.told(error)}; {rows.described(row)}") from error

    def told(self, error: ValidationError) -> str:
        """Return what is wrong about its numbers, in words."""
        line = error.errors()[0]
        return f"{path_text(line['loc']) or 'distribution'}: {line['msg']}"

    def of(self, numbers: Mapping[Path_, float]) -> Distribution:
        """Return the distribution with numbers by their paths. Raises pydantic's ValidationError when they won't do."""
        return self._made(tuple((path, _whole(number)) for path, number in numbers.items()))

    def _of(self, numbers: tuple[tuple[Path_, float], ...]) -> Distribution:
        found: Distribution = self._maker.make("distribution", _filled(dict(self), (), dict(numbers)))
        return found


def _filled(part: Any, path: Path_, numbers: Mapping[Path_, float]) -> Any:
    """Return a part of what JSON says with numbers by their paths."""
    if path in numbers:
        return numbers[path]
    if isinstance(part, dict):
        return {key: _filled(member, (*path, key), numbers) for key, member in part.items()}
    if isinstance(part, list):
        return [_filled(member, (*path, place), numbers) for place, member in enumerate(part)]
    return part


@dataclass(frozen=True)
class Tabled(Unknown):
    """A distribution of the numbers in a column of a table, by the weights of the table where it takes any."""

    table: str
    column: str
    takes_weights: bool
    make: Callable[..., Distribution]  # of the values, and weights

    def drawn(self, rows: Rows, draws: Draws, made: Any) -> Marks:
        """Fill ``made`` (n,) with what is drawn for rows, and return where there is something: everywhere."""
        reference = rows.world.tables[self.table]
        made[:] = draws(reference.once(f"distribution of {self}", partial(self._of, reference)), rows)
        return np.ones(len(rows), bool)

    def _of(self, reference: Reference) -> Distribution:
        numbers = numbers_in(reference.columns[self.column])
        there = ~np.isnan(numbers)
        if not there.any():
            raise RunFailed(f"drawing: table {self.table} has no number in its column {show(self.column)}")
        weights = reference.weights[there].tolist() if self.takes_weights and reference.weights is not None else None
        try:
            return self.make(numbers[there].tolist(), weights)
        except ValidationError as error:
            line = error.errors()[0]
            raise RunFailed(f"drawing from column {show(self.column)} of table {self.table}: {line['msg']}") from error


@dataclass(frozen=True)
class Same(Columnar):
    """A distribution that is the same for all rows, among those that have columns of numbers."""

    distribution: Distribution
    size: int

    def __len__(self) -> int:
        return self.size

    def sound(self) -> Marks:
        return np.ones(self.size, bool)

    def at(self, rows: Integers) -> "Same":
        return Same(self.distribution, len(rows))

    def sample(self, u: Floats) -> Floats:
        return self.distribution.drawn(u)

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        return self.distribution.rounded(u, down=down)


Given = Distribution | Computed | Tabled
Drawn = tuple[Integers, Marks | None]  # numbers (n,), and where there are any; None is everywhere


def real(given: Given, rows: Rows, purpose: str = "value") -> tuple[Floats, Marks | None]:
    """Draw real numbers (n,) for rows, and return where there are any; None is everywhere."""
    if isinstance(given, Distribution):
        return given.real(rows.keys, rows.key(purpose)), None
    made = np.zeros(len(rows))
    return made, given.drawn(rows, lambda one, some: one.real(some.keys, some.key(purpose)), made)


def reals(given: Given, rows: Rows, purpose: str) -> Floats:
    """Draw real numbers (n,) for rows, NaN where there are none."""
    made, there = real(given, rows, purpose)
    return made if there is None else np.where(there, made, np.nan)


def whole(given: Given, rows: Rows) -> Drawn:
    """Draw whole numbers (n,) for rows, and return where there are any; None is everywhere."""
    return integers(given, rows, lambda one, some: check_whole(one).whole(some.keys, some.key()))


def lengths(given: Given, rows: Rows, purpose: str, most: float = MOST_ITEMS) -> Drawn:
    """Draw lengths (n,) for rows, 0 where there are none, and return where there are any; None is everywhere.

    Raises RunFailed when one that nobody could know of before is above ``most``.
    """
    made, there = integers(given, rows, lambda one, some: check_whole(one).length(some.keys, some.key(purpose)))
    if not isinstance(given, Distribution) and len(made) and made.max() > most:
        row = int(made.argmax())
        text = f"a length must not be above {int(most)}, and is {made[row]}"
        raise RunFailed(f"making {rows.path}: {text}; {rows.described(row)}")
    return made, there


def indices(given: Given, rows: Rows, purpose: str, size: int) -> Drawn:
    """Draw indices (n,) into a list of ``size`` items, and return where there are any; None is everywhere."""
    return integers(given, rows, lambda one, some: check_whole(one).index(some.keys, some.key(purpose), size))


def picked(picker: Given | None, rows: Rows, purpose: str, size: int) -> tuple[Codes, Marks | None]:
    """Return what ``pick`` does for rows, (n,), and where there is any; None is everywhere."""
    if picker is None or isinstance(picker, Distribution):
        return pick(picker, rows.keys, rows.key(purpose), size), None
    index, there = indices(picker, rows, purpose, size)
    return index.astype(np.int32), there


def integers(given: Given, rows: Rows, draws: Draws) -> Drawn:
    """Return what ``draws`` gives for a distribution and the rows that have it, and where there is any."""
    if isinstance(given, Distribution):
        return draws(given, rows), None
    made = np.zeros(len(rows), np.int64)
    return made, given.drawn(rows, draws, made)


class DrawsNumbers(Dimension):
    """A field generator whose distributions may have expressions for numbers, or those of a table."""

    @cached_property
    def _given(self) -> list[tuple[Path_, Computed | Tabled]]:
        return [*inside(self, Computed, Dimension), *inside(self, Tabled, Dimension)]

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        for path, given in self._given:
            if isinstance(given, Tabled):
                yield (*path, "table"), given.table, None
                yield (*path, "column"), given.table, given.column

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        for path, given in self._given:
            if isinstance(given, Computed):
                yield from (((*path, *inner), text) for inner, text in given.misfits(layout))


def numbers_in(values: pa.Array) -> Floats:
    """Return numbers as floats, (n,), NaN where there is none."""
    found = facets_of(values).get(NUMBER)
    if found is None:
        return np.full(len(values), np.nan)
    made: Floats = floats(found).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return made


def _whole(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number
