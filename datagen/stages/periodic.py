"""What a periodic stage is: it counts the records of each interval of the run's clock, and says what it has counted."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.moment import Moment
from datagen.plugin.stage import LONGEST, EachBatch, RunningStage, Scope, Snapshot, Stage
from datagen.plugin.target import AnyTarget, Target
from datagen.records.batch import Batch, Layout, Part
from datagen.records.merge import inserted

# Of one field in one interval: how many records had a place for it, and how many of them each value.
Tally = tuple[int, dict[str, int]]
# Of one field: for each record the number (n,) of its value in the list, -1 for none, -2 to leave the record out.
Coded = tuple[Integers, list[str]]


class PeriodicStage(Stage):
    """The first interval begins with the run. What was counted in an interval comes at its end, before the records of
    the next one; for the last one, which may be cut short, it comes when the run ends. An interval without records
    makes none.
    """

    # What the stage's own records have beside the time; the interval comes last.
    columns: ClassVar[dict[str, pa.DataType]]

    interval: int | float = Field(
        10, ge=0.001, le=LONGEST, description="seconds that an interval lasts, on the run's clock"
    )
    only: bool = Field(False, description="leave out all other records")
    target: AnyTarget | None = Field(
        None, description="a separate target for the records that the stage makes; without it they join the others"
    )

    @field_validator("target")
    @classmethod
    def _takes_all(cls, target: Target | None) -> Target | None:
        if target is not None and target.emitters is not None:
            raise ValueError('"emitters" has no meaning in the target of a stage')
        return target

    @model_validator(mode="after")
    def _goes_one_way(self) -> Self:
        if self.only and self.target is not None:
            raise ValueError('"only" has no meaning beside a "target"')
        return self

    @property
    def holds(self) -> bool:
        return True

    @property
    def watches(self) -> bool:
        return self.target is not None

    def aside(self) -> tuple[Target, Stage] | None:
        if self.target is None:
            return None
        return self.target, self.model_copy(update={"target": None, "only": True})

    def layout(self, layout: Layout, scope: Scope) -> Layout:
        if self.watches:
            return layout
        interval = pa.int64() if isinstance(self.interval, int) else pa.float64()
        own = {"time": pa.timestamp("ms", scope.start.zone), **self.columns, "interval": interval}
        return replace(layout, emitters=({} if self.only else layout.emitters) | {self._emitter(layout): own})

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        if self.target is not None:
            return EachBatch(lambda batch: batch)
        return Counting(self, self._emitter(layout), scope)

    def _emitter(self, layout: Layout) -> str:
        """Return a name for the stage's own records that no emitter has."""
        names = (self.kind, *(f"{self.kind}/{number}" for number in range(2, len(layout.emitters) + 3)))
        return next(name for name in names if name not in layout.emitters)

    @abstractmethod
    def coded(self, batch: Batch) -> Iterator[tuple[str, Coded]]:
        """Yield the name and the values of each field that is counted."""

    @abstractmethod
    def rows(self, tallies: dict[str, Tally], end: Moment, scope: Scope) -> list[dict[str, Any]]:
        """Return what was counted in an interval, a record for each dict with the ``columns``; or say it."""


class Counting(RunningStage):
    """A periodic stage at work."""

    def __init__(self, stage: PeriodicStage, emitter: str, scope: Scope) -> None:
        """Take the name that the stage's own records go by, as others do by that of their emitter."""
        self._stage = stage
        self._emitter = emitter
        self._scope = scope
        self._length = round(stage.interval * 1e9)  # ns
        self._open: dict[int, dict[str, Tally]] = {}  # by number of the interval, by field
        self._begin = 0  # number of the first interval that is not over
        self._last = 0  # ns since the start: the last record
        self._made = 0

    def through(self, batch: Batch, until: int) -> Batch:
        if len(batch):
            self._count(batch)
        own, ends = self._own(until)
        if self._stage.only or not len(own):
            return own if self._stage.only else batch
        return inserted(batch, np.searchsorted(batch.due, ends), own)

    def _count(self, batch: Batch) -> None:
        """Add records to the tallies; a step in Python for each interval, and each value in it, of the batch."""
        self._last = max(self._last, int(batch.due[-1]))
        interval_of = np.maximum(batch.due // self._length, self._begin)
        begins = np.diff(interval_of, prepend=-1) > 0
        rows, numbers, opened = np.cumsum(begins) - 1, interval_of[begins].tolist(), self._open
        for name, (codes, values) in self._stage.coded(batch):
            looked, known = codes > -2, codes >= 0
            totals = np.bincount(rows[looked], minlength=len(numbers))
            counts = _counts(rows[known] * len(values) + codes[known])
            for row in np.flatnonzero(totals).tolist():
                tallies = opened.setdefault(numbers[row], {})
                total, found = tallies.get(name, (0, {}))
                tallies[name] = total + int(totals[row]), found
            for pair, number in counts:
                row, code = divmod(pair, len(values))
                found = opened[numbers[row]][name][1]
                found[values[code]] = found.get(values[code], 0) + number

    def _own(self, until: int) -> tuple[Batch, Integers]:
        """Make the records of the intervals that are over; return them and when each interval ended."""
        over = [number for number in sorted(self._open) if (number + 1) * self._length <= max(until, self._last)]
        start = self._scope.start
        rows, ends = [], []
        for number in over:
            end = (number + 1) * self._length
            moment = Moment(start.microseconds + end // 1000, start.zone)
            found = self._stage.rows(self._open.pop(number), moment, self._scope)
            rows += found
            ends += [end] * len(found)
        self._begin = max(self._begin, over[-1] + 1 if over else 0)
        return self._batch(rows, np.array(ends, np.int64), until), np.array(ends, np.int64)

    def _batch(self, rows: list[dict[str, Any]], ends: Integers, until: int) -> Batch:
        if not rows:
            return Batch.empty()
        start = self._scope.start
        time = pa.array((start.microseconds + ends // 1000) // 1000).cast(pa.timestamp("ms", start.zone))
        made = {name: pa.array([row[name] for row in rows], kind) for name, kind in self._stage.columns.items()}
        columns = {"time": time, **made, "interval": pa.array([self._stage.interval] * len(rows))}
        steps = np.arange(self._made, self._made + len(rows))
        self._made += len(rows)
        # The run has ended: nobody waits for the end of an interval that it did not reach.
        due = np.minimum(ends, self._last) if until >= NEVER else ends
        return Batch(
            due,
            np.full(len(rows), -1),
            steps,
            draw.numbered(draw.worker_keys(self._scope.seed, np.array([-1])), steps),
            (Part(self._emitter, np.arange(len(rows)), columns),),
            due,
        )

    def snapshot(self) -> Snapshot:
        tallies = [
            [number, name, total, pa.array(found.keys(), pa.string()), np.array([*found.values()], np.int64)]
            for number, fields in self._open.items()
            for name, (total, found) in fields.items()
        ]
        return {"open": tallies, "begin": self._begin, "last": self._last, "made": self._made}

    def restore(self, snapshot: Snapshot) -> None:
        self._begin, self._last, self._made = snapshot["begin"], snapshot["last"], snapshot["made"]
        self._open = {}
        for number, name, total, values, counts in snapshot["open"]:
            found = dict(zip(values.to_pylist(), counts.tolist(), strict=True))
            self._open.setdefault(number, {})[name] = total, found


def json_counts(found: dict[str, int]) -> bytes:
    """Write how often each value occurs as JSON, the most frequent first, then in order of the values."""
    ordered = dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def _counts(numbers: Integers) -> Iterator[tuple[int, int]]:
    """Return the numbers that occur, each with how often it does."""
    if int(numbers.max(initial=0)) < 4 * len(numbers):
        counts = np.bincount(numbers)
        found = np.flatnonzero(counts)
        return zip(found.tolist(), counts[found].tolist(), strict=True)
    found, counts = np.unique(numbers, return_counts=True)
    return zip(found.tolist(), counts.tolist(), strict=True)
