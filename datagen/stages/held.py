"""Records that stages hold back for a time."""

from dataclasses import replace

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plugin.stage import LONGEST, State
from datagen.problems import RunFailed
from datagen.records.batch import Batch
from datagen.records.merge import merged


class Held:
    """Records that are held back, in order of (due, emitted, worker, step); those equal in all of it as they came.

    They are kept in runs, each in order and about twice as long as the one after it, so that a record is moved some
    log2(n) times however small the batches are in which records come.
    """

    def __init__(self) -> None:
        self._runs: list[Batch] = []

    def exchange(self, batch: Batch, waits: Integers, until: int) -> Batch:
        """Hold records back, each for a time (n,) in ns; give all that are due before a time."""
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

    def state(self) -> State:
        """Give all that is held, for ``restore``."""
        return {"runs": self._runs}

    def restore(self, state: State) -> None:
        """Hold what ``state`` gave."""
        self._runs = state["runs"]


def nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds, held between 0 and some 30 years.

    Raises RunFailed when one is not a number, as a plug-in may draw it.
    """
    if np.isnan(seconds).any():
        raise RunFailed("holding records back: a delay is not a number")
    return np.rint(np.minimum(np.maximum(seconds, 0), LONGEST) * 1e9).astype(np.int64)
