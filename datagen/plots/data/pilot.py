"""The run that the pictures show: one seeded walk of a spec, as far as its span or the work that it may be.

Owns where the walk is cut; which numbers are made of its steps is up to the modules beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datagen import draw
from datagen.clock import time_left
from datagen.draw import Integers, Keys
from datagen.engine.plan import Plan
from datagen.engine.run import Run
from datagen.engine.walk import Walk
from datagen.job.job import compute
from datagen.job.options import Options
from datagen.job.request import Request, spec_of
from datagen.language.load import LoadedSpec
from datagen.language.population import Population
from datagen.moment import Moment, parse_moment
from datagen.plugin.registry import Registry

SpecLike = LoadedSpec | str | Path | Mapping[str, Any]

MONDAY = "2024-01-01T00:00:00Z"  # the start without one, so that a picture can be made again
WEEK = "7D"
MOST_STEPS = 1_000_000
_FIRST_SLICE = 10**9  # ns that are walked at once; workers who come due and are turned away are no steps, but work
_MUCH = 100_000  # workers in a slice


@dataclass(frozen=True)
class Walked:
    """The steps of a walk, n rows in order of time, and how far it got."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: Integers  # (n,)
    keys: Keys  # (n,) row keys
    due: Integers  # (sources,) how many workers of each source came due
    reached: int  # ns since the start: all steps before it are there
    is_cut: bool  # before the end of the span


@dataclass(frozen=True)
class Pilot:
    """A spec with the options of the run that is looked at."""

    loaded: LoadedSpec
    options: Options  # with a start, a seed and a duration

    @classmethod
    def of(
        cls,
        spec: SpecLike,
        start: str | datetime | None = None,
        seed: int | None = None,
        max_workers: int | None = None,
        span: str | timedelta | None = None,
    ) -> "Pilot":
        """Return the pilot of a spec and options; raises InvalidInput with all that is wrong with them."""
        given = {"start": start, "seed": seed, "max_workers": max_workers, "duration": span}
        options = Options.of(given, {"duration": "span"})
        return cls.complete(spec_of(Request(spec), Registry.load()), options)

    @classmethod
    def complete(cls, loaded: LoadedSpec, options: Options) -> "Pilot":
        """Return the pilot of options, with those that were not given."""
        given = {"start": options.start or MONDAY, "seed": options.seed or 0, "duration": options.duration or WEEK}
        chosen = Options.of(given, {"duration": "span"})
        return cls(loaded, replace(chosen, max_workers=options.max_workers))

    @property
    def population(self) -> Population:
        """Return what is looked at."""
        return self.loaded.spec

    @property
    def start(self) -> Moment:
        """Return when it starts."""
        return self.options.start or parse_moment(MONDAY)

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.options.seed or 0

    @property
    def span(self) -> int:
        """Return how long it is, in ns."""
        return min(self.options.duration or 0, time_left(self.start))

    @property
    def limit(self) -> int:
        """Return how many workers may be alive at once."""
        return self.options.limit(self.population)

    @cached_property
    def plan(self) -> Plan:
        """Return the population as tables."""
        return Plan(self.population, self.start)

    @cached_property
    def run(self) -> Run:
        """Return a run that makes its records. Raises InvalidInput when there can't be one."""
        return compute(self.loaded, replace(self.options, threads=1))

    @cached_property
    def walked(self) -> Walked:
        """Return its steps: all of them, or a million and some. Raises RunFailed when it can't walk on."""
        assert self.run, "which finds out whether there can be one"
        walk = Walk(self.plan, self.seed, self.limit)
        parts = []
        steps = time = 0
        ahead = _FIRST_SLICE
        while (time := max(time, walk.next_time)) < self.span and steps + int(walk.due.sum()) // 4 < MOST_STEPS:
            end, before = min(time + ahead, self.span), int(walk.due.sum())
            while walk.next_time < end and steps < MOST_STEPS:
                parts.append(walk.advance(end))
                steps += len(parts[-1])
            ahead *= 2 if int(walk.due.sum()) - before < _MUCH else 1
            time = end
        reached = min(max(walk.next_time, time if steps < MOST_STEPS else 0), self.span)
        columns = [[getattr(part, name) for part in parts] for name in ("time", "worker", "step", "state", "keys")]
        empty = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
        joined = [np.concatenate(column) for column in columns] if parts else [*empty, np.zeros(0, np.uint64)]
        return Walked(*joined, walk.due, reached, reached < self.span)

    @cached_property
    def births(self) -> tuple[Integers, Integers]:
        """Return the rows of the steps that are births (n,), and the source of each (n,)."""
        walked, plan = self.walked, self.plan
        rows = np.flatnonzero(walked.step == 0)
        sources = np.zeros(len(rows), np.int64)
        if len(plan.population.sources) > 1:
            order = np.argsort(walked.keys[rows])
            keys = walked.keys[rows][order]
            for place, source in enumerate(plan.population.sources):
                worker = draw.purpose_key(self.seed, f"{plan.path_of(source)}worker")
                workers = draw.numbered(worker, np.arange(walked.due[place] + 1))
                own = draw.numbered(workers, np.zeros(len(workers), np.int64))
                found = np.minimum(np.searchsorted(keys, own), max(len(keys) - 1, 0))
                sources[order[found[keys[found] == own]]] = place
        return rows, sources

    @cached_property
    def stays(self) -> Integers:
        """Return how long each step lasts, (n,) in ns, also beyond what was reached."""
        walked = self.walked
        purpose = draw.purpose_key(self.seed, self.plan.purpose("delay"))
        waits = np.zeros(len(walked.time), np.int64)
        for number, state in enumerate(self.population.states):
            own = np.flatnonzero(walked.state == number)
            if state.delay is not None and len(own):
                waits[own] = state.delay.waits(walked.keys[own], purpose)
        return waits

    @cached_property
    def lasts(self) -> Integers:
        """Return the rows of the last step of each worker, in order of the workers, (workers,)."""
        walked = self.walked
        order = np.lexsort((walked.step, walked.worker))
        worker = walked.worker[order]
        return order[np.flatnonzero(np.append(worker[1:] != worker[:-1], True))] if len(order) else order
