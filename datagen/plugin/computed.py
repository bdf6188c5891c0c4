"""Distributions some of whose numbers are expressions, so that each record has its own: for what fields draw."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import PlainValidator, TypeAdapter, ValidationError, ValidationInfo, WithJsonSchema

from datagen.draw import Codes, Floats, Integers, Marks
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import (
    MOST_ITEMS,
    Bounds,
    Distribution,
    Extent,
    check_length,
    check_whole,
    number_keys,
    pick,
)
from datagen.plugin.foreign import unknown_key
from datagen.plugin.model import Maker, inside, invalid, make_of_group, maker_of, without_comments
from datagen.plugin.namespace import namespace_of
from datagen.problems import Path_, RunFailed, show
from datagen.records.batch import Layout
from datagen.records.expression import Expression
from datagen.records.expression.facets import NUMBER, facets_of, floats
from datagen.records.expression.value import Literal
from datagen.records.reference import Reference

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WHOLE = 2.0**53  # up to here a float without a fraction is made a whole number
_MOST_KEPT = 1024  # distributions of one field; one with bounds takes some 3 ms to make


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


class Computed(dict[str, Expression], Unknown):
    """A distribution of a kind whose numbers, by their keys, are expressions, and its other keys."""

    def __init__(
        self,
        numbers: Mapping[str, Expression],
        fixed: Mapping[str, Any],
        make: Callable[..., Any],
        kind: type[Distribution],
    ) -> None:
        super().__init__(numbers)
        self.fixed, self._make, self.kind = dict(fixed), make, kind
        self._made = lru_cache(_MOST_KEPT)(self._of)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Computed):
            return False
        return (self.kind, dict(self), self.fixed) == (other.kind, dict(other), other.fixed)

    __hash__ = None  # type: ignore[assignment]

    @property
    def numbers(self) -> dict[str, Expression]:
        """Return all its numbers as expressions, by their keys and in the order of these."""
        fixed = {key: Expression(Literal(0, number)) for key, number in self.fixed.items() if key in self.known}
        return {key: (self | fixed)[key] for key in self.known if key in self or key in fixed}

    @property
    def known(self) -> Collection[str]:
        """Return the keys that hold a number."""
        return number_keys(self.kind)

    def drawn(self, rows: Rows, draws: Callable[[Distribution, Rows], Any], made: Any) -> Marks:
        """Fill ``made`` (n,) with what is drawn for rows, and return where there is something: no number was null.

        It is drawn once for each different distribution among the rows, which takes some 70 µs, and 3 ms more for a new
        one with bounds.
        """
        numbers = np.column_stack([_numbers(rows.calculate(expression)) for expression in self.values()])
        there = np.array(~np.isnan(numbers).any(axis=1))
        own = np.flatnonzero(there)
        different, which = np.unique(numbers[own], axis=0, return_inverse=True)
        order = np.argsort(which.reshape(-1), kind="stable")
        cuts = np.cumsum(np.bincount(which.reshape(-1), minlength=len(different)))[:-1]
        groups = np.split(own[order], cuts) if len(own) else []
        for number in np.argsort([group[0] for group in groups]).tolist():  # what is wrong first is told
            group = groups[number]
            made[group] = draws(self._distribution(different[number].tolist(), rows, int(group[0])), rows.at(group))
        return there

    def _distribution(self, numbers: list[float], rows: Rows, row: int) -> Distribution:
        """Return the distribution with these numbers, which are those of a row."""
        try:
            return self.of(dict(zip(self, numbers, strict=True)))
        except ValidationError as error:
            raise RunFailed(f"making {rows.path}: {told(error)}; {rows.described(row)}") from error

    def of(self, numbers: Mapping[str, float]) -> Distribution:
        """Return the distribution with numbers by their keys. Raises pydantic's ValidationError when they won't do."""
        return self._made(tuple((key, _whole(number)) for key, number in numbers.items()))

    def _of(self, numbers: tuple[tuple[str, float], ...]) -> Distribution:
        found: Distribution = self._make(self.fixed | dict(numbers))
        return found


def told(error: ValidationError) -> str:
    """Return what is wrong about the numbers of a distribution, in words."""
    line = error.errors()[0]
    return f"{'.'.join(map(str, line['loc'])) or 'distribution'}: {line['msg']}"


@dataclass(frozen=True)
class Tabled(Unknown):
    """A distribution of the numbers in a column of a table, by the weights of the table where it takes any."""

    table: str
    column: str
    takes_weights: bool
    make: Callable[..., Distribution]  # of the values, and weights

    def drawn(self, rows: Rows, draws: Callable[[Distribution, Rows], Any], made: Any) -> Marks:
        """Fill ``made`` (n,) with what is drawn for rows, and return where there is something: everywhere."""
        reference = rows.world.tables[self.table]
        made[:] = draws(reference.once(f"distribution of {self}", partial(self._of, reference)), rows)
        return np.ones(len(rows), bool)

    def _of(self, reference: Reference) -> Distribution:
        numbers = _numbers(reference.columns[self.column])
        there = ~np.isnan(numbers)
        if not there.any():
            raise RunFailed(f"drawing: table {self.table} has no number in its column {show(self.column)}")
        weights = reference.weights[there].tolist() if self.takes_weights and reference.weights is not None else None
        try:
            return self.make(numbers[there].tolist(), weights)
        except ValidationError as error:
            line = error.errors()[0]
            raise RunFailed(f"drawing from column {show(self.column)} of table {self.table}: {line['msg']}") from error


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


def integers(given: Given, rows: Rows, draws: Callable[[Distribution, Rows], Integers]) -> Drawn:
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
            for key, expression in given.items() if isinstance(given, Computed) else ():
                if not expression.check(layout) and not expression.is_number(layout):
                    yield (*path, key), "is no number"


def _numbers(values: pa.Array) -> Floats:
    """Return numbers as floats, (n,), NaN where there is none."""
    found = facets_of(values).get(NUMBER)
    if found is None:
        return np.full(len(values), np.nan)
    made: Floats = floats(found).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return made


def _whole(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def is_sound(distribution: Distribution) -> Distribution:
    """Return the distribution, as any will do."""
    return distribution


def _check_length(distribution: Distribution) -> Distribution:
    return check_length(check_whole(distribution))


def described(check: Callable[[Distribution], Distribution], value: Any, info: "ValidationInfo[Maker]") -> Given:
    """Return what JSON describes: a distribution, one with texts for numbers, or one of a column of a table."""
    if isinstance(value, Computed | Tabled):
        return value
    described = without_comments(value)
    kind = maker_of(info).kind_of("distribution", described) if isinstance(described, dict) else None
    if kind is not None and "table" in described and "values" in kind.model_fields:
        return _tabled(kind, described, info)
    known = number_keys(kind) if kind is not None else {}
    numbers = {key: number for key in known if (number := _written(described.get(key))) is not None}
    value = described = described | numbers if numbers else described
    texts = {key: text for key, text in described.items() if isinstance(text, str) and key in known} if known else {}
    if not texts:
        made: Distribution = make_of_group("distribution", value, info)
        return check(made)
    assert kind is not None, "a kind with keys"
    fixed = {key: part for key, part in described.items() if key not in texts}
    lines, read = list(_wrong(kind, fixed, texts, info)), {}
    for key, text in texts.items():
        try:
            read[key] = namespace_of(info).read(text)
        except ValueError as error:
            lines.append(((key,), str(error)))
    if lines:
        raise invalid(kind.kind, lines)
    return Computed(read, fixed, partial(maker_of(info).make, "distribution"), kind)


def _written(text: object) -> int | float | None:
    """Return the number that a text is, as one that stood for a placeholder; None where it is something else."""
    found: int | float | None = json.loads(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else None
    return found


def _tabled(kind: type[Distribution], described: dict[str, Any], info: "ValidationInfo[Maker]") -> Tabled:
    own = {"values", "weights", "quantiles"} & described.keys()
    lines: list[tuple[Path_, str]] = [
        ((key,), 'can\'t stand beside "table", which has the values') for key in sorted(own)
    ]
    for key in ("table", "column"):
        if not isinstance(described.get(key), str):
            lines.append(((key,), f"must be the name of a {key}, found {show(described.get(key))}"))
    fixed = {key: part for key, part in described.items() if key not in ("table", "column", *own)}
    lines += _wrong(kind, fixed, {"values": ""}, info)
    if lines:
        raise invalid(kind.kind, lines)
    make = maker_of(info).make

    def made(values: list[float], weights: list[float] | None) -> Distribution:
        weighed = {} if weights is None else {"weights": weights}
        return make("distribution", fixed | {"values": values} | weighed)

    table = namespace_of(info).meant("tables", described["table"])
    return Tabled(table, described["column"], "weights" in kind.model_fields, made)


def _wrong(
    kind: type[Distribution], fixed: Mapping[str, Any], texts: Mapping[str, str], info: Any
) -> Iterator[tuple[Path_, str]]:
    """Yield what is wrong about the keys of a distribution that are no expressions, as far as each tells by itself."""
    fields = kind.model_fields
    for key, part in fixed.items():
        if key != "type" and key not in fields:
            yield (key,), unknown_key(key, kind.known_keys())
        elif key != "type":
            try:
                own: Any = Annotated[fields[key].annotation, fields[key]]
                TypeAdapter(own).validate_python(part, strict=True, context=info.context)
            except ValidationError as error:
                yield from dict.fromkeys(kind._line({**line, "loc": (key, *line["loc"])}) for line in error.errors())
    for key, field in fields.items():
        if field.is_required() and key not in fixed and key not in texts:
            yield (), f'"{key}" is required'


_SCHEMA = WithJsonSchema({"group": "number_distribution"})
NumberDistribution = Annotated[Given, PlainValidator(partial(described, is_sound)), _SCHEMA]
MaybeNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, is_sound)), _SCHEMA]
WholeNumberDistribution = Annotated[Given, PlainValidator(partial(described, check_whole)), _SCHEMA]
MaybeWholeNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, check_whole)), _SCHEMA]
LengthNumberDistribution = Annotated[Given, PlainValidator(partial(described, _check_length)), _SCHEMA]
MaybeLengthNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, _check_length)), _SCHEMA]
