"""What becomes of workers beside their records: who was held back, refused, or stopped with nowhere to go."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from datagen.draw import Integers
from datagen.engine.walk import Walk
from datagen.plugin.arrival import Unreadable


@dataclass(frozen=True)
class Held:
    """What the limit of workers has held back: who was born late and, of those who still wait, the first one."""

    spawns: int = 0
    nanoseconds: int = 0  # for how long, in all


@dataclass(frozen=True)
class Refused:
    """Workers of a source who were not born as its workers are."""

    source: str  # its name; "" without one
    dropped: int = 0  # never born, since no place was free
    turned_away: int = 0  # born elsewhere, since no place was free
    left_out: int = 0  # times before the start
    unreadable: Unreadable | None = None  # what a file has that can't be played


@dataclass(frozen=True)
class Walked:
    """What the walk knows at the end of a window."""

    until: int  # ns since the start: when something happens next
    births: Integers  # (n,) of workers who were held back
    spans: Integers  # (n,) ns, for how long
    refused_at: Integers  # (n,) when workers were dropped or turned away,
    refused_by: Integers  # (n,) and of which source
    held_since: int  # since when a spawn is held back
    stuck_at: Integers  # (n,) when workers stopped who had no transition left,
    stuck_in: Integers  # (n,) and in which state

    @classmethod
    def of(cls, walk: Walk) -> "Walked":
        """Return what the walk knows at the end of its last window."""
        return cls(walk.next_time, *walk.held, *walk.refused, walk.held_since, *walk.stuck)

    def then(self, later: "Walked") -> "Walked":
        """Return both windows as one."""
        names = ("births", "spans", "refused_at", "refused_by", "stuck_at", "stuck_in")
        both: dict[str, Any] = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in names}
        return replace(later, **both)

    @classmethod
    def by_nobody(cls, until: int, held_since: int) -> "Walked":
        """Return a window in which nobody was born or stopped."""
        nobody = np.zeros(0, np.int64)
        return cls(until, nobody, nobody, nobody, nobody, held_since, nobody, nobody)
