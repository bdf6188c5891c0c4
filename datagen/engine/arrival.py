"""Arrivals: when workers are born, under the limit. Knows nothing of what they do in their lives but when these end."""

import heapq
from typing import Any

import numpy as np

from datagen import draw
from datagen.clock import NEVER as NEVER
from datagen.draw import Floats, Integers
from datagen.engine.plan import Plan
from datagen.problems import RunFailed

_FIRST_GUESS = 64
_MOST_AT_ONCE = 262144


class Arrivals:
    """The spawning of workers: ``spawn[k+1] = max(spawn[k] + gap[k], first instant with fewer than m alive)``."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._interarrival = plan.spec.interarrival
        self._seed = seed
        self._purpose = draw.purpose_key(seed, "interarrival")
        self._guess = _FIRST_GUESS  # of how many are born in a window
        self.most = max_workers
        self.spawned = 0
        self.due = 0  # ns since the start: the next spawn is not before this

    def state(self) -> dict[str, Any]:
        """Give who was born, for ``restore``."""
        return {"guess": self._guess, "spawned": self.spawned, "due": self.due}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on after the births of ``state``."""
        self._guess, self.spawned, self.due = state["guess"], state["spawned"], state["due"]

    def candidates(self, end: int) -> tuple[Integers, Integers]:
        """Give the births (n,) before a time of the next workers, if no limit held them back, and the gaps after."""
        if self.due >= end:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        workers = np.arange(self.spawned, self.spawned + self._guess)
        keys = draw.numbered(draw.worker_keys(self._seed, workers), np.zeros(1, np.int64))
        gaps = nanoseconds(self._interarrival.real(draw.bits(keys, self._purpose)))
        births = self.due + np.concatenate([[0], running_sum(gaps[:-1])])
        count = int(np.searchsorted(births, end))
        return births[:count], gaps[:count]

    def hold_back(self, moment: int) -> None:
        """Let nobody be born before a time, since no place is free until then."""
        self.due = max(self.due, moment)

    def admit(
        self, births: Integers, gaps: Integers, lives: Integers, alive: int, stops: Integers, end: int
    ) -> tuple[Integers, int]:
        """Let candidates in under the limit; give their births, and the end of the window.

        ``lives`` (n,) says how long each lives and ``stops`` when those who are alive stop, as far as that is before
        the end of the window, else anything beyond. It ends with the next birth when there are too few candidates.
        """
        if not len(births):
            return births, end
        # Those who stop at birth count until 1 ns later: this test may then refuse, but never lets one in too many.
        ends = np.sort(np.concatenate([stops, births + np.maximum(lives, 1)]))
        occupied = alive + np.arange(len(births)) - np.searchsorted(ends, births, "right")
        if (occupied < self.most).all():
            self.due = int(births[-1] + gaps[-1])
            end = min(end, self.due + 1)
        else:
            births, end = self._admit_one_by_one(gaps, lives, alive, stops, end)
        self.due = min(self.due, NEVER)
        self.spawned += len(births)
        more = 2 * len(births) if len(births) == self._guess else len(births) + len(births) // 4 + 1
        self._guess = min(more, _MOST_AT_ONCE)
        return births, end

    def _admit_one_by_one(
        self, gaps: Integers, lives: Integers, alive: int, stops: Integers, end: int
    ) -> tuple[Integers, int]:
        """The rule of the limit, word for word; about 0.4 µs a worker."""
        places = self.most - alive
        ends = np.sort(stops[stops < end]).tolist()
        born: list[int] = []
        due = self.due
        for gap, life in zip([*gaps.tolist(), 0], [*lives.tolist(), 0], strict=True):
            while ends and ends[0] <= due:
                heapq.heappop(ends)
                places += 1
            if not places:
                if not ends:
                    break
                due = heapq.heappop(ends)
                places = 1
            if due >= end:
                break
            if len(born) == len(gaps):
                end = due + 1
                break
            born.append(due)
            places -= 1
            if due + life < end:
                heapq.heappush(ends, due + life)
            due += gap
        self.due = due
        return np.array(born, np.int64), end


def nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds; below 0 counts as 0, and what is beyond all time is never.

    Raises RunFailed when one is not a number, as a plug-in may draw it.
    """
    if np.isnan(seconds).any():
        raise RunFailed("walking on: a delay or gap is not a number")
    return np.rint(np.minimum(np.maximum(seconds, 0), NEVER / 1e9) * 1e9).astype(np.int64)


def running_sum(values: Integers) -> Integers:
    """Sum along the first axis; what exceeds all time stays at never."""
    sums = np.cumsum(values, axis=0)
    if values.size and int(values.max()) > NEVER // len(values):
        sums[np.cumsum(values.astype(np.float64), axis=0) >= NEVER] = NEVER
    return sums
