"""The values of each field: how often which comes, in the records of one run and by theory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Floats
from datagen.plots.data.pilot import Pilot
from datagen.plugin.dimension import Dimension
from datagen.plugin.distribution import Distribution
from datagen.plugin.lookup import Lookup
from datagen.records.decimal import as_floats, is_decimal
from datagen.records.types import is_optional, present

_DRAWS = 65536  # that stand for a distribution
_BINS = 40
_FEW = 12  # different numbers that are shown one by one
_TOP = 10
_EXAMPLES = 3
_TAIL = 0.002


@dataclass(frozen=True)
class Values:
    """The values of a field; the lists are as long as each other."""

    emitter: str
    field: str  # with a point before a key of an object, and [] behind a list for its items
    kind: str | None  # of the dimension that makes them; None where several do
    form: str  # "numbers", "times" (seconds since 1970), "lengths" (of a list), "texts", or "different"
    records: int  # that could have it
    missing: int
    nulls: int
    expected_missing: float | None  # share of all; None where it depends on where workers go
    expected_nulls: float | None  # share of those that are not missing
    different: int  # values
    counted: list[int]
    expected: list[float] | None  # counts, by theory; None without one
    edges: list[float]  # of numbers: where bins begin, with the end of the last
    texts: list[str]  # of texts: the most frequent ones; of different ones: some examples
    outside: int = 0  # values that are in no bin, or are none of the texts


def values(pilot: Pilot) -> list[Values]:
    """Return the values of all fields of all emitters, in the order of the spec."""
    made = []
    for emitter in pilot.population.emitters:
        shown = pilot.population.shown[emitter.name]
        columns = pilot.records.get(shown, {})
        dimensions = {dimension.name: dimension for dimension in emitter.fields}
        for name, array in columns.items():
            if name != "time":
                made += list(_Field(pilot, shown, name, dimensions.get(name)).values(array))
    return made


@dataclass(frozen=True)
class _Field:
    """A field, and the dimension that makes it where there is one."""

    pilot: Pilot
    emitter: str
    name: str
    dimension: Dimension | None

    def values(self, array: pa.Array) -> Iterator[Values]:
        """Yield what there is to show of a column, and of what is inside."""
        field = replace(self, dimension=self._maker())
        missing = int(array.null_count) if is_optional(array.type) else 0
        array = present(array)
        nulls = int(array.null_count) - missing
        shares = field._absences()
        base = Values(
            self.emitter, self.name, None if field.dimension is None else field.dimension.kind, "different", len(array),
            missing, nulls, *shares, different=0, counted=[], expected=None, edges=[], texts=[],
        )  # fmt: skip
        array = array.drop_null()
        if pa.types.is_struct(array.type):
            yield from field._inside(base, array)
        elif pa.types.is_list(array.type):
            yield from field._items(base, array)
        else:
            yield field._leaf(base, array)

    def _maker(self) -> Dimension | None:
        """Return the dimension that makes the values, of a variable the only one that sets it."""
        dimension, seen = self.dimension, 0
        while dimension is not None and dimension.kind == "variable":
            setters = self.pilot.plan.setters.get(dimension.reads()[0], [])
            seen += 1
            is_sure = len(setters) == 1 and seen <= len(self.pilot.plan.setters)
            dimension = setters[0].dimension if is_sure and isinstance(setters[0].dimension, Dimension) else None
        return dimension

    def _absences(self) -> tuple[float | None, float | None]:
        if self.dimension is None or (self._outer and self._outer.kind == "variable"):
            return None, None
        missing = None if self.dimension.when is not None else self.dimension.percent_missing / 100
        if isinstance(self.dimension, Lookup) or next(self.dimension.all_names(), None) is not None:
            return missing, None  # it may be null because of what it reads or looks up
        nulls = self.dimension.percent_nulls / 100
        own = (_weights(self.dimension) or {}).get(None, 0.0)
        return missing, nulls + (1 - nulls) * own

    @property
    def _outer(self) -> Dimension | None:
        population = self.pilot.population
        emitters = {population.shown[emitter.name]: emitter for emitter in population.emitters}
        return next((each for each in emitters[self.emitter].fields if each.name == self.name), None)

    def _inside(self, base: Values, array: pa.Array) -> Iterator[Values]:
        if base.missing or base.nulls:
            yield replace(base, different=len(array))
        pooled = getattr(self.dimension, "cardinality", 0)
        nested = {} if self.dimension is None or pooled else {each.name: each for _, each in self.dimension.nested()}
        for number, column in enumerate(array.flatten()):
            name = array.type.field(number).name
            yield from replace(self, name=f"{self.name}.{name}", dimension=nested.get(name)).values(column)

    def _items(self, base: Values, array: pa.Array) -> Iterator[Values]:
        lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False).astype(np.float64)
        drawn = None
        pooled = getattr(self.dimension, "cardinality", 0)
        nested = [] if self.dimension is None else [each for _, each in self.dimension.nested()]
        wanted = getattr(self.dimension, "length_distribution", None)
        if isinstance(wanted, Distribution) and not pooled and not any(each.percent_missing for each in nested):
            drawn = np.maximum(_whole(wanted, down=True), 0)
        yield replace(_binned(base, lengths, drawn, 1.0), form="lengths")
        own = nested[0] if len(nested) == 1 and not pooled else None
        yield from replace(self, name=f"{self.name}[]", dimension=own).values(array.flatten())

    def _leaf(self, base: Values, array: pa.Array) -> Values:
        type_ = array.type
        drawn = None if self.dimension is None else _drawn(self.dimension)
        kind = base.kind
        if pa.types.is_timestamp(type_):
            seconds = array.cast(pa.int64()).to_numpy(zero_copy_only=False) / 1000
            return replace(_binned(base, seconds, None if drawn is None else drawn / 1000, None), form="times")
        if is_decimal(type_):
            array, digits = as_floats(array), type_.scale
        else:
            digits = getattr(self.dimension, "precision", None)
        is_number = is_decimal(type_) or pa.types.is_integer(type_) or pa.types.is_floating(type_)
        many = _FEW if drawn is None else 1
        if is_number and kind not in ("enum", "counter") and len(array.unique()) > many:
            numbers = array.to_numpy(zero_copy_only=False).astype(np.float64)
            unit = 1.0 if pa.types.is_integer(type_) else None if digits is None else 10.0**-digits
            return _binned(base, numbers, drawn, unit)
        return self._listed(base, array)

    def _listed(self, base: Values, array: pa.Array) -> Values:
        """Return the most frequent values, or some of them where nearly all are different."""
        counts = pc.value_counts(array)
        order = np.argsort(-counts.field("counts").to_numpy(), kind="stable")
        found = [
            (_text(counts.field("values")[int(i)].as_py()), counts.field("counts")[int(i)].as_py())
            for i in order[:_TOP]
        ]
        different = len(order)
        if base.kind == "counter" or different > max(len(array) / 2, _FEW):
            return replace(
                base, different=different, texts=[_text(array[i].as_py()) for i in range(min(len(array), _EXAMPLES))]
            )
        counted = [count for _, count in found]
        shares = None if self.dimension is None else _shares(self.dimension)
        return replace(
            base,
            form="texts",
            different=different,
            texts=[text for text, _ in found],
            counted=counted,
            expected=None if shares is None else [shares.get(text, 0.0) * len(array) for text, _ in found],
            outside=len(array) - sum(counted),
        )


def _binned(base: Values, numbers: Floats, drawn: Floats | None, unit: float | None) -> Values:
    """Return a histogram; ``drawn`` numbers stand for the theory, ``unit`` is what numbers are multiples of."""
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return replace(base, form="numbers")
    low, high = _range(numbers)
    edges = _edges(low, high, unit)
    counted = np.histogram(numbers, edges)[0]
    expected = None if drawn is None else np.histogram(drawn, edges)[0] / len(drawn) * len(numbers)
    return replace(
        base,
        form="numbers",
        different=len(np.unique(numbers)),
        counted=counted.tolist(),
        expected=None if expected is None else expected.tolist(),
        edges=edges.tolist(),
        outside=len(numbers) - int(counted.sum()),
    )


def _range(numbers: Floats) -> tuple[float, float]:
    """Return the lowest and highest number, without far tails."""
    low, high = float(numbers.min()), float(numbers.max())
    inner = np.quantile(numbers, [_TAIL, 1 - _TAIL])
    width = float(inner[1] - inner[0])
    return (low if inner[0] - low < width else float(inner[0])), (high if high - inner[1] < width else float(inner[1]))


def _edges(low: float, high: float, unit: float | None) -> Floats:
    """Return the edges of bins; where there is a unit, each holds as many multiples of it as any other."""
    if unit is None:
        return np.linspace(low, high if high > low else low + 1, _BINS + 1)
    first, last = round(low / unit), round(high / unit)
    step = -(-(last - first + 1) // _BINS)
    count = -(-(last - first + 1) // step)
    return np.asarray((first - 0.5 + step * np.arange(count + 1)) * unit, np.float64)


def _drawn(dimension: Dimension) -> Floats | None:
    """Return numbers that stand for all that a dimension makes; None when that is not known."""
    made: Any = getattr(dimension, "distribution", None)
    if getattr(dimension, "cardinality", 0):
        return None
    if dimension.kind == "timestamp":
        milliseconds: object = getattr(made, "milliseconds", None)
        return _whole(milliseconds, down=False) if isinstance(milliseconds, Distribution) else None
    if not isinstance(made, Distribution):  # of expressions it is another one in each record
        return None
    if dimension.kind == "int":
        return _whole(made, down=False)
    if dimension.kind in ("float", "decimal"):
        digits: int | None = getattr(dimension, "precision" if dimension.kind == "float" else "scale", None)
        drawn = _draws(made)
        return drawn if digits is None else np.round(drawn, digits)
    return None


def _weights(dimension: Dimension) -> dict[str | None, float] | None:
    """Return the share of each value of an enum, by its text, None for null; None for another kind."""
    listed: Any = getattr(dimension, "values", None)
    if dimension.kind != "enum":
        return None
    picker: object = getattr(dimension, "cardinality_distribution", None)
    if not isinstance(picker, Distribution | None):
        return None
    size = len(listed)
    index = np.clip(_whole(picker, down=True), 0, size - 1).astype(np.int64) if picker else np.arange(size)
    drawn = np.bincount(index, minlength=size)
    counts = np.array(getattr(dimension, "weights", None) or drawn, np.float64)
    shares: dict[str | None, float] = {}
    for value, weight in zip(listed, (counts / counts.sum()).tolist(), strict=True):
        text = None if value is None else _text(value)
        shares[text] = shares.get(text, 0.0) + weight
    return shares


def _shares(dimension: Dimension) -> dict[str, float] | None:
    """Return the share of each value of an enum, by its text, among those that are not null; None for another kind."""
    weights = _weights(dimension)
    if weights is None:
        return None
    total = 1 - weights.get(None, 0.0)
    return {text: weight / total for text, weight in weights.items() if text is not None and total}


def _draws(distribution: Distribution) -> Floats:
    return distribution.drawn((np.arange(_DRAWS) + 0.5) / _DRAWS)


def _whole(distribution: Distribution, *, down: bool) -> Floats:
    """Return whole numbers that stand for all that a distribution draws."""
    return distribution.rounded((np.arange(_DRAWS) + 0.5) / _DRAWS, down=down)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    )
