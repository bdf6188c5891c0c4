"""Distributions some of whose numbers are expressions, so that each record has its own: for what fields draw."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import PlainValidator, TypeAdapter, ValidationError, ValidationInfo, WithJsonSchema

from datagen.draw import Floats, Integers, Marks
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Distribution, check_whole, number_keys
from datagen.plugin.foreign import unknown_key
from datagen.plugin.model import Maker, invalid, make_of_group, maker_of, without_comments
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


class Computed(dict[str, Expression]):
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

    @property
    def numbers(self) -> dict[str, Expression]:
        """Return all its numbers as expressions, by their keys and in the order of these."""
        fixed = {key: Expression(Literal(0, number)) for key, number in self.fixed.items() if key in self.known}
        return {key: (self | fixed)[key] for key in self.known if key in self or key in fixed}

    @property
    def known(self) -> Collection[str]:
        """Return the keys that hold a number."""
        return number_keys(self.kind)

    def whole_numbers(self) -> int:
        """Return how many different whole numbers it draws: 0, as that is not known."""
        return 0

    def places(self) -> int:
        """Return how many places there are for ``whole_at``: 0, as that is not known."""
        return 0

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
class Tabled:
    """A distribution of the numbers in a column of a table, by the weights of the table where it takes any."""

    table: str
    column: str
    takes_weights: bool
    make: Callable[..., Distribution]  # of the values, and weights

    def whole_numbers(self) -> int:
        """Return how many different whole numbers it draws: 0, as that is not known."""
        return 0

    def places(self) -> int:
        """Return how many places there are for ``whole_at``: 0, as that is not known."""
        return 0

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


def real(distribution: Given, rows: Rows) -> tuple[Floats, Marks | None]:
    """Draw real numbers (n,) for rows, and return where there are any; None is everywhere."""
    if isinstance(distribution, Distribution):
        return distribution.real(rows.keys, rows.key()), None
    made = np.zeros(len(rows))
    return made, distribution.drawn(rows, lambda one, some: one.real(some.keys, some.key()), made)


def whole(distribution: Given, rows: Rows) -> tuple[Integers, Marks | None]:
    """Draw whole numbers (n,) for rows, and return where there are any; None is everywhere."""
    if isinstance(distribution, Distribution):
        return distribution.whole(rows.keys, rows.key()), None
    made = np.zeros(len(rows), np.int64)
    return made, distribution.drawn(rows, lambda one, some: check_whole(one).whole(some.keys, some.key()), made)


def no_numbers(distribution: Given, layout: Layout) -> Iterator[tuple[Path_, str]]:
    """Yield the expressions in a distribution of a field that are no numbers, each with its path from the field."""
    if isinstance(distribution, Computed):
        for key, expression in distribution.items():
            if not expression.check(layout) and not expression.is_number(layout):
                yield ("distribution", key), "is no number"


class DrawsNumbers(Dimension):
    """A field generator whose ``distribution`` may have expressions for numbers, or those of a table."""

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        given = getattr(self, "distribution")  # noqa: B009  (each kind declares its own)
        if isinstance(given, Tabled):
            yield ("distribution", "table"), given.table, None
            yield ("distribution", "column"), given.table, given.column

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        yield from no_numbers(getattr(self, "distribution"), layout)  # noqa: B009  (each kind declares its own)


def _numbers(values: pa.Array) -> Floats:
    """Return numbers as floats, (n,), NaN where there is none."""
    found = facets_of(values).get(NUMBER)
    if found is None:
        return np.full(len(values), np.nan)
    made: Floats = floats(found).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return made


def _whole(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def described(whole: bool, value: Any, info: "ValidationInfo[Maker]") -> Given:
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
        return check_whole(made) if whole else made
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


NumberDistribution = Annotated[
    Given,
    PlainValidator(partial(described, False)),
    WithJsonSchema({"group": "number_distribution"}),
]
WholeNumberDistribution = Annotated[
    Given,
    PlainValidator(partial(described, True)),
    WithJsonSchema({"group": "number_distribution"}),
]
