"""Pilots: the first steps of a run without a limit, to measure what no formula knows, such as the bytes of a record."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from datagen.clock import NEVER, stopwatch, time_left
from datagen.draw import Floats, Integers
from datagen.engine.first import columns_of
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.walk import Walk
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Layout

MOST_STEPS = 1_000_000
_RECORDS = 200_000  # enough for an error of some 0.1 %,
_BYTES = 100_000_000  # or fewer where they are long


@dataclass(frozen=True)
class Sizes:
    """How long records are, in bytes, with their line ends."""

    means: Floats  # (states,) of the records that each state emits; that of all where a state has emitted none
    records: int  # that were measured
    error: float  # standard error of the mean of all, relative
    seconds_each: float  # that one took to make, on this machine


def sizes(plan: Plan, seed: int, pools: Pools, begin: Callable[[Layout], LineWriter]) -> Sizes | None:
    """Return how long the records of a run are, as ``begin`` writes them; None when it makes none."""
    columns = columns_of(plan, seed, pools)
    writer = begin(columns.layout)
    walk, end = Walk(plan, seed, NEVER), time_left(plan.start)
    states: list[Integers] = []
    workers: list[Integers] = []
    found: list[Integers] = []
    steps = records = total = 0
    began = stopwatch()
    while steps < MOST_STEPS and records < _RECORDS and total < _BYTES and walk.next_time < end:
        taken = walk.advance(end)
        steps += len(taken)
        for draft in columns.drafts(taken):
            batch = columns.made(draft)
            columns.learn(batch)
            lines = writer.lines(batch)
            states.append(draft.steps.state.astype(np.int64))
            workers.append(draft.steps.worker)
            found.append(np.diff(lines.ends, prepend=0))
            records, total = records + len(batch), total + lines.size
            if records >= _RECORDS or total >= _BYTES:
                break
    if not records:
        return None
    seconds = (stopwatch() - began) / records
    return _of(len(plan.population.states), seconds, *map(np.concatenate, (states, workers, found)))


def _of(count: int, seconds: float, state: Integers, worker: Integers, found: Integers) -> Sizes:
    """Return the sizes of records (n,), by the states and workers that they are of.

    Records of one worker are alike, so the error is that of independent workers.
    """
    records = np.bincount(state, minlength=count)
    means = np.full(count, found.mean())
    np.divide(np.bincount(state, found, count), records, out=means, where=records > 0)
    rest = np.bincount(np.unique(worker, return_inverse=True)[1], found - means[state])
    return Sizes(means, len(found), sqrt(float(rest @ rest)) / float(found.sum()), seconds)
