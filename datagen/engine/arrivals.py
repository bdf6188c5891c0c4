"""The sources of arrivals of a run: when the workers of each come due, many times in advance.

Sits between the declarations of a population and the walk, which takes the times and asks for more when it has used
them up. Who is born when is up to the walk, since that depends on the limits.
"""

from typing import Any

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys, numbered
from datagen.engine.plan import Plan
from datagen.engine.times import Times
from datagen.native.sources import Pace, Sources
from datagen.plugin.arrival import After, Arrival, Paced, Scope, TurnedAway
from datagen.plugin.instant import At

# As the struct in datagen/native/sources.pxd.
_NUMBERS = ("due", "until", "number", "total", "alive", "outside", "most", "dropped")
_SMALL = ("awaited", "counts_from_birth", "when_full", "state", "turned", "pace")
SOURCE = np.dtype(
    [*((name, "i8") for name in _NUMBERS), ("key", "u8"), ("first", "i8"), ("known", "i8")]
    + [(name, "i4") for name in _SMALL],
    align=True,
)
_WAITS, _DROPPED, _TURNED = range(3)  # what becomes of who comes due when no place is free, as the walk has it


class Queue:
    """The workers of a source in the order in which they come due."""

    def __init__(self, source: Arrival, scope: Scope) -> None:
        self.begin = scope.begin
        self._source = source
        self._scope = scope
        self._stream = source.stream(scope)
        self._instant = 0  # number of the next one
        self._block = np.zeros(0, np.int64)
        self._used = 0  # of the block
        self._fetched = self._stream.snapshot(), 0  # before the block
        self._taken = 0, 0  # from where to where it was taken last

    def take(self, most: int) -> Integers:
        """Return when the next workers come due, or the gaps between them, in ns; (n,), at least one of them.

        When there are no more, it is ``NEVER``.
        """
        if self._used == len(self._block):
            self._fetch()
        self._taken = self._used, min(self._used + most, len(self._block))
        self._used = self._taken[1]
        return self._block[slice(*self._taken)]

    def snapshot(self) -> Any:
        """Return where it is, for ``restore``."""
        return [*self._fetched, *self._taken]

    def restore(self, snapshot: Any) -> Integers:
        """Go back to where a snapshot was taken; return what was taken last."""
        state, self._instant, *taken = snapshot
        self._stream.restore(state)
        self._fetch()
        self._taken = taken[0], taken[1]
        self._used = taken[1]
        return self._block[slice(*taken)]

    def _fetch(self) -> None:
        """Make the next block of workers."""
        self._used = 0
        self._block = np.array([NEVER])
        self._fetched = self._stream.snapshot(), self._instant
        while len(instants := self._stream.more()):
            numbers = np.arange(self._instant, self._instant + len(instants))
            self._instant += len(instants)
            self._block = self._source.workers(instants, numbers, self._scope)
            if len(self._block):
                return
            self._fetched = self._stream.snapshot(), self._instant


class Steady:
    """Base time that runs as time does."""

    def __init__(self, begin: int) -> None:
        self._begin = begin

    def times(self, base: Integers) -> Integers:
        return np.minimum(base, NEVER - self._begin) + self._begin

    def elapsed(self, time: int) -> int:
        return time - self._begin

    def factor(self, times: Integers) -> Floats:
        return np.ones(len(times))


class Arrivals:
    """All sources of arrivals of a run, in order of their names."""

    def __init__(self, plan: Plan, seed: int, max_workers: int, known: int) -> None:
        """Take the limit of workers alive at once, and how many times of a source the walk takes at once."""
        self._plan = plan
        self._seed = seed
        self._sources = plan.population.sources
        self._queues: list[Queue | None] = [None] * len(self._sources)  # of those that have begun
        self._times = Times(plan.population, plan.start, seed)
        self._rhythms = {
            place: self._times.rhythm(source.profile, f"{plan.path_of(source)}profile", min(self._begin_of(source), 0))
            for place, source in enumerate(self._sources)
            if isinstance(source, Paced) and source.profile is not None
        }
        self.table = np.zeros(len(self._sources), SOURCE)
        self.times = np.zeros((len(self._sources), known), np.int64)
        pace = None
        for place in range(len(self._sources)):
            self._declare(place)
        for number, place in reversed(list(enumerate(self._rhythms))):
            self.table["pace"][place] = number
            pace = Pace(self._rhythms[place].core, pace)
        self.core = Sources(max_workers, pace)
        self.core.house(self.table, self.times)
        for place, source in enumerate(self._sources):
            if not isinstance(source.from_, After):
                self._begin(place, self._begin_of(source))
        self.core.restore(0)
        self._see_ends(0)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def held_since(self) -> int:
        """Return since when a worker is held back who could else be alive, in ns since the start; else ``NEVER``."""
        core = self.core
        is_full = (core.alive >= core.most) | (self.table["alive"] >= self.table["most"])
        waiting = (self.table["when_full"] == _WAITS) & (is_full | (self.table["due"] < core.opened))
        return int(self.table["due"][waiting].min(initial=NEVER))

    def supply(self) -> None:
        """Give the walk more times of the source whose turn it is."""
        place = self.core.comer
        self._give(place, self._queue(place).take(self.times.shape[1]), int(self.table["number"][place]))

    def reach(self) -> None:
        """Find out when the next worker comes due of a source whose pace was not known so far ahead."""
        core, place = self.core, self.core.beyond
        rhythm = self._rhythms[place]
        while (due := rhythm.core.over(core.since, core.gap)) < 0:
            rhythm.extend(core.since)
        row = self.table[place : place + 1]
        row["due"] = due if due < row["until"] and row["number"] < row["total"] else NEVER
        core.restore(core.opened)

    def end(self) -> None:
        """Let begin, and end, who waits for the source that is over now."""
        self._see_ends(self.core.ended_at)
        self.core.restore(self.core.opened)

    def known(self, place: int) -> Keys:
        """Return the keys of the workers of a source, (n,), about whose followers the walk knows."""
        source = self.table[place]
        return numbered(source["key"], np.arange(source["first"], source["first"] + source["known"]))

    def snapshot(self) -> dict[str, Any]:
        """Return where all sources are, for ``restore``."""
        queues = [[] if queue is None else [queue.begin, *queue.snapshot()] for queue in self._queues]
        columns = {name: self.table[name].copy() for name in SOURCE.names or ()}
        return {"opened": self.core.opened, "table": columns, "queues": queues}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put all sources where they were when a snapshot was taken."""
        for name, column in snapshot["table"].items():
            self.table[name] = column
        for place, state in enumerate(snapshot["queues"]):
            if state:
                queue = self._queues[place] = Queue(self._sources[place], self._scope(place, state[0]))
                taken = queue.restore(state[1:])
                if self.table["known"][place]:
                    self._give(place, taken, int(self.table["first"][place]))
        self.core.restore(snapshot["opened"])

    def _declare(self, place: int) -> None:
        """Enter a source that has not begun."""
        source, plan = self._sources[place], self._plan
        turned = source.when_full.state if isinstance(source.when_full, TurnedAway) else None
        self.table[place] = (
            NEVER,
            NEVER if isinstance(source.until, After) else self._time(source.until, NEVER) + source.includes_until,
            0,
            source.most or NEVER,
            0,
            0,
            source.max_workers or NEVER,
            0,
            self._scope(place, 0).key("worker"),
            0,
            0,
            any(source.name in other.waits_for() for other in self._sources),
            source.counts_from_birth,
            _TURNED if turned else _DROPPED if source.when_full == "drop" else _WAITS,
            plan.state_number(source.state),
            plan.state_number(turned),
            -1,
        )

    def _begin_of(self, source: Arrival) -> int:
        """Return when a source begins that waits for none, in ns since the start."""
        return 0 if isinstance(source.from_, After) else self._time(source.from_, 0)

    def _time(self, at: At | None, default: int) -> int:
        """Return a time of the spec in ns since the start."""
        start = self._plan.start
        return default if at is None else (at.microseconds(start, self._times.zone) - start.microseconds) * 1000

    def _scope(self, place: int, begin: int) -> Scope:
        plan, source = self._plan, self._sources[place]
        until = int(self.table["until"][place])
        rhythm = self._rhythms.get(place)
        pace = Steady(begin) if rhythm is None else rhythm.since(begin)
        zone, incidents = self._times.zone, self._times.incidents
        return Scope(self._seed, plan.path_of(source), plan.start, zone, begin, until, pace, incidents)

    def _begin(self, place: int, at: int) -> None:
        """Let a source begin at a time, in ns since the start."""
        source = self._sources[place]
        queue = self._queues[place] = Queue(source, self._scope(place, at))
        row = self.table[place : place + 1]
        due = max(at, 0)
        if not source.counts_from_birth:
            while (due := int(queue.take(1)[0])) < 0:  # it began before the start
                row["number"] += 1
        row["due"] = due if due < row["until"] and row["number"] < row["total"] else NEVER

    def _see_ends(self, time: int) -> None:
        """Let begin, and end, who waits for a source that is over by a time, again and again."""
        rows = self.table
        while True:
            over = (rows["awaited"] > 0) & (rows["due"] == NEVER) & (rows["alive"] + rows["outside"] == 0)
            over &= [queue is not None for queue in self._queues]
            if not over.any():
                return
            rows["awaited"][over] = 0
            names = {self._sources[place].name for place in np.flatnonzero(over)}
            for place, source in enumerate(self._sources):
                if isinstance(source.until, After) and source.until.after in names:
                    rows["until"][place] = time
                    rows["due"][place] = rows["due"][place] if rows["due"][place] < time else NEVER
                if isinstance(source.from_, After) and source.from_.after in names:
                    self._begin(place, time)

    def _queue(self, place: int) -> Queue:
        queue = self._queues[place]
        assert queue is not None, "a source that has not begun"
        return queue

    def _give(self, place: int, times: Integers, first: int) -> None:
        self.times[place, : len(times)] = times
        self.table["first"][place], self.table["known"][place] = first, len(times)
