"""Who is alive, where, and when: arrivals, the limit, delays and transitions become steps. Knows nothing of fields.

The future is computed window by window; how it is cut into windows never changes a step. Since every draw is keyed, a
worker's life relative to its birth is known before it is born. So a window computes the lives of all who may act in
it, lets newcomers in one after the other under the limit, and sorts the steps by time.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.arrival import Arrivals
from datagen.engine.living import Living, Positions, Workers, newborn
from datagen.engine.path import PathFinder, Paths
from datagen.engine.plan import Plan
from datagen.engine.step import Steps

_FEWEST_ROWS = 65536  # aimed at in a window: enough to make numpy's overhead small, few enough for the cache
_FIRST_SPAN = 1_000_000  # ns
_STALE = 65536  # values that nobody can read any more, from which on a store is cleared


class Walk:
    """The walk of all workers."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._stop = plan.transitions.stop
        self._sets_group = plan.sets_group
        self._former_groups = plan.former_groups
        self._arrivals = Arrivals(plan, seed, max_workers)
        self._finder = PathFinder(plan, seed)
        self._living = Living(len(plan.groups))
        self._sizes = [1] * len(plan.groups)  # of the stores; position 0 is "never set"
        self._span = _FIRST_SPAN

    @property
    def next_time(self) -> int:
        """Return a time, in ns since the start, before which nothing happens."""
        first = self._living.next_time
        return first if self.alive >= self._arrivals.most else min(first, self._arrivals.due)

    @property
    def alive(self) -> int:
        """Return how many workers are alive."""
        return len(self._living)

    @property
    def held_since(self) -> int:
        """Return since when a spawn is held back, in ns since the start; ``NEVER`` when none is."""
        arrivals = self._arrivals
        return arrivals.asked if self.alive >= arrivals.most or arrivals.due > arrivals.asked else NEVER

    @property
    def held(self) -> tuple[Integers, Integers]:
        """Return the births of the last window that were held back, and for how many ns; each (n,)."""
        return self._arrivals.held

    def snapshot(self) -> dict[str, Any]:
        """Return where all workers are, for ``restore``."""
        return {
            "arrivals": self._arrivals.snapshot(),
            "living": self._living.snapshot(),
            "sizes": list(self._sizes),
            "span": self._span,
            "pace": self._finder.pace,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put all workers where they were when a snapshot was taken."""
        self._arrivals.restore(snapshot["arrivals"])
        self._living.restore(snapshot["living"])
        self._sizes, self._span, self._finder.pace = snapshot["sizes"], snapshot["span"], snapshot["pace"]

    def advance(self, limit: int) -> Steps:
        """Walk on through one window, which ends at ``limit`` (ns since the start) or before; return the steps before.

        Raises RunFailed when a delay or gap is NaN, or very many steps are at one and the same time.
        """
        first = self.next_time
        end = min(limit, first + self._span)
        if self.alive >= self._arrivals.most:
            self._arrivals.hold_back(first)
        births, gaps, keys = self._arrivals.candidates(end)
        slots, workers = self._living.acting(end, newborn(self._arrivals.spawned, births, keys, len(self._sizes)))
        paths, end = self._finder.walk(workers, end)
        stops = self._stop_times(workers, paths)
        old = len(slots)
        lives = np.where(stops[old:] < end, stops[old:] - births, NEVER)
        born, end = self._arrivals.admit(births, gaps, lives, self.alive, stops[:old], end)
        living = old + len(born)
        if (born != births[: len(born)]).any():
            shift = np.zeros(len(workers), np.int64)
            shift[old:living] = born - births[: len(born)]
            paths.time += shift[paths.owner]
        past = np.flatnonzero((paths.time < end) & (paths.owner < living))
        below = np.bincount(paths.owner[past], minlength=living)
        steps = self._steps(workers, paths, past, below, first, end)
        self._living.settle(slots, workers, self._move(workers, paths, below, end))
        keep = self._keep()
        self._adapt(len(steps), end - first, living)
        return steps if keep is None else steps.keeping(keep)

    def _stop_times(self, workers: Workers, paths: Paths) -> Integers:
        """Return when each worker stops, (workers,); ``NEVER`` where that is not known yet."""
        times = np.where(workers.state == self._stop, workers.time, NEVER)
        stops = np.flatnonzero(paths.state == self._stop)
        times[paths.owner[stops]] = paths.time[stops]
        return times

    def _steps(self, workers: Workers, paths: Paths, past: Integers, below: Integers, first: int, end: int) -> Steps:
        """Return the steps of paths that are before the end, in time order."""
        taken = past[paths.state[past] < self._stop]
        order = _time_order(paths.time[taken], paths.number[taken], first, end)
        rows = paths.row_of[order]
        owner = paths.owner[rows]
        after, before = self._sources(workers, paths, below, order)
        return Steps(
            paths.time[rows],
            workers.worker[owner],
            workers.step[owner] + paths.rank[rows],
            paths.state[rows],
            paths.key[rows],
            after,
            before,
        )

    def _sources(
        self, workers: Workers, paths: Paths, below: Integers, order: Integers
    ) -> tuple[tuple[Positions, ...], dict[int, Positions]]:
        """Return the positions of the values set last on each step, and before it, for each variable group.

        ``order`` has the numbers of the steps in time order, ``below`` how many, with a stop, each worker
        takes. Also brings what the workers have stored up to date.
        """
        afters: list[Positions] = []
        befores: dict[int, Positions] = {}
        walked = np.flatnonzero(below)
        begins = paths.starts[walked]
        for group, sets in enumerate(self._sets_group):
            old = workers.stored[group][walked]
            source = np.zeros(len(paths.owner), np.int32)
            everywhere = bool(sets[: self._stop].all())
            setting = order if everywhere else order[sets[paths.state[paths.row_of[order]]]]
            source[setting] = np.arange(self._sizes[group], self._sizes[group] + len(setting), dtype=np.int32)
            self._sizes[group] += len(setting)
            if not everywhere:
                # What was set before the window counts as set, negative, on the first step, unless that sets it anew.
                unset = source[begins] == 0
                source[begins[unset]] = -1 - old[unset]
                last = np.where(source != 0, np.arange(len(source)), 0)
                np.maximum.accumulate(last, out=last)
                source = source[last]
                source = np.where(source < 0, -1 - source, source)
            if group in self._former_groups:
                before = np.concatenate([source[:1], source[:-1]])
                before[begins] = old
                befores[group] = before[order]
            workers.stored[group][walked] = source[begins + below[walked] - 1]
            afters.append(source[order])
        return tuple(afters), befores

    def _move(self, workers: Workers, paths: Paths, below: Integers, end: int) -> npt.NDArray[np.bool_]:
        """Move each worker to its first step that is not past; return who has one, and so is alive."""
        counts = paths.counts[: len(below)]
        alive = np.where(counts > 0, below < counts, workers.time[: len(below)] >= end)
        moved = np.flatnonzero((counts > 0) & alive)
        front = paths.row_of[paths.starts[moved] + below[moved]]
        workers.state[moved], workers.time[moved] = paths.state[front], paths.time[front]
        workers.step[moved] += below[moved]
        return alive

    def _keep(self) -> tuple[Integers | None, ...] | None:
        """Return the positions to keep, of groups with many values that nobody can read any more; None without any.

        Also renumbers the positions that workers have stored.
        """
        keep: list[Integers | None] = []
        for group, size in enumerate(self._sizes):
            keep.append(None)
            if size > self.alive + self.alive // 2 + _STALE:
                used = np.zeros(size, bool)
                used[0] = True
                used[self._living.stored[group]] = True
                kept_at = np.cumsum(used, dtype=np.int32) - np.int32(1)
                self._living.stored[group] = kept_at[self._living.stored[group]]
                keep[group] = np.flatnonzero(used)
                self._sizes[group] = int(kept_at[-1]) + 1
        return tuple(keep) if any(kept is not None for kept in keep) else None

    def _adapt(self, rows: int, span: int, workers: int) -> None:
        """Choose the size of the next window from what this one held."""
        wanted = max(_FEWEST_ROWS, self.alive // 8)
        growth = min(max(wanted / max(rows, 1), 0.25), 4.0)
        self._span = int(min(max(span * growth, 1), NEVER))
        self._finder.pace = max(1.0, rows / max(workers, 1))


def _time_order(time: Integers, number: Integers, first: int, end: int) -> Integers:
    """Return the numbers of steps in order of (time, number).

    Both are packed into one integer and sorted: 7 ns a step, where sorting by two keys takes more than 90.
    """
    bits = int(number.max(initial=0)).bit_length()
    if (end - first) >> (63 - bits):
        return number[np.lexsort((number, time))]
    packed = ((time - first) << bits) | number
    packed.sort()
    return packed & ((1 << bits) - 1)
