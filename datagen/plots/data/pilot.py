"""The run that the pictures show: one seeded walk of a spec, as far as its span or the work that it may be.

Owns where the walk is cut; which numbers are made of its steps is up to the modules beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen import draw
from datagen.clock import NEVER, time_left
from datagen.draw import Integers, Keys
from datagen.engine.expectation import Expectation
from datagen.engine.plan import Plan
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.engine.warm_up import warm_up_of
from datagen.engine.watched import Watched, watched
from datagen.job.job import compute
from datagen.job.options import Options
from datagen.job.request import Request, spec_of
from datagen.job.rows import with_rows
from datagen.job.times import settle
from datagen.job.volume import scaled
from datagen.language.load import LoadedSpec
from datagen.language.population import Population
from datagen.moment import Moment
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput, Problem
from datagen.records.types import plain
from datagen.when import parse_when

SpecLike = LoadedSpec | str | Path | Mapping[str, Any]

MONDAY = "2024-01-01T00:00:00"  # the start without one, so that a picture can be made again
WEEK = 7 * 86_400 * 10**9  # ns
MOST_STEPS = 1_000_000
MOST_RECORDS = 20_000
_FIRST_SLICE = 10**9  # ns that are walked at once; workers who come due and are turned away are no steps, but work
_MUCH = 100_000  # workers in a slice


@dataclass(frozen=True)
class Walked:
    """The steps of a walk, n rows in order of time, and how far it got. A wait for a resource is a step, too."""

    time: Integers  # (n,) ns since the start; before it, while the simulation warms up, below 0
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,)
    keys: Keys  # (n,) row keys
    left: Integers  # (n,) when workers stop, where that comes next and is noted; else ``NEVER``
    due: Integers  # (sources,) how many workers of each source came due
    warmed: int  # steps before the start
    reached: int  # ns since the start: all steps before it are there
    is_cut: bool  # before the end of the span
    is_over: bool  # nobody is alive and nobody comes any more


@dataclass(frozen=True)
class Pilot:
    """A spec with the options of the run that is looked at."""

    loaded: LoadedSpec
    options: Options  # with a seed and a duration
    start: Moment

    @classmethod
    def of(cls, spec: SpecLike, given: Mapping[str, Any] = MappingProxyType({})) -> "Pilot":
        """Return the pilot of a spec and options by name; raises InvalidInput with all that is wrong with them."""
        options = Options.of({**given, "duration": given.get("span")}, {"duration": "span"})
        return cls.complete(spec_of(Request(spec), Registry.load()), options)

    @classmethod
    def complete(cls, loaded: LoadedSpec, options: Options, name: str = "span") -> "Pilot":
        """Return the pilot of options, with those that were not given.

        Raises InvalidInput when the span is empty; ``name`` is what the user calls it.
        """
        if options.duration == 0:
            raise InvalidInput([Problem("must be above 0", name)])
        zone = options.timezone or loaded.spec.timezone
        begin = parse_when(MONDAY if zone else f"{MONDAY}Z") if options.start is None else options.start
        times = settle(replace(options, start=begin, seed=options.seed or 0, threads=1), loaded.spec.timezone)
        assert times.start is not None, "a start that was chosen"
        span = min(options.duration or WEEK, time_left(times.start))
        loaded = with_rows(loaded, times.options, times.start)
        settled, _ = scaled(loaded, replace(times.options, duration=span), times.start)
        return cls(loaded, settled, times.start)

    @cached_property
    def population(self) -> Population:
        """Return what is looked at."""
        return self.options.applied(self.loaded.spec)

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.options.seed or 0

    @property
    def span(self) -> int:
        """Return how long it is, in ns."""
        return self.options.duration or 0

    @property
    def limit(self) -> int:
        """Return how many workers may be alive at once."""
        return self.options.limit(self.population)

    @cached_property
    def plan(self) -> Plan:
        """Return the population as tables."""
        return Plan(self.population, self.start, warm_up_of(self.population), self.options.scale or 1.0)

    @cached_property
    def watched(self) -> Watched:
        """Return the population with doors to the states that are waited for: its steps are those that are walked."""
        return watched(self.population)

    @cached_property
    def expectation(self) -> Expectation:
        """Return what is to be expected of it."""
        return Expectation(self.options.limited(self.population), self.options.scale or 1.0, self.start)

    @cached_property
    def walked(self) -> Walked:
        """Return its steps: all of them, or a million and some.

        Raises RunFailed when it can't walk on, and InvalidInput when its clock never would.
        """
        if self.population.stands_still:
            compute(self.loaded, self.options)
        limits = self.options.limits(self.population)
        walk = Walk(replace(self.plan, population=self.watched.population), self.seed, limits)
        parts = []
        steps, time = 0, -self.plan.warm_up
        ahead = _FIRST_SLICE
        while (time := max(time, walk.next_time)) < self.span and steps + int(walk.due.sum()) // 4 < MOST_STEPS:
            end, before = min(time + ahead, self.span), int(walk.due.sum())
            while walk.next_time < end and steps < MOST_STEPS:
                parts.append(walk.advance(end))
                steps += len(parts[-1])
            ahead *= 2 if int(walk.due.sum()) - before < _MUCH else 1
            time = end
        reached = min(max(walk.next_time, time if steps < MOST_STEPS else 0, 0), self.span)
        entries = _column(parts, "state") < len(self.watched.population.states)  # and not what children are given
        columns = {name: _column(parts, name)[entries] for name in ("time", "worker", "step", "state", "keys")}
        return Walked(
            **columns,
            left=_left(parts, columns["worker"]),
            due=walk.due,
            warmed=int(np.searchsorted(columns["time"], 0)),
            reached=reached,
            is_cut=reached < self.span,
            is_over=walk.is_over,
        )

    @cached_property
    def records(self) -> dict[str, dict[str, pa.Array]]:
        """Return the columns of each emitter's records: of all, or the first 20,000, that the steps make."""
        if not self.walked.reached:
            return {}
        run = compute(self.loaded, replace(self.options, duration=self.walked.reached))
        parts: dict[str, list[dict[str, pa.Array]]] = {emitter: [] for emitter in run.layout.emitters}
        left = MOST_RECORDS
        for batch in run.batches():
            for part in batch.slice(0, left).parts:
                parts[part.emitter].append(part.columns)
            left -= len(batch)
            if left <= 0:
                run.stop()
                break
        return {emitter: _joined(columns) for emitter, columns in parts.items()}

    @cached_property
    def busy(self) -> int:
        """Return up to when something happens, in ns since the start: to the last stop of a run that is over."""
        if not self.walked.is_over or not len(self.lasts):
            return self.walked.reached
        return int(np.clip((self.walked.time[self.lasts] + self.stays(self.lasts)).max(), 0, self.walked.reached))

    @property
    def born(self) -> int:
        """Return how many workers were born from the start on."""
        return int((self.births[0] >= self.walked.warmed).sum())

    @cached_property
    def births(self) -> tuple[Integers, Integers]:
        """Return the rows of the steps that are births (n,), and the source of each (n,).

        Where there are several sources that of a child is -1.
        """
        walked, plan = self.walked, self.plan
        rows = np.flatnonzero(walked.step == 0)
        sources = np.zeros(len(rows), np.int64)
        if len(plan.population.sources) > 1:
            sources -= 1
            order = np.argsort(walked.keys[rows])
            keys = walked.keys[rows][order]
            for place, source in enumerate(plan.population.sources):
                worker = draw.purpose_key(self.seed, f"{plan.path_of(source)}worker")
                workers = draw.numbered(worker, np.arange(walked.due[place] + 1))
                own = draw.numbered(workers, np.zeros(len(workers), np.int64))
                found = np.minimum(np.searchsorted(keys, own), max(len(keys) - 1, 0))
                sources[order[found[keys[found] == own]]] = place
        return rows, sources

    def stays(self, rows: Integers) -> Integers:
        """Return how long the steps of some rows (n,) last, (n,) in ns, also beyond what was reached."""
        walked = self.walked
        purpose = draw.purpose_key(self.seed, self.plan.purpose("delay"))
        keys, states = walked.keys[rows], walked.state[rows]
        waits = np.zeros(len(rows), np.int64)
        for number, state in enumerate(self.population.states):
            own = np.flatnonzero(states == number)
            if state.follows_the_instant:
                waits[own] = np.minimum(self._nexts[rows[own]], walked.left[rows[own]]) - walked.time[rows[own]]
            elif state.drawn_delay is not None and len(own):
                waits[own] = state.drawn_delay.waits(keys[own], purpose)
        for door in self.watched.doors.values():
            waiting = states == door
            waits[waiting] = np.maximum(self._nexts[rows[waiting]] - walked.time[rows[waiting]], 0)
        return waits

    @cached_property
    def _nexts(self) -> Integers:
        """Return when the worker of each step has made its next one, (n,); a second after all for who waits then."""
        walked = self.walked
        order = np.argsort(walked.worker, kind="stable")
        time, worker = walked.time[order], walked.worker[order]
        nexts = np.full(len(order), walked.reached + _FIRST_SLICE)
        follows = np.flatnonzero(worker[1:] == worker[:-1])
        nexts[order[follows]] = time[follows + 1]
        return nexts

    @cached_property
    def lasts(self) -> Integers:
        """Return the rows of the last step of each worker, in order of the workers, (workers,)."""
        found, worker = np.unique(self.walked.worker, return_inverse=True)
        last = np.zeros(len(found), np.int64)
        last[worker] = np.arange(len(worker))  # of rows of the same worker the last one stays
        return last


def _left(parts: Sequence[Steps], worker: Integers) -> Integers:
    """Return when the workers of rows (n,) stop, of their last rows and where that is noted; else ``NEVER``."""
    stops = dict(zip(_stops(parts, "worker").tolist(), _stops(parts, "time").tolist(), strict=True))
    is_last = np.ones(len(worker), bool)
    order = np.argsort(worker, kind="stable")
    is_last[order[:-1]] = worker[order][1:] != worker[order][:-1]
    left = np.full(len(worker), NEVER)
    for row in np.flatnonzero(is_last & np.isin(worker, [*stops])).tolist():
        left[row] = stops[int(worker[row])]
    return left


def _stops(parts: Sequence[Steps], name: str) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *(getattr(part.stops, name) for part in parts)])


def _column(parts: Sequence[Steps], name: str) -> npt.NDArray[Any]:
    none = np.zeros(0, np.uint64 if name == "keys" else np.int64)
    return np.concatenate([getattr(part, name) for part in parts]) if parts else none


def _joined(parts: Sequence[Mapping[str, pa.Array]]) -> dict[str, pa.Array]:
    """Return columns in one piece, without dictionaries."""
    return {name: pa.concat_arrays([plain(part[name]) for part in parts]) for name in (parts[0] if parts else ())}
