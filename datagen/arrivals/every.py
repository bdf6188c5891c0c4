"""The source ``every``: a beat."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Batches, Count, Paced, Scope, Stream
from datagen.plugin.distribution import MOST_ITEMS
from datagen.plugin.instant import Duration, Period
from datagen.plugin.model import Model
from datagen.plugin.week import Week, lengths, paired


class Vary(Model):
    """How much the size of a batch varies."""

    low: float = Field(ge=0, description="it is drawn between this times the size")
    high: float = Field(gt=0, le=MOST_ITEMS, description="and this times the size")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.low > self.high:
            raise ValueError('"low" must not be above "high"')
        return self


class Every(Paced):
    """A beat: a batch of workers at one instant, again and again, such as a nightly load or a poll of all devices.

    A batch has `size` times the profile at that instant times a draw of `vary` workers, rounded; also none.
    [Expressions](expressions.md#names) of its workers may read `batch.number`, `batch.index` and `batch.size`.
    """

    kind: ClassVar[str] = "every"
    beats: ClassVar[bool] = True
    in_batches: ClassVar[bool] = True

    every: Period = Field(description='from one beat to the next, such as 60 or "5M"')
    first: Duration = Field(0, description="the first beat, from the begin")
    times: Annotated[int, Field(ge=1)] | None = Field(None, description="so many beats; without an end without it")
    size: Count = Field(1, description="workers a beat")
    vary: Vary | None = Field(None, description="a factor that is drawn for each beat")

    @property
    def lasts(self) -> int | None:
        return None if self.times is None else self.first + (self.times - 1) * self.every + 1

    def rates(self, scope: Scope, week: Week) -> Floats:
        vary, scale = self.vary or Vary(low=1, high=1), scope.scale
        sizes = paired(lengths(self.size), vary.low, vary.high)

        def size(factor: float) -> float:
            return float((np.rint(sizes * factor) if scale == 1 else sizes * factor * scale).mean())

        return week.beats(scope.begin + self.first, self.every, size, np.zeros(1))

    def stream(self, scope: Scope) -> Stream:
        return _Beats(self, scope)

    def batches(self, instants: Integers, scope: Scope) -> Integers:
        return (instants - scope.begin - self.first) // self.every


class _Beats(Batches):
    def __init__(self, source: Every, scope: Scope) -> None:
        super().__init__(scope, scope.begin + source.first, source.every, source.times, np.rint)
        self._source = source

    def sizes(self, numbers: Integers, begins: Integers) -> Floats:
        vary = self._source.vary
        sizes = self.scope.counts(self._source.size, "size", numbers) * self.scope.pace.factor(begins)
        return (
            sizes if vary is None else sizes * (vary.low + (vary.high - vary.low) * self.scope.units("vary", numbers))
        )
