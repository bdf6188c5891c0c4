"""The sources of arrivals of a run: whom the compiled walk asks when it needs to know more of one of them."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Keys
from datagen.engine.crowd import CROWD, Limits, crowds_of, limits_of
from datagen.engine.plan import Plan
from datagen.engine.rhythm import Rhythm
from datagen.engine.scout import measuring
from datagen.engine.source import SOURCE, WAITS, Source, Steady
from datagen.engine.step import Births
from datagen.native.sources import Pace, Sources
from datagen.plugin.arrival import BATCH, After, Arrival, Paced, Scope, TurnedAway, Unreadable
from datagen.plugin.instant import At
from datagen.problems import show

# How many times of each source lie before its begin or the start, and what of its file can't be played.
Unplayed = tuple[tuple[int, Unreadable | None], ...]


class Arrivals:
    """All sources of arrivals of a run, in order of their names."""

    def __init__(self, plan: Plan, seed: int, limits: Limits, known: int, tells_batches: bool) -> None:
        """Take the limits of workers alive at once, how many times of a source the walk takes at once, and whether it
        asks for batches.
        """
        self._plan = plan
        self._seed = seed
        self.keeps_batches = tells_batches or BATCH in plan.facts
        self._times = plan.times(seed)
        declared = plan.population.sources
        self.table = np.zeros(len(declared), SOURCE)
        self.times = np.zeros((len(declared), known), np.int64)
        self.batches = np.zeros((len(declared), known, 3 if tells_batches else 0), np.int64)  # of who comes, as Births
        pace = None
        self._sources: list[Source] = []
        rhythms = [self._rhythm(source) for source in declared]
        for place, source in enumerate(declared):
            row = self.table[place : place + 1]
            scope = partial(self._scope, source, row, rhythms[place])
            self._sources.append(Source(source, scope, row, self.times[place], rhythms[place], self.keeps_batches))
            self._declare(row, source)
        paced = [(place, rhythm) for place, rhythm in enumerate(rhythms) if rhythm is not None]
        for number, (place, rhythm) in reversed(list(enumerate(paced))):
            self.table["pace"][place] = number
            pace = Pace(rhythm.core, pace)
        self.crowds = crowds_of(limits_of(plan.population, limits))
        self.core = Sources(pace)
        self.core.house(self.table, self.times, self.crowds)
        for running in self._sources:
            if not isinstance(running.declared.from_, After) and not plan.population.is_off(running.declared):
                running.begin(self._begin_of(running.declared))
        self._go_on(0)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def may_lead(self) -> bool:
        """Return whether times may be asked for while the records before are still made.

        Not of a plug-in, which may remember things; nor of a file, of which the columns read the same blocks.
        """
        are_ours = all(source.declared.is_ours for source in self._sources)
        return are_ours and not self._plan.recordings

    @property
    def held_since(self) -> int:
        """Return since when a worker is held back who could else be alive, in ns of the simulation; else ``NEVER``."""
        waits = (self.table["when_full"] == WAITS) & (self.table["is_kept"] == 0)
        waiting = waits & (self._is_full | (self.table["due"] < self.crowds["opened"][self.table["crowd"]]))
        return int(self.table["due"][waiting].min(initial=NEVER))

    @property
    def held_back(self) -> list[str]:
        """Return the sources, in words, that wait for a place."""
        waiting = self._is_full & (self.table["when_full"] == WAITS) & (self.table["due"] < NEVER)
        sources = (self._sources[place].declared.name for place in np.flatnonzero(waiting))
        return ["the next worker" if name is None else f"source {show(name)}" for name in sources]

    @property
    def unplayed(self) -> Unplayed:
        """Return what each source has not played so far."""
        return tuple((source.left_out, source.unreadable) for source in self._sources)

    @property
    def _is_full(self) -> Any:
        """Return for which sources there is no place, (sources,)."""
        are_full = self.crowds["alive"] >= self.crowds["most"]
        return are_full[self.table["crowd"]] | (self.table["alive"] >= self.table["most"])

    @property
    def next_change(self) -> int:
        """Return when a source changes by itself, in ns of the simulation."""
        return min(source.next_change for source in self._sources)

    @property
    def turns(self) -> bool:
        """Return whether with the next change a source begins, or ceases, to keep a number of workers alive."""
        return any(source.turns for source in self._sources if source.next_change == self.next_change)

    def supply(self) -> None:
        """Give the walk more times of the source whose turn it is."""
        self._sources[self.core.comer].supply()
        self._tell_batches(self.core.comer)

    def reach(self) -> None:
        """Find out when the next worker comes due of the source whose pace was not known so far ahead."""
        self._sources[self.core.beyond].reach(self.core.since, self.core.gap)
        self.core.restore()

    def end(self) -> None:
        """Let begin, and end, who waits for the source that is over now."""
        self._go_on(self.core.ended_at)

    def change(self) -> None:
        """Let the sources change whose time it is."""
        now = self.next_change
        for source in self._sources:
            source.change(now)
        self.crowds["opened"] = now
        self._go_on(now)

    def known(self, place: int) -> Keys:
        """Return the keys of the workers of a source, (n,), about whose followers the walk knows."""
        return self._sources[place].known_keys

    def with_batches(self, births: Births) -> Births:
        """Return births with the batches that they are of."""
        found = np.zeros((len(births.row), 3), np.int64)
        for place, source in enumerate(self._sources):
            own = births.source == place
            found[own] = source.batches(births.number[own])
            source.forget()
        return replace(births, batch=found)

    def snapshot(self) -> dict[str, Any]:
        """Return where all sources are, for ``restore``."""
        return {
            "crowds": {name: self.crowds[name].copy() for name in CROWD.names or ()},
            "table": {name: self.table[name].copy() for name in SOURCE.names or ()},
            "sources": [source.snapshot() for source in self._sources],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put all sources where they were when a snapshot was taken."""
        for name, column in snapshot["table"].items():
            self.table[name] = column
        for source, state in zip(self._sources, snapshot["sources"], strict=True):
            source.restore(state)
        for place in range(len(self)):
            self._tell_batches(place)
        for name, column in snapshot["crowds"].items():
            self.crowds[name] = column
        self.core.restore()

    def _tell_batches(self, place: int) -> None:
        """Tell the walk which batches those workers of a source are of about whose followers it knows."""
        if self.batches.size:
            found = self._sources[place].batches(self._sources[place].known)
            self.batches[place, : len(found)] = found

    def _declare(self, row: Any, source: Arrival) -> None:
        """Enter what a source has in common with others."""
        if not isinstance(source.until, After):
            row["until"] = self._time(source.until, NEVER) + source.includes_until
        row["state"] = self._plan.state_number(source.state)
        row["crowd"] = self._plan.population.crowd_of(source.name or "")
        turned = source.when_full.state if isinstance(source.when_full, TurnedAway) else None
        row["turned"] = self._plan.state_number(turned)
        row["awaited"] = any(source.name in other.waits_for() for other in self._plan.population.sources)

    def _rhythm(self, source: Arrival) -> Rhythm | None:
        """Return the pace of a source that has one of its own."""
        if not isinstance(source, Paced) or source.profile is None:
            return None
        return self._times.rhythm(
            source.profile, f"{self._plan.path_of(source)}profile", min(self._begin_of(source), 0)
        )

    def _scope(self, source: Arrival, row: Any, rhythm: Rhythm | None, begin: int) -> Scope:
        pace = Steady(begin) if rhythm is None else rhythm.since(begin)
        return measuring(
            self._plan, source, self._plan.scope(source, self._times, self._seed, pace, begin, int(row["until"][0]))
        )

    @property
    def begin(self) -> int:
        """Return when the first source begins that waits for none, in ns of the simulation; at most 0."""
        begins = (
            self._begin_of(one.declared) for one in self._sources if not self._plan.population.is_off(one.declared)
        )
        return min([0, *begins])

    def _begin_of(self, source: Arrival) -> int:
        """Return when a source begins that waits for none, in ns of the simulation."""
        return 0 if isinstance(source.from_, After) else self._time(source.from_, 0)

    def _time(self, at: At | None, default: int) -> int:
        """Return a time of the spec in ns of the simulation."""
        times = self._times
        return default if at is None else (at.microseconds(times.start, times.zone) - times.zero) * 1000

    def _go_on(self, now: int) -> None:
        """Let begin, and end, who waits for a source that is over now, and find out who comes next."""
        while over := {source.declared.name for source in self._sources if source.is_over and source.is_awaited}:
            for source in self._sources:
                source.is_awaited &= source.declared.name not in over
                begins, ends = source.declared.from_, source.declared.until
                if isinstance(ends, After) and ends.after in over:
                    source.end(now)
                if isinstance(begins, After) and begins.after in over:
                    source.begin(now)
        self.core.restore()
