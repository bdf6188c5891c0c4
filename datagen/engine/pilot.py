"""Pilots: the first steps of a run without a limit, to measure what no formula knows, such as the bytes of a record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from datagen.clock import NEVER, stopwatch, time_left
from datagen.draw import Floats, Integers
from datagen.engine.draft import Draft
from datagen.engine.first import columns_of
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.walk import Walk
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Layout
from datagen.records.lines import Lines

MOST_STEPS = 1_000_000
_RECORDS = 200_000  # enough for an error of some 0.1 %,
_BYTES = 100_000_000  # or fewer where they are long
_ROWS = 65_536  # of a batch; the last one decides how many are measured


@dataclass(frozen=True)
class Sizes:
    """How many records steps make, and how long these are, in bytes, with their line ends."""

    each: Floats  # (states,) records of a step into each state that emits; 1 where a pilot has seen none
    means: Floats  # (states,) bytes of the records that each state emits; that of all where a state has emitted none
    records: int  # that were measured
    each_error: float  # standard error of the number of records, relative
    error: float  # of all their bytes
    seconds_each: float  # that one took to make, on this machine


def sizes(plan: Plan, seed: int, pools: Pools, begin: Callable[[Layout], LineWriter]) -> Sizes | None:
    """Return how long the records of a run are, as ``begin`` writes them; None when no step emits any."""
    columns = columns_of(plan, seed, pools)
    writer = begin(columns.layout)
    found = _Measured()
    steps = 0
    began = stopwatch()
    for taken in Walk(plan, seed, NEVER).windows(time_left(plan.start)):
        steps += len(taken)
        for draft in columns.drafts(taken):
            batch = columns.made(draft)
            columns.learn(batch, most=_ROWS)
            found.add(draft, writer.lines(batch))
            if found.suffices:
                break
        if steps >= MOST_STEPS or found.suffices:
            break
    if not found.emitting:
        return None
    return found.sizes(len(plan.population.states), stopwatch() - began)


@dataclass
class _Measured:
    """What a pilot has measured so far."""

    records: int = 0
    emitting: int = 0  # steps
    total: int = 0  # bytes
    _of_steps: list[tuple[Integers, Integers]] = field(default_factory=list)  # states and workers of steps that emit
    _of_records: list[tuple[Integers, Integers, Integers]] = field(default_factory=list)  # and sizes of their records

    @property
    def suffices(self) -> bool:
        return self.records >= _RECORDS or self.total >= _BYTES

    def add(self, draft: Draft, lines: Lines) -> None:
        """Add the records of a draft."""
        steps, emitting = draft.steps, draft.emitting
        self._of_steps.append((emitting.state.astype(np.int64), emitting.worker))
        self._of_records.append((steps.state.astype(np.int64), steps.worker, np.diff(lines.ends, prepend=0)))
        self.records, self.emitting = self.records + len(draft), self.emitting + len(emitting)
        self.total += lines.size

    def sizes(self, count: int, seconds: float) -> Sizes:
        """Return what was found of so many states.

        Records of one worker are alike, so the errors are those of independent workers.
        """
        at, by = map(np.concatenate, zip(*self._of_steps, strict=True))
        state, worker, found = map(np.concatenate, zip(*self._of_records, strict=True))
        steps, records = np.bincount(at, minlength=count), np.bincount(state, minlength=count)
        each = np.divide(records, steps, out=np.ones(count), where=steps > 0)
        means = np.full(count, found.mean() if self.records else 0.0)
        np.divide(np.bincount(state, found, count), records, out=means, where=records > 0)
        number = np.unique(np.concatenate([by, worker]), return_inverse=True)[1]
        of_step, of_record = number[: len(by)], number[len(by) :]
        size = int(number.max()) + 1
        more = np.bincount(of_record, minlength=size) - np.bincount(of_step, each[at], size)
        longer = np.bincount(of_record, found, size) - np.bincount(of_step, (each * means)[at], size)
        each_error = sqrt(float(more @ more)) / max(self.records, 1)
        error = sqrt(float(longer @ longer)) / max(self.total, 1)
        return Sizes(each, means, self.records, each_error, error, seconds / max(self.records, 1))
