"""The dimension ``signal``."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Floats, Marks
from datagen.native import draws, life
from datagen.plugin.computed import DrawsNumbers, Given, real, reals
from datagen.plugin.description import MaybeNumberDistribution, described, is_sound
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.expression import AnyExpression
from datagen.plugin.labelled import Labelled
from datagen.plugin.model import LARGEST, Maker, Model, Named, Number, invalid
from datagen.plugin.namespace import namespace_of
from datagen.problems import Path_, show
from datagen.records.batch import Layout
from datagen.records.expression.facets import NUMBER, floats, value_types_of
from datagen.records.expression.name import called
from datagen.records.types import plain, present


def _start(value: Any, info: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return described(is_sound, {"type": "constant", "value": value} if is_number else value, info)


_START = {"anyOf": [{"type": "number"}, {"group": "number_distribution"}]}
Start = Annotated[Given, PlainValidator(_start), WithJsonSchema(_START)]


class Outliers(Model):
    """Readings that are far off, now and then."""

    share: Number = Field(gt=0, le=1, description="share of the readings")
    factor: Number = Field(description="what these are multiplied by")
    label: str | None = Field(
        None, min_length=1, description="name of a field to add to the record: whether the reading is one of them"
    )


class Disturbance(Model):
    """What an incident does to readings while it is on."""

    times: Number = Field(1, description="what they are multiplied by")
    shift: Number = Field(0, description="what is then added")
    noise: MaybeNumberDistribution = Field(None, description="what is drawn for each reading, and added too")
    stuck: bool = Field(False, description="whether the last reading before it comes again and again")


def _meant(during: dict[str, Disturbance], info: "ValidationInfo[Maker]") -> dict[str, Disturbance]:
    return {namespace_of(info).meant("incidents", name): one for name, one in during.items()}


class Signal(DrawsNumbers, Labelled):
    """A number that drifts along the life of a worker: a temperature, a price, a level, a load.

    Each worker begins at its `start` and goes a `step` with every value that is made. With a `reversion`, a step begins
    with that share of the way to the `mean`, so that the signal stays around it: with 0.1 it forgets half of a deviation
    in 7 steps, and its variance is that of `step` divided by `1 - (1 - reversion)²`. At `min` and `max` it is mirrored,
    or with `"bounds": "clamp"` it stops there.

    A reading is where the signal is plus `base`, an [expression](expressions.md) such as `20 * profile('day')`, and
    `noise`, an error of its own that the signal does not keep. `outliers` and what incidents do `during` their time come
    last, in the order of the spec; the signal goes on below them. So a reading may lie beyond the bounds. With a `label`,
    outliers are told by a field of that name behind the others, which is true there.

    Example: {"type": "signal", "name": "celsius", "start": 21, "step": {"type": "normal", "mean": 0, "stddev": 0.2}, "mean": 21, "reversion": 0.05, "min": 15, "max": 30, "noise": {"type": "normal", "mean": 0, "stddev": 0.1}, "precision": 1}
    """

    kind: ClassVar[str] = "signal"
    start: Start = Field(description="where each worker begins: a number or a distribution")
    step: MaybeNumberDistribution = Field(
        None, description="how far it goes from one value to the next; without it, nowhere"
    )
    mean: Number | None = Field(None, description="where it is drawn back to")
    reversion: Number = Field(0, ge=0, le=1, description="share of the way to the mean that it goes with every step")
    min_: Number | None = Field(None, alias="min", description="what it never falls below")
    max_: Number | None = Field(None, alias="max", description="what it never rises above")
    bounds: Literal["reflect", "clamp"] = Field(
        "reflect", description="whether it is mirrored at `min` and `max`, or stops there"
    )
    base: AnyExpression | None = Field(None, description="an expression: a number that is added to every reading")
    noise: MaybeNumberDistribution = Field(None, description="what is drawn for each reading, and added")
    outliers: Outliers | None = Field(None, description="readings that are far off")
    during: Annotated[Named[Disturbance], AfterValidator(_meant)] = Field(
        {}, description="what incidents of the spec, by name, do to readings"
    )
    precision: int | None = Field(None, ge=0, le=15, description="digits after the point; without it, full precision")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        if self.reversion and self.mean is None:
            lines.append((("reversion",), 'needs a "mean" to go back to'))
        if self.mean is not None and not self.reversion:
            lines.append((("mean",), 'needs a "reversion", the share of the way that it goes back with every step'))
        if self.min_ is not None and self.max_ is not None and self.min_ > self.max_:
            lines.append((("min",), f"({self.min_}) must not be above the max ({self.max_})"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        least, most = self.start.bounds() if isinstance(self.start, Distribution) else (np.inf, -np.inf)
        if (self.min_ is not None and least < self.min_) or (self.max_ is not None and most > self.max_):
            yield ("start",), f"can lie outside of the bounds, {self._walls_in_words}, and is then moved inside"
        if self.step is None and self.reversion and not self.during and self.noise is None and self.base is None:
            yield ("reversion",), "brings the signal to its mean, and without a step or noise nothing moves it again"
        for name, disturbance in self.during.items():
            if disturbance == Disturbance():
                yield ("during", name), "changes nothing"

    def counts(self) -> bool:
        return True

    def remembers(self) -> bool:
        return True

    def of_workers(self) -> Iterator[Path_]:
        yield ()

    def rarely_repeats(self) -> bool:
        return self.precision is None

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield from ((("during", name), called("incident", name)) for name in self.during)

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        if self.base is not None and not self.base.check(layout) and not self.base.is_number(layout):
            yield ("base",), "is no number"

    @property
    def label(self) -> str | None:
        return None if self.outliers is None else self.outliers.label

    def marks(self, rows: Rows) -> Marks:
        return rows.unit("outlier") < (0 if self.outliers is None else self.outliers.share)

    @property
    def _walls(self) -> tuple[float, float]:
        return (-LARGEST if self.min_ is None else self.min_), (LARGEST if self.max_ is None else self.max_)

    @property
    def _walls_in_words(self) -> str:
        found = {"min": self.min_, "max": self.max_}
        return " and ".join(f"{key} {show(wall)}" for key, wall in found.items() if wall is not None)

    def make(self, rows: Rows) -> pa.Array:
        readings = self._walked(rows)
        if self.base is not None:
            readings += _numbers(rows.calculate(self.base))
        if self.noise is not None:
            readings += reals(self.noise, rows, "noise")
        if self.outliers is not None:
            readings[self.marks(rows)] *= self.outliers.factor
        self._disturb(rows, readings)
        readings += 0.0  # no number is -0.0
        if self.precision is not None:
            draws.round_off(readings, 10.0**self.precision)
        return pa.array(readings, mask=~np.isfinite(readings))

    def _walked(self, rows: Rows) -> Floats:
        """Return where the signals are, (n,)."""
        past, size, key = rows.past, len(rows), f"{rows.path}/walk"
        starts = reals(self.start, rows, "start")
        steps = np.zeros(size) if self.step is None else real(self.step, rows, "step")[0]  # 0 where it is null
        made, left = draw.column(size, np.float64), draw.column(len(past.back), np.float64)
        low, high = self._walls
        span = high - low if self.min_ is not None and self.max_ is not None else 0.0
        begun, is_mirror = _kept(rows, key), self.bounds == "reflect"
        mean, reversion = self.mean or 0.0, self.reversion
        life.walk(
            past.back, begun, rows.origins, starts, steps, mean, reversion, low, high, is_mirror, span, made, left
        )
        past.keep(key, pa.array(left))
        return made

    def _disturb(self, rows: Rows, readings: Floats) -> None:
        """Do to readings (n,) what incidents do."""
        stuck = np.zeros(len(rows), bool)
        known = rows.known(called("incident", name) for name in self.during)
        for name, disturbance in self.during.items():
            on = known[called("incident", name)].to_numpy(zero_copy_only=False)
            chosen = np.flatnonzero(on)
            changed = readings[chosen] * disturbance.times + disturbance.shift
            if disturbance.noise is not None:
                changed += reals(disturbance.noise, rows.at(chosen).within("during", name), "noise")
            readings[chosen] = changed
            stuck |= on & disturbance.stuck
        if any(disturbance.stuck for disturbance in self.during.values()):
            past, key = rows.past, f"{rows.path}/reading"
            left = draw.column(len(past.back), np.float64)
            life.hold(past.back, _kept(rows, key), rows.origins, stuck.view(np.uint8), readings, left)
            past.keep(key, pa.array(left))


def _kept(rows: Rows, key: str) -> Floats:
    """Return the numbers that were kept for the workers of a batch, NaN where there is none."""
    found: Floats = rows.past.before(key, pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _numbers(values: pa.Array) -> Floats:
    """Return values as floats, (n,), NaN where they are no numbers."""
    numbers = present(plain(values))
    if value_types_of(numbers.type) != {NUMBER}:
        return np.full(len(numbers), np.nan)
    found: Floats = floats(numbers).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return found
