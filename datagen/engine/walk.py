"""Who is alive, where, and when: arrivals, the limit, delays and transitions become steps. Knows nothing of fields.

The future is computed window by window; which windows never changes a step. Since every draw is keyed, a worker's life
relative to its birth is known before it is born. So a window takes the lives of all who may act in it, lets the
newcomers in one after the other under the limit, and sorts their steps by time.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.arrival import Arrivals
from datagen.engine.living import Lanes, Places, Population, newborn
from datagen.engine.path import PathFinder, Paths
from datagen.engine.plan import Plan
from datagen.engine.step import Steps

_FEWEST_ROWS = 65536  # steps of a window: enough to make numpy's overhead small, few enough for the cache
_FIRST_SPAN = 1_000_000  # ns
_STALE = 65536  # values that a store may hold for nobody before it is cleared


class Walk:
    """The walk of all workers."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._stop = plan.transitions.stop
        self._sets_group = plan.sets_group
        self._former_groups = plan.former_groups
        self._arrivals = Arrivals(plan, seed, max_workers)
        self._finder = PathFinder(plan, seed)
        self._population = Population(len(plan.groups))
        self._sizes = [1] * len(plan.groups)  # of the stores; place 0 is "never set"
        self._span = _FIRST_SPAN

    @property
    def next_time(self) -> int:
        """Give a time, ns since the start, before which nothing happens."""
        first = self._population.next_time
        return first if self.alive >= self._arrivals.most else min(first, self._arrivals.due)

    @property
    def alive(self) -> int:
        """Give how many workers are alive."""
        return len(self._population)

    def state(self) -> dict[str, Any]:
        """Give where everyone is, for ``restore``."""
        return {
            "arrivals": self._arrivals.state(),
            "population": self._population.state(),
            "sizes": list(self._sizes),
            "span": self._span,
            "pace": self._finder.pace,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put everyone where ``state`` says."""
        self._arrivals.restore(state["arrivals"])
        self._population.restore(state["population"])
        self._sizes, self._span, self._finder.pace = state["sizes"], state["span"], state["pace"]

    def advance(self, limit: int) -> Steps:
        """Walk on through one window, at most to a time (ns since the start, not included)."""
        first = self.next_time
        end = min(limit, first + self._span)
        if self.alive >= self._arrivals.most:
            self._arrivals.hold_back(first)
        births, gaps = self._arrivals.candidates(end)
        slots, lanes = self._population.acting(end, newborn(self._arrivals.spawned, births, len(self._sizes)))
        paths, end = self._finder.walk(lanes, end)
        stops = self._stop_times(lanes, paths)
        old = len(slots)
        lives = np.where(stops[old:] < end, stops[old:] - births, NEVER)
        born, end = self._arrivals.admit(births, gaps, lives, self.alive, stops[:old], end)
        living = old + len(born)
        if (born != births[: len(born)]).any():
            shift = np.zeros(len(lanes), np.int64)
            shift[old:living] = born - births[: len(born)]
            paths.time += shift[paths.lane]
            lanes.time += shift
        past = np.flatnonzero((paths.time < end) & (paths.lane < living))
        below = np.bincount(paths.lane[past], minlength=living)
        steps = self._steps(lanes, paths, past, below, first, end)
        self._population.settle(slots, lanes, self._move(lanes, paths, below, end))
        keep = self._keep()
        self._adapt(len(steps), end - first, living)
        return steps if keep is None else steps.keeping(keep)

    def _stop_times(self, lanes: Lanes, paths: Paths) -> Integers:
        """Give when each lane stops, as far as that is known."""
        times = np.where(lanes.state == self._stop, lanes.time, NEVER)
        stops = np.flatnonzero(paths.state == self._stop)
        times[paths.lane[stops]] = paths.time[stops]
        return times

    def _steps(self, lanes: Lanes, paths: Paths, past: Integers, below: Integers, first: int, end: int) -> Steps:
        """Take the steps before the end out of the paths, in time order."""
        taken = past[paths.state[past] < self._stop]
        order = _time_order(paths.time[taken], paths.place[taken], first, end)
        rows = paths.at[order]
        lane = paths.lane[rows]
        after, before = self._sources(lanes, paths, below, order)
        return Steps(
            paths.time[rows],
            lanes.worker[lane],
            lanes.step[lane] + paths.rank[rows],
            paths.state[rows],
            paths.key[rows],
            after,
            before,
        )

    def _sources(
        self, lanes: Lanes, paths: Paths, below: Integers, order: Integers
    ) -> tuple[tuple[Places, ...], tuple[Places | None, ...]]:
        """Give, for each variable group, where the values are that were set last on each step, and before it.

        ``order`` has the places of the steps, in time order. The lanes are told what was set last.
        """
        afters: list[Places] = []
        befores: list[Places | None] = []
        walked = np.flatnonzero(below)
        begins = paths.starts[walked]
        for group, sets in enumerate(self._sets_group):
            old = lanes.stored[group][walked]
            source = np.zeros(len(paths.lane), np.int32)
            everywhere = bool(sets[: self._stop].all())
            setting = order if everywhere else order[sets[paths.state[paths.at[order]]]]
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
            befores.append(None)
            if group in self._former_groups:
                before = np.concatenate([source[:1], source[:-1]])
                before[begins] = old
                befores[group] = before[order]
            lanes.stored[group][walked] = source[begins + below[walked] - 1]
            afters.append(source[order])
        return tuple(afters), tuple(befores)

    def _move(self, lanes: Lanes, paths: Paths, below: Integers, end: int) -> npt.NDArray[np.bool_]:
        """Put everyone at the first step that is not past; tell who has one, and so is alive."""
        counts = paths.counts[: len(below)]
        alive = np.where(counts > 0, below < counts, lanes.time[: len(below)] >= end)
        moved = np.flatnonzero((counts > 0) & alive)
        front = paths.at[paths.starts[moved] + below[moved]]
        lanes.state[moved], lanes.time[moved] = paths.state[front], paths.time[front]
        lanes.step[moved] += below[moved]
        return alive

    def _keep(self) -> tuple[Integers | None, ...] | None:
        """Say which stored values somebody still needs, once many are stale."""
        keep: list[Integers | None] = []
        for group, size in enumerate(self._sizes):
            keep.append(None)
            if size > self.alive + self.alive // 2 + _STALE:
                used = np.zeros(size, bool)
                used[0] = True
                used[self._population.stored[group]] = True
                number = np.cumsum(used, dtype=np.int32) - np.int32(1)
                self._population.stored[group] = number[self._population.stored[group]]
                keep[group] = np.flatnonzero(used)
                self._sizes[group] = int(number[-1]) + 1
        return tuple(keep) if any(kept is not None for kept in keep) else None

    def _adapt(self, rows: int, span: int, lanes: int) -> None:
        """Choose the next window's size from what this one held."""
        wanted = max(_FEWEST_ROWS, self.alive // 8)
        growth = min(max(wanted / max(rows, 1), 0.25), 4.0)
        self._span = int(min(max(span * growth, 1), NEVER))
        self._finder.pace = max(1.0, rows / max(lanes, 1))


def _time_order(time: Integers, place: Integers, first: int, end: int) -> Integers:
    """Give the places of rows in order of (time, place).

    Both are packed into one integer and sorted: 7 ns a row, sorting by two keys takes more than 90.
    """
    bits = int(place.max(initial=0)).bit_length()
    if (end - first) >> (63 - bits):
        return place[np.lexsort((place, time))]
    packed = ((time - first) << bits) | place
    packed.sort()
    return packed & ((1 << bits) - 1)
