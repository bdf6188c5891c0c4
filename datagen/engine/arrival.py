"""Arrivals: when workers are born, under the limit. Knows nothing of their lives but how long these last."""

import heapq
from typing import Any

import numpy as np

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys
from datagen.engine.plan import Plan
from datagen.problems import RunFailed

_FIRST_GUESS = 64
_MOST_AT_ONCE = 262144
_NOBODY = np.zeros(0, np.int64)


class Arrivals:
    """The spawning of workers: ``spawn[k+1] = max(spawn[k] + gap[k], first instant with fewer than m alive)``."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._interarrival = plan.population.interarrival
        self._seed = seed
        self._worker_purpose = plan.purpose("worker")
        self._purpose = draw.purpose_key(seed, plan.purpose("interarrival"))
        self._guess = _FIRST_GUESS  # how many are born in a window
        self.most = max_workers
        self.spawned = 0
        self.due = 0  # ns since the start: the next spawn is not before this
        self.asked = 0  # ns since the start: when it would be without a limit
        self.held: tuple[Integers, Integers] = (_NOBODY, _NOBODY)  # (n,) births that it held back, and for how many ns

    def snapshot(self) -> dict[str, Any]:
        """Return how far the births have come, for ``restore``."""
        return {"guess": self._guess, "spawned": self.spawned, "due": self.due, "asked": self.asked}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self._guess, self.spawned = snapshot["guess"], snapshot["spawned"]
        self.due, self.asked = snapshot["due"], snapshot["asked"]

    def candidates(self, end: int) -> tuple[Integers, Integers, Keys]:
        """Return when the next workers would be born without a limit, the gaps after these births, and their keys.

        Each (n,); only births before ``end``, in ns since the start, and not always all of these.
        """
        workers = np.arange(self.spawned, self.spawned + (self._guess if self.due < end else 0))
        keys = draw.worker_keys(self._seed, workers, self._worker_purpose)
        random = draw.bits(draw.numbered(keys, np.zeros(1, np.int64)), self._purpose)
        gaps = nanoseconds(self._interarrival.real(random))
        births = self.due + np.concatenate([np.zeros(1, np.int64), running_sum(gaps[:-1])])[: len(gaps)]
        count = int(np.searchsorted(births, end))
        return births[:count], gaps[:count], keys[:count]

    def hold_back(self, moment: int) -> None:
        """Let nobody be born before a time: until then as many are alive as may be."""
        self.due = max(self.due, moment)

    def admit(
        self, births: Integers, gaps: Integers, lives: Integers, alive: int, stops: Integers, end: int
    ) -> tuple[Integers, int]:
        """Let candidates in under the limit; return when they are born, and the end of the window.

        ``lives`` (n,) says how long each candidate lives, ``stops`` (alive,) when each of those alive stops; where that
        is not before the end of the window, any time beyond it will do. When there are too few candidates, the window
        ends before the next birth. All in ns.
        """
        self.held = (_NOBODY, _NOBODY)
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
        self._note(births, gaps)
        self.spawned += len(births)
        more = 2 * len(births) if len(births) == self._guess else len(births) + len(births) // 4 + 1
        self._guess = min(more, _MOST_AT_ONCE)
        return births, end

    def _note(self, births: Integers, gaps: Integers) -> None:
        """Note which births (n,) were held back; ``gaps`` (n or more,) follow them."""
        if not len(births):
            return
        asked = np.concatenate([[self.asked], births[:-1] + gaps[: len(births) - 1]])
        held = np.flatnonzero(births > asked)
        self.held = births[held], births[held] - asked[held]
        self.asked = min(int(births[-1] + gaps[len(births) - 1]), NEVER)

    def _admit_one_by_one(
        self, gaps: Integers, lives: Integers, alive: int, stops: Integers, end: int
    ) -> tuple[Integers, int]:
        """Apply the rule of the limit word for word; about 0.4 µs a worker."""
        free = self.most - alive
        ends = np.sort(stops[stops < end]).tolist()
        born: list[int] = []
        due = self.due
        for gap, life in zip([*gaps.tolist(), 0], [*lives.tolist(), 0], strict=True):
            while ends and ends[0] <= due:
                heapq.heappop(ends)
                free += 1
            if not free:
                if not ends:
                    break
                due = heapq.heappop(ends)
                free = 1
            if due >= end:
                break
            if len(born) == len(gaps):
                end = due + 1
                break
            born.append(due)
            free -= 1
            if due + life < end:
                heapq.heappush(ends, due + life)
            due += gap
        self.due = due
        return np.array(born, np.int64), end


def nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds; below 0 counts as 0, and what is beyond ``NEVER`` as that.

    Raises RunFailed when one is NaN, as a plug-in may draw it.
    """
    if np.isnan(seconds).any():
        raise RunFailed("walking on: a delay or gap is not a number")
    return np.rint(np.minimum(np.maximum(seconds, 0), NEVER / 1e9) * 1e9).astype(np.int64)


def running_sum(values: Integers) -> Integers:
    """Sum along the first axis; what exceeds ``NEVER`` stays there."""
    sums = np.cumsum(values, axis=0)
    if values.size and int(values.max()) > NEVER // len(values):
        sums[np.cumsum(values.astype(np.float64), axis=0) >= NEVER] = NEVER
    return sums
