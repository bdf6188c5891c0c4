"""Steps: entries of workers into states, the rows that pass from the walk to the columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers, Keys


class Room:
    """Room for the steps of a window, and for the births in it that the limit held back; the walk fills it."""

    def __init__(self, rows: int, sizes: Integers) -> None:
        """Make room for so many steps; ``sizes`` (groups,) are those of the stores of values."""
        self.time, self.worker, self.step = (np.empty(rows, np.int64) for _ in range(3))
        self.state = np.empty(rows, np.int32)
        self.keys = np.empty(rows, np.uint64)
        self.after, self.before = (np.empty((len(sizes), rows), np.int32) for _ in range(2))
        self.births, self.spans = (np.empty(rows, np.int64) for _ in range(2))  # a birth is a step
        self.sizes = sizes

    def steps(self, count: int, former_groups: Iterable[int]) -> "Steps":
        """Return the first steps, with what was set before them of some groups."""
        return Steps(
            self.time[:count],
            self.worker[:count],
            self.step[:count],
            self.state[:count],
            self.keys[:count],
            tuple(self.after[:, :count]),
            {group: self.before[group, :count] for group in former_groups},
        )


@dataclass(frozen=True)
class Steps:
    """Entries of workers into states, in order of (time, worker, step); n rows."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,)
    keys: Keys  # (n,) row keys of (seed, worker, step)
    # Per variable group: positions in its store of the values that were set last, on this entry or earlier; and of the
    # values set last before this entry, for the groups that are read like that.
    after: tuple[npt.NDArray[np.int32], ...] = ()  # each (n,)
    before: Mapping[int, npt.NDArray[np.int32]] = field(default_factory=dict)  # each (n,)
    # Per group: the positions to keep of its store once these steps are done, ascending; None for all of them.
    keep: tuple[Integers | None, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def keeping(self, keep: tuple[Integers | None, ...]) -> "Steps":
        """Return the same steps, with what to keep of the stores."""
        return replace(self, keep=keep)

    def at(self, rows: Integers | slice) -> "Steps":
        """Return some of the rows, without what to keep of the stores."""
        return Steps(
            self.time[rows],
            self.worker[rows],
            self.step[rows],
            self.state[rows],
            self.keys[rows],
            tuple(source[rows] for source in self.after),
            {group: source[rows] for group, source in self.before.items()},
        )
