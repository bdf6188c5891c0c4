"""Records that stages hold back for a time."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plugin.distribution import Distribution
from datagen.plugin.stage import LONGEST, RunningStage, Scope, Snapshot
from datagen.problems import RunFailed
from datagen.records.batch import Batch
from datagen.records.merge import merged


class Holding(RunningStage):
    """Holds records back, and returns them in order of (due, emitted, worker, step); ties stay in the order they came.

    They are kept in runs, each in order and about twice as long as the one after it, so that a record is moved some
    log2(n) times however small the batches are in which records come.
    """

    def __init__(self, prepare: Callable[[Batch], tuple[Batch, Integers]]) -> None:
        """Take a function that makes of a batch the records to hold, and for how long each of them, (n,) in ns."""
        self._prepare = prepare
        self._runs: list[Batch] = []

    def through(self, batch: Batch, until: int) -> Batch:
        batch, waits = self._prepare(batch)
        later = replace(batch, due=np.minimum(batch.due + waits, NEVER - 1))
        runs = [*self._runs, merged([later])]
        ready = [int(np.searchsorted(run.due, until)) for run in runs]
        self._runs = []
        for run, begin in zip(runs, ready, strict=True):
            if begin < len(run):
                self._runs.append(run.slice(begin, len(run)))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [merged(self._runs[-2:])]
        return merged([run.slice(0, end) for run, end in zip(runs, ready, strict=True)])

    def snapshot(self) -> Snapshot:
        return {"runs": self._runs}

    def restore(self, snapshot: Snapshot) -> None:
        self._runs = snapshot["runs"]


def drawn_waits(delay: Distribution, batch: Batch, scope: Scope) -> Integers:
    """Draw how long each record of a batch is held, (n,) in ns."""
    return nanoseconds(delay.real(batch.key, scope.key("delay")))


def nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds between 0 and some 30 years.

    Raises RunFailed when one is not a number, as a plug-in may draw it.
    """
    if np.isnan(seconds).any():
        raise RunFailed("holding records back: a delay is not a number")
    return np.rint(np.minimum(np.maximum(seconds, 0), LONGEST) * 1e9).astype(np.int64)
