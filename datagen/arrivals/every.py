"""The source ``every``: a beat."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import Batches, Paced, Scope, Stream, count_of
from datagen.plugin.distribution import MOST_ITEMS, Distribution
from datagen.plugin.instant import Duration, Period
from datagen.plugin.model import COMMENTS, Model, changed
from datagen.plugin.table import TableRows
from datagen.plugin.week import Week, lengths, paired
from datagen.problems import Path_
from datagen.records.reference import Reference


class Vary(Model):
    """How much the size of a batch varies."""

    low: float = Field(ge=0, description="it is drawn between this times the size")
    high: float = Field(gt=0, le=MOST_ITEMS, description="and this times the size")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.low > self.high:
            raise ValueError('"low" must not be above "high"')
        return self


class RowsOf(Model):
    """As many as a table has rows."""

    table: TableRows = Field(description="name of the table")


def _size(value: Any, info: Any) -> Any:
    if isinstance(value, dict) and "table" in value and "type" not in value:
        return RowsOf.model_validate(value, context=info.context)
    return value if isinstance(value, RowsOf) else count_of(value, info)


_TABLE = {"table": {"type": "string", "minLength": 1}}
Size = Annotated[
    int | Distribution | RowsOf,
    PlainValidator(_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS},
                {
                    "type": "object",
                    "properties": _TABLE,
                    "patternProperties": {COMMENTS: {}},
                    "required": ["table"],
                    "additionalProperties": False,
                },
                {"group": "distribution"},
            ]
        }
    ),
]


class Every(Paced):
    """A beat: a batch of workers at one instant, again and again, such as a nightly load or a poll of all devices.

    A batch has `size` times the profile at that instant times a draw of `vary` workers, rounded; also none.
    [Expressions](expressions.md#names) of its workers may read `batch.number`, `batch.index` and `batch.size`. With a
    `size` of `{"table": "devices"}` there is a worker for each row of a table; a [row](dimensions.md#row) with the
    `pick` `batch`, as one of its `variables`, gives each its own.
    """

    kind: ClassVar[str] = "every"
    beats: ClassVar[bool] = True
    in_batches: ClassVar[bool] = True

    every: Period = Field(description='from one beat to the next, such as 60 or "5M"')
    first: Duration = Field(0, description="the first beat, from the begin")
    times: Annotated[int, Field(ge=1)] | None = Field(None, description="so many beats; without an end without it")
    size: Size = Field(
        1, description='workers a beat: a number, a distribution, or `{"table": name}`, one for each row'
    )
    vary: Vary | None = Field(None, description="a factor that is drawn for each beat")

    @property
    def lasts(self) -> int | None:
        return None if self.times is None else self.first + (self.times - 1) * self.every + 1

    def tables(self) -> Iterator[tuple[Path_, str, str | None]]:
        if isinstance(self.size, RowsOf) and isinstance(self.size.table, str):
            yield ("size", "table"), self.size.table, None

    def bound(self, tables: Mapping[str, Reference]) -> Self:
        names = [name for _, name, _ in self.tables()]
        return changed(self, size=tables[names[0]].size) if names else self

    @property
    def workers_a_beat(self) -> int | Distribution:
        """Return how many workers a beat has, before the profile and ``vary``, once its table is known."""
        assert not isinstance(self.size, RowsOf), "bound"
        return self.size

    def rates(self, scope: Scope, week: Week) -> Floats:
        vary, scale = self.vary or Vary(low=1, high=1), scope.scale
        sizes = paired(lengths(self.workers_a_beat), vary.low, vary.high)

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
        self._source, self._size = source, source.workers_a_beat

    def sizes(self, numbers: Integers, begins: Integers) -> Floats:
        vary = self._source.vary
        sizes = self.scope.counts(self._size, "size", numbers) * self.scope.pace.factor(begins)
        return (
            sizes if vary is None else sizes * (vary.low + (vary.high - vary.low) * self.scope.units("vary", numbers))
        )
