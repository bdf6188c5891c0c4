"""The source ``every``: a beat."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.arrival import BLOCK, MOST_AT_ONCE, Batches, Paced, Scope, Stream, count_of, none_left
from datagen.plugin.distribution import MOST_ITEMS, Distribution
from datagen.plugin.instant import Duration, Period
from datagen.plugin.model import COMMENTS, Model, changed, invalid
from datagen.plugin.table import TableRows
from datagen.plugin.volume import Size as Bytes
from datagen.plugin.week import Week, lengths, paired
from datagen.problems import Path_, RunFailed
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


_MEASURED = 1024  # records, to know their mean length
_MOST_TRIED = 10_000  # beats in a row for which the next record is too long


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

    With `bytes` a beat has as many workers as fit, by the bytes of their records as lines of compact JSON, or of their
    whole texts; the next one goes to the next beat, and so do the bytes that are left. That takes the time of making
    the records twice, and a millisecond a beat; records can't depend on those before, so counters and `unique` values
    are refused, and a text must be there, and be one.
    A limit of workers has to leave room for them: one who has to wait is born with the record of a later time.
    """

    kind: ClassVar[str] = "every"
    beats: ClassVar[bool] = True
    in_batches: ClassVar[bool] = True

    every: Period = Field(description='from one beat to the next, such as 60 or "5M"')
    first: Duration = Field(0, description="the first beat, from the begin")
    times: Annotated[int, Field(ge=1)] | None = Field(None, description="so many beats; without an end without it")
    size: Size | None = Field(
        None,
        description='workers a beat: a number, a distribution, or `{"table": name}`, one for each row; 1 without it',
    )
    bytes: Bytes | None = Field(
        None,
        description='bytes a beat, such as "10MB", in place of `size`: as many workers as fit, by their records as '
        "lines of compact JSON; what is left is carried on. Each of them emits one record, at its birth",
    )
    vary: Vary | None = Field(None, description="a factor that is drawn for each beat")

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        if self.bytes is None:
            return self
        texts = {"size": 'can\'t be with "bytes", which says how many there are', "count": 'can\'t be with "bytes"'}
        lines = [((key,), text) for key, text in texts.items() if key in self.model_fields_set]
        if lines:
            raise invalid(self.kind, lines)
        return self

    @property
    def measures(self) -> bool:
        return self.bytes is not None

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
        return 1 if self.size is None else self.size

    def rates(self, scope: Scope, week: Week) -> Floats:
        vary, scale = self.vary or Vary(low=1, high=1), scope.scale
        sizes = paired(lengths(self.bytes or self.workers_a_beat), vary.low, vary.high)
        if scope.lengths is not None:
            sizes = sizes / scope.lengths(np.arange(_MEASURED), np.full(_MEASURED, scope.begin)).mean()

        def size(factor: float) -> float:
            if self.measures:
                return float(sizes.mean()) * factor * scale
            return float((np.rint(sizes * factor) if scale == 1 else sizes * factor * scale).mean())

        return week.beats(scope.begin + self.first, self.every, size, np.zeros(1))

    def stream(self, scope: Scope) -> Stream:
        return _Filled(self, scope) if self.measures else _Beats(self, scope)

    def batches(self, instants: Integers, scope: Scope) -> Integers:
        return (instants - scope.begin - self.first) // self.every


class _Beats(Batches):
    def __init__(self, source: Every, scope: Scope) -> None:
        super().__init__(scope, scope.begin + source.first, source.every, source.times, np.rint)
        self._source, self._size = source, source.bytes or source.workers_a_beat

    def sizes(self, numbers: Integers, begins: Integers) -> Floats:
        vary = self._source.vary
        sizes = self.scope.counts(self._size, "size", numbers) * self.scope.pace.factor(begins)
        return (
            sizes if vary is None else sizes * (vary.low + (vary.high - vary.low) * self.scope.units("vary", numbers))
        )


class _Filled(_Beats):
    """Beats that are filled up to a number of bytes."""

    def __init__(self, source: Every, scope: Scope) -> None:
        super().__init__(source, scope)
        assert scope.lengths is not None, "it measures"
        self._lengths = scope.lengths
        self._worker = 0  # the next one
        self._left = 0.0  # bytes that the beats so far have left
        self._is_begun = False  # whether the next beat's own bytes are among these
        self._mean = 100.0  # bytes of a record, about

    def more(self) -> Integers:
        tried = 0
        while self._is_begun or self._begins():
            begins = np.array([self._first + self._next * self._period])
            count = min(int(self._left / self._mean) + 16, MOST_AT_ONCE)
            ends = np.cumsum(self._lengths(np.arange(self._worker, self._worker + count), np.repeat(begins, count)))
            fitting = int(np.searchsorted(ends, self._left, "right"))
            self._next += fitting < count
            self._is_begun = fitting == count
            if fitting:
                self._worker, self._left = self._worker + fitting, self._left - int(ends[fitting - 1])
                self._mean = float(ends[fitting - 1]) / fitting
                return np.repeat(begins, fitting)
            tried += 1
            if tried > _MOST_TRIED:
                raise RunFailed(f"filling the beats of a source: the next record is too long for {tried} in a row")
        return np.zeros(0, np.int64)

    def _begins(self) -> bool:
        """Go on to the next beat that has bytes of its own; return whether there is one."""
        empty = 0
        while len(numbers := np.arange(self._next, min(self._next + 1 + min(empty, BLOCK), self._total))):
            sizes = self.sizes(numbers, self._first + numbers * self._period) * self.scope.scale
            used = int(np.argmax(sizes > 0))
            if sizes[used]:
                self._next, self._left, self._is_begun = self._next + used, self._left + float(sizes[used]), True
                return True
            self._next, empty = self._next + len(numbers), empty + len(numbers)
            none_left(empty)
        return False

    def snapshot(self) -> list[Any]:
        return [self._next, self._worker, self._left, self._is_begun, self._mean]

    def restore(self, snapshot: list[Any]) -> None:
        self._next, self._worker, self._left, self._is_begun, self._mean = snapshot
