"""Steps: entries of workers into states, the rows that pass from the walk to the columns."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers, Keys


@dataclass(frozen=True)
class Steps:
    """Entries of workers into states, in order of (time, worker, step); n rows."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,)
    keys: Keys  # (n,) row keys of (seed, worker, step)
    # Per variable group: where the store of its values has the ones that were last set, on this entry or before it;
    # and before it, for the groups that someone reads like that.
    after: tuple[npt.NDArray[np.int32], ...] = ()  # each (n,)
    before: tuple[npt.NDArray[np.int32] | None, ...] = ()  # each (n,)
    # Per group: what to keep of the store once these steps are done, None for all of it.
    keep: tuple[Integers | None, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def keeping(self, keep: tuple[Integers | None, ...]) -> "Steps":
        """Give the same steps with a word on what to keep."""
        return replace(self, keep=keep)

    def at(self, rows: Integers | slice) -> "Steps":
        """Give some of the rows, without the word on what to keep."""
        return Steps(
            self.time[rows],
            self.worker[rows],
            self.step[rows],
            self.state[rows],
            self.keys[rows],
            tuple(source[rows] for source in self.after),
            tuple(None if source is None else source[rows] for source in self.before),
        )
