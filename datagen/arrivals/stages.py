"""The source ``stages``: a load test, stage by stage."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.plugin.arrival import BLOCK, OPEN, Arrival, Scope, Stream
from datagen.plugin.instant import Period
from datagen.plugin.model import Model
from datagen.plugin.rate import RateOrNone
from datagen.plugin.week import Week, nothing

_MOST_STEPS = 1_000_000  # of a ramp of workers alive
Alive = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Stage(Model):
    """A stage: workers who come at a rate, or so many kept alive; the same throughout, or more and more, or fewer."""

    for_: Period = Field(alias="for", description="how long it lasts")
    rate: RateOrNone | None = Field(
        None, description='workers a second, or a text such as "5/s"; independent of others'
    )
    alive: Alive | None = Field(None, description="workers kept alive: a place that falls free is filled at once")
    to: RateOrNone | None = Field(None, description="what the rate, or the number alive, changes to evenly by its end")

    @model_validator(mode="after")
    def _has_one_measure(self) -> Self:
        if (self.rate is None) == (self.alive is None):
            raise ValueError('needs either "rate" or "alive"')
        if self.alive is not None and self.to is not None and (self.to != int(self.to) or self.to > 1e9):
            raise ValueError('"to" must be a whole number where workers are kept alive')
        if self.alive is not None and self.to is not None and abs(self.to - self.alive) > _MOST_STEPS:
            raise ValueError(f"a ramp of workers alive must not be longer than {_MOST_STEPS}")
        return self

    @property
    def rates(self) -> tuple[float, float]:
        """Return the rates at its begin and its end, a second; 0 where workers are kept alive."""
        first = self.rate or 0.0
        return first, first if self.to is None or self.rate is None else self.to


class Stages(Arrival):
    """A load test: stages one after the other, each with a rate at which workers come, or a number kept alive.

    A rate is an open load, which does not wait for anybody; a number alive is a closed one: so many users, each of whom
    is followed by another when he stops. Where the number falls nobody is made to stop.
    """

    kind: ClassVar[str] = "stages"

    stages: list[Stage] = Field(min_length=1, description="the stages, in order")

    @property
    def kept_alive(self) -> float:
        seconds = [stage.for_ for stage in self.stages]
        numbers = [(stage.alive + self._last(stage)) / 2 if stage.alive is not None else 0 for stage in self.stages]
        return float(np.average(numbers, weights=seconds))

    @property
    def lasts(self) -> int:
        return sum(stage.for_ for stage in self.stages)

    def expected(self, times: Integers, scope: Scope) -> Floats:
        total = np.zeros(len(times))
        begin = 0
        for stage in self.stages:
            first, last = (rate * scope.scale for rate in stage.rates)
            seconds = np.clip(times - begin, 0, stage.for_) / 1e9
            total += first * seconds + (last - first) * seconds**2 / 2 / (stage.for_ / 1e9)
            begin += stage.for_
        return total

    def rates(self, scope: Scope, week: Week) -> Floats:
        mean = np.average(
            [sum(stage.rates) / 2 for stage in self.stages], weights=[stage.for_ for stage in self.stages]
        )
        return nothing() + mean * scope.scale

    def stream(self, scope: Scope) -> Stream:
        return _Open(self, scope)

    def targets(self, scope: Scope) -> list[tuple[int, int]]:
        found = []
        begin = scope.begin
        for stage in self.stages:
            if stage.alive is None:
                found.append((begin, OPEN))
            else:
                first, last = (int(number * scope.scale) for number in (stage.alive, self._last(stage)))
                found += [(begin + at, number) for at, number in _ramp(first, last, stage.for_)]
            begin += stage.for_
        return [*found, (begin, OPEN)]

    @staticmethod
    def _last(stage: Stage) -> float:
        return stage.to if stage.to is not None else stage.alive or 0


def _ramp(first: int, last: int, span: int) -> Iterator[tuple[int, int]]:
    """Yield after how many ns a number that changes evenly, rounded down, is another one, and which."""
    yield 0, first
    for number in range(first + 1, last + 1):
        yield -(-(number - first) * span // (last - first)), number
    for number in range(first, last, -1):
        yield (first - number) * span // (first - last) + 1, number - 1


class _Open(Stream):
    """The workers of all stages with a rate: a Poisson process, by the time change of its expected number."""

    def __init__(self, source: Stages, scope: Scope) -> None:
        self._scope = scope
        spans = np.array([stage.for_ for stage in source.stages])
        self._first, last = (np.array([stage.rates for stage in source.stages]) * scope.scale).T
        self._seconds = spans / 1e9
        self._slope = (last - self._first) / self._seconds
        self._begins = scope.begin + np.cumsum(spans) - spans
        self._ends = scope.begin + np.cumsum(spans)
        self._expected = np.cumsum((self._first + last) / 2 * self._seconds)  # up to the end of each stage
        self._next, self._sum = 0, 0.0

    def more(self) -> Integers:
        numbers = np.arange(self._next, self._next + BLOCK)
        steps = draw.exponential(self._scope.units("gap", numbers))
        sums = np.cumsum(np.concatenate([[self._sum], steps]))[1:]  # one after the other, however they are cut
        sums = sums[: np.searchsorted(sums, self._expected[-1])]
        if not len(sums):
            return numbers[:0]
        self._next, self._sum = self._next + len(sums), float(sums[-1])
        stage = np.searchsorted(self._expected, sums, side="right")
        within = sums - np.concatenate([[0.0], self._expected])[stage]
        first = self._first[stage]
        root = np.sqrt(np.maximum(first * first + 2 * self._slope[stage] * within, 0.0))
        after = np.rint(2 * within / (first + root) * 1e9).astype(np.int64)
        return np.minimum(self._begins[stage] + after, self._ends[stage] - 1)

    def snapshot(self) -> list[float]:
        return [self._next, self._sum]

    def restore(self, snapshot: list[float]) -> None:
        self._next, self._sum = int(snapshot[0]), snapshot[1]
