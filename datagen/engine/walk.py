"""Who is alive, where, and when: the compiled walk with all that it needs from Python. Knows nothing of fields.

The walk is cut into windows of so many steps, or up to a time; where it is cut never changes a step.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.ahead import Ahead
from datagen.engine.arrivals import Arrivals, Unplayed
from datagen.engine.clocks import Reach, paces
from datagen.engine.conditions import Conditions
from datagen.engine.crowd import Limits, limits_of
from datagen.engine.fault import fault
from datagen.engine.lasting import Lasting
from datagen.engine.levels import Levels, Tell
from datagen.engine.plan import Plan
from datagen.engine.sharing import Sharing
from datagen.engine.shift import Shift
from datagen.engine.slot import WORKER, Shape, Slots
from datagen.engine.step import Room, Steps
from datagen.native.decision import Decision
from datagen.native.machine import Machine
from datagen.native.rows import renumber
from datagen.native.walk import EventLoop
from datagen.problems import Path_, RunFailed, counted, show

_FIRST_ROWS = 1024
_MOST_ROWS = 131_072
_PILOT_ROWS = 65_536  # of a window of a pilot, whose end decides what a volume and a page of plots are
_FIRST_SLOTS = 2**22
_FIRST_BYTES = 2**29  # of slots; many groups of variables, or delays of plug-ins, would ask for more than there is
_DAYS = 2**22  # of the calendar of events, or fewer,
_LEAST_DAYS = 2**16  # but these for any crowd, as waits are long where steps follow at once: a child 102 ns, not 161
_ONE_DAY = 62  # so many bits that all time is in one day
_CROWD = 64  # workers alive from which on days are short
_EVENTS_A_DAY = 1  # or more, so that the days last for some mean waits
_WAITS = 4
_STALE = 65536  # values that nobody can read any more, from which on a store is cleared
_DRAWS = ("transition", "delay", "timeout", "spawn")


class Walk:
    """The walk of all workers. Times are ns since the start, also those before it, of a simulation that warms up."""

    def __init__(
        self, plan: Plan, seed: int, max_workers: Limits, memories: Mapping[str, dict[str, Any]] | None = None
    ) -> None:
        """Take what templates remember, by name path; a pilot, for which nobody makes records, has none."""
        self.awaits_texts = False  # whether the last window ended since a state reads what its texts may change
        limits = limits_of(plan.population, max_workers)
        most = min(sum(limits), NEVER)
        self._plan, self._warm_up = plan, plan.warm_up
        self._groups_before = sorted(plan.groups_before)
        self._conditions = Conditions(plan, plan.world(seed))
        self._ahead = Ahead(plan, seed, most, self._conditions.fields, self._conditions.world)
        programs, recall = self._conditions.programs, self._conditions.recall
        self._recall = None
        if memories is not None and recall.is_needed:  # of what the records so far have changed
            self._recall = partial(recall.look, memories, programs.cells)
        self._arrivals = Arrivals(plan, seed, max_workers, self._ahead.newcomers, len(programs.batch) > 0)
        # Whether it may go on while the records before are still made: these change, and use, nothing that it asks.
        self.may_lead = self._recall is None and not self._conditions.fields and self._arrivals.may_lead
        keys = [int(draw.purpose_key(seed, plan.purpose(name))) for name in _DRAWS]
        times = plan.times(seed)
        begin = self._arrivals.begin
        rhythms = self._conditions.clocks.rhythms(times, begin)
        machine = Machine(programs, paces(rhythms))
        self._decision, self._lasting = Decision(programs, machine), Lasting(plan, self._conditions, machine, seed)
        self._sharing = Sharing(plan, programs, self._decision, seed, _DAYS)
        self._loop = EventLoop(plan.tables, keys, self._arrivals.core, self._sharing.core, self._lasting.core)
        self._journal = self._loop.journal
        self._sizes = np.ones(len(plan.sets_group), np.int64)  # of the stores of values; position 0 is "never set"
        self._most_rows = _MOST_ROWS if memories is not None else min(_PILOT_ROWS, _MOST_ROWS)
        self._rows = min(_FIRST_ROWS, _MOST_ROWS)
        self._slots: Slots
        self._held = self._refused = self._stuck = self._sizes[:0], self._sizes[:0]
        fields, kept, resources = len(self._conditions.fields), len(programs.first), len(plan.population.resources)
        steps, shares, queues = self._ahead.steps, bool(self._sharing), bool(programs.fleet)
        self._shape = Shape(len(self._sizes), self._ahead.waits, fields, steps, kept, resources, shares, queues)
        self._make_room(min(most, _FIRST_SLOTS, max(_FIRST_BYTES // Slots.of(1, self._shape).nbytes, 1)))
        known, steps = self._arrivals.times.shape, self._ahead.steps
        self._first_waits = np.zeros((*known, self._shape.delays, steps), np.int64)
        self._first_drawn = np.zeros((*known, fields, steps), np.int64)
        self._first_there = np.zeros((*known, fields, steps), np.uint8)
        self._loop.expect(self._first_waits, self._first_drawn, self._first_there, self._arrivals.batches)
        shown, reaches = self._conditions.clocks.shown, [Reach(rhythm, begin) for rhythm in rhythms]
        self._levels = Levels(plan, times, limits, self._told, shown, reaches, begin)
        fleet = programs.fleet
        look = self._sharing.core.look
        self._levels.look([Shift(fleet, one, times.zero, partial(look, one)) for one in fleet.changing])
        self._loop.change = self._next_change
        self._schedule(_ONE_DAY)

    def _told(self, kind: str, name: str) -> Tell:
        """Return what is told of the changes of a level."""
        if kind == "limit":
            crowd = self._plan.population.crowds.index(name)
            return lambda _, value, now: self._arrivals.core.limit(crowd, value, now)
        return partial(self._sharing.change, kind, name)

    @property
    def _next_event(self) -> int:
        """Return when the next event or change is; that of a level counts where it may set somebody going."""
        event = min(self._loop.next_event(), self._arrivals.next_change)
        if event == NEVER and (self.alive == 0 or self._levels.next_help(self._last_event) == NEVER):
            return NEVER
        return min(event, self._loop.change)

    @property
    def _last_event(self) -> int:
        """Return when somebody has moved last, or has begun to wait."""
        return max(self._loop.instant, self._sharing.waits_since(self._slots, self._loop.agenda.used))

    @property
    def _next_change(self) -> int:
        return min(self._arrivals.next_change, self._levels.next_change)

    @property
    def next_time(self) -> int:
        """Return a time, in ns since the start, before which nothing happens."""
        return _shifted(self._next_event, self._warm_up)

    @property
    def alive(self) -> int:
        """Return how many workers are alive."""
        return int(self._arrivals.core.alive + self._arrivals.core.outside + self._sharing.children.alive)

    @property
    def due(self) -> Integers:
        """Return how many workers of each source came due so far, (sources,)."""
        return self._arrivals.table["number"].copy()

    @property
    def is_over(self) -> bool:
        """Return whether nobody is alive and nobody comes any more."""
        return self.alive == 0 and self.next_time == NEVER

    @property
    def shared(self) -> tuple[Integers, Integers, Integers]:
        """Return how many units of each resource are free, and in use, and workers wait for it; (resources,)."""
        return self._sharing.counts

    @property
    def capacities(self) -> Integers:
        """Return how many units there are of each resource, without a profile; (resources,)."""
        return self._sharing.capacities

    @property
    def is_deadlocked(self) -> bool:
        """Return whether somebody waits for what others have, and nothing will ever happen any more."""
        if not self._sharing or self.next_time < NEVER:
            return False
        return self._sharing.somebody_waits(self._slots, self._loop.agenda.used)

    @property
    def held_since(self) -> int:
        """Return since when a spawn is held back, in ns since the start; ``NEVER`` when none is."""
        return _shifted(self._arrivals.held_since, self._warm_up)

    @property
    def held(self) -> tuple[Integers, Integers]:
        """Return the births of the last window that were held back, and for how many ns; each (n,)."""
        return self._held

    @property
    def refused(self) -> tuple[Integers, Integers]:
        """Return when in the last window workers were dropped or turned away, and of which source; each (n,)."""
        return self._refused

    @property
    def stuck(self) -> tuple[Integers, Integers]:
        """Return when in the last window workers stopped who had no transition left, and in which state; each (n,)."""
        return self._stuck

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is wrong with conditions, each with its path in the JSON."""
        yield from self._plan.shared.misfits()
        yield from self._conditions.problems

    @property
    def unplayed(self) -> Unplayed:
        """Return what each source, by their names, has not played so far of its times or its file."""
        return self._arrivals.unplayed

    def who_waits(self) -> str:
        """Return who is alive and what for, and which sources wait for a place, in words; "" when nobody does."""
        used = self._loop.agenda.used
        states = self._slots.workers["state"][:used]
        if self._sharing:  # who waits in line, or for others, is told apart
            states = states[~self._sharing.waits(self._slots, used)]
        states_ = [show(state.name) for state in self._plan.population.states]
        names = [
            *(f"to enter state {name}" for name in states_),
            "to stop",
            *(f"to leave state {name}" for name in states_),
            "to stop",
            *(f"to leave state {name}" for name in states_),  # which it is to go on in behind its record
        ]
        counts = np.bincount(states[states >= 0], minlength=len(names)).tolist()
        waits = [f"{counted(count, 'worker')} {name}" for count, name in zip(counts, names, strict=True) if count]
        waits += self._sharing.who_waits(self._slots, used)
        waits += [f"{source} for a free place" for source in self._arrivals.held_back]
        return f"; waiting are {', '.join(waits)}" if waits else ""

    def snapshot(self) -> dict[str, Any]:
        """Return where all workers are, for ``restore``."""
        loop, slots = self._loop, self._slots
        alive = np.flatnonzero(slots.workers["state"][: loop.agenda.used] >= 0)
        workers = slots.workers[alive]
        return {
            "arrivals": self._arrivals.snapshot(),
            "workers": {name: workers[name] for name in WORKER.names or ()},
            "stored": [positions[alive] for positions in slots.stored.T],
            "known": [values[alive] for values in slots.known.T],
            "has": [there[alive] for there in slots.has.T],
            "sizes": self._sizes.copy(),
            "resources": self._sharing.snapshot(slots, alive),
            "levels": self._levels.snapshot(),
            "shared": self._conditions.programs.cells.copy(),
        }

    def advance(self, limit: int) -> Steps:
        """Walk on through one window, which ends at ``limit`` (ns since the start) or before; return the steps before.

        Raises RunFailed when a delay or gap is NaN, or very many steps are at one and the same time.
        """
        spare = 1 if self._sharing else 0  # for a birth that is a row of its own
        room = Room(self._rows + spare, self._sizes, len(self._plan.notes))
        self._loop.begin(room)
        if self._recall is not None:  # of the records so far; before the start there are none
            self._recall()
            self._loop.hears = limit > 0
        self._arrivals.core.note(room.refused_at, room.refused_by)
        limit = min(limit + self._warm_up, NEVER)
        while (pause := self._loop.advance(min(limit, self._loop.change))) != "full":
            if pause in ("fault", "exploded") and self._journal.rows:
                break  # a run that ends before it is none the worse
            if pause != "reached":
                self._go_on(pause)
            elif self._loop.change >= limit or (self._journal.rows and self._arrivals.turns):
                break  # behind such a change it could not be told who was held back before it
            elif self._next_event == NEVER:
                break
            elif self._loop.is_ahead and self._levels.recall(self._loop.change):
                pause = "full"
                break
            else:
                self._go_on("changed")
        self.awaits_texts = pause == "full" and self._loop.is_ahead
        self._held = room.held_at[: self._journal.held] - self._warm_up, room.held_for[: self._journal.held]
        refused = self._arrivals.core.refused
        self._refused = room.refused_at[:refused] - self._warm_up, room.refused_by[:refused].astype(np.int64)
        if self._warm_up:
            room.time[: self._journal.rows] -= self._warm_up
        stops = room.stops(self._decision.stopped, self._warm_up)
        self._stuck = stops.time[stops.state >= 0], stops.state[stops.state >= 0].astype(np.int64)
        steps = room.steps(self._journal.rows, self._journal.born, self._groups_before, stops, self._plan.notes)
        steps = steps.telling(self._plan.told, self._plan.held.rows)
        if self._arrivals.keeps_batches:
            steps = steps.bearing(self._arrivals.with_batches(steps.births))
        self._rows = min(4 * self._rows, self._most_rows) if self._journal.rows >= self._rows else self._rows
        if len(steps):
            self._adapt(steps.time)
        keep = self._keep()
        return steps if keep is None else steps.keeping(keep)

    def windows(self, end: int) -> Iterator[Steps]:
        """Yield the steps of a pilot up to a time, in ns since the start, window by window.

        Where it can't walk on there are no more: the run says why, if it comes there at all.
        """
        with suppress(RunFailed):
            while self.next_time < end:
                yield self.advance(end)

    def _go_on(self, pause: str) -> None:
        """Do what the walk waits for."""
        loop = self._loop
        match pause:
            case "crowded":
                self._make_room(2 * len(self._slots))
            case "no times":
                self._arrivals.supply()
                self._draw_first(self._arrivals.core.comer)
            case "beyond":
                self._arrivals.reach()
            case "ended":
                self._arrivals.end()
                loop.change = self._next_change
            case "changed":
                self._levels.change(loop.change)
                if self._arrivals.next_change == loop.change:
                    self._arrivals.change()
                loop.change = self._next_change
            case "no waits":
                self._ahead.go_on(self._slots, loop.agenda.used)
            case "no gifts":
                self._ahead.give(self._slots, loop.agenda.next_slot(), self._sharing.children)
            case "asked":
                if (pause := loop.answer(self._lasting.until(self._slots, loop.guest))) != "reached":
                    self._go_on(pause)
            case "exploded":
                raise RunFailed(f"walking on: {self._sharing.exploded}")
            case "fault":
                workers = self._slots.workers[: loop.agenda.used]
                raise RunFailed(fault(self._plan, workers, self._sharing.asked_twice()))
            case "unknown":
                raise RunFailed("walking on: a delay or gap is not a number")
            case _:
                text = f"walking on: {loop.at_once} steps at one and the same time; the clock does not move on"
                raise RunFailed(text)

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put all workers where they were when a snapshot was taken."""
        workers = snapshot["workers"]
        alive = len(workers["number"])
        self._make_room(max(alive, len(self._slots)))
        for name, column in workers.items():
            self._slots.workers[name][:alive] = column
        for group, positions in enumerate(snapshot["stored"]):
            self._slots.stored[:alive, group] = positions
        for kept, (values, there) in enumerate(zip(snapshot["known"], snapshot["has"], strict=True)):
            self._slots.known[:alive, kept], self._slots.has[:alive, kept] = values, there
        self._slots.waits_from[:alive] = workers["step"] - self._ahead.steps  # all of them used up
        self._sizes[:] = snapshot["sizes"]
        self._arrivals.restore(snapshot["arrivals"])
        for place in range(len(self._arrivals)):
            self._draw_first(place)
        self._loop.restore(alive)
        self._levels.restore(snapshot["levels"])
        self._sharing.restore(self._slots, alive, snapshot["resources"])  # behind levels: what is free, it has
        self._conditions.programs.cells[:] = snapshot["shared"]
        self._loop.change = self._next_change
        self._schedule(_ONE_DAY)

    def _draw_first(self, place: int) -> None:
        """Draw, ahead of time, what comes first for the workers of a source that the walk knows of."""
        if self._ahead.steps:
            keys = self._arrivals.known(place)
            waits, (values, there) = self._ahead.drawn(keys, np.zeros(len(keys), np.int64), place)
            self._first_waits[place, : len(keys)] = waits
            self._first_drawn[place, : len(keys)], self._first_there[place, : len(keys)] = values, there

    def _make_room(self, size: int) -> None:
        """Make room for so many workers; nothing is written to it, so that only slots that are used take memory."""
        slots = Slots.of(size, self._shape)
        if self._loop.agenda.used:
            slots.take(self._slots)
        self._slots = slots
        self._loop.house(slots)

    def _schedule(self, day_bits: int, days: int = 1) -> None:
        self._since_scheduled, self._days = 0, days  # steps
        used = self._loop.agenda.used
        self._loop.agenda.schedule(day_bits, days, self._sharing.is_ready(self._slots, used))

    def _adapt(self, time: Integers) -> None:
        """Choose days with some events for a crowd, and one for all time for a few, once the calendar is worth it."""
        self._since_scheduled += len(time)
        if self._since_scheduled < self.alive or self.alive in range(_CROWD // 4, _CROWD) or time[-1] == time[0]:
            return
        day_bits, days = _ONE_DAY, 1
        if self.alive >= _CROWD:
            events = max(_EVENTS_A_DAY, _WAITS * self.alive // _DAYS)
            day_bits = min((events * int(time[-1] - time[0]) // len(time)).bit_length(), _ONE_DAY)
            days = 1 << (min(max(_WAITS * self.alive // events, _LEAST_DAYS), _DAYS).bit_length() - 1)
        if abs(day_bits - self._loop.agenda.shift) > 1 or not days <= self._days <= 2 * days:
            self._schedule(day_bits, days)

    def _keep(self) -> tuple[pa.BooleanArray | None, ...] | None:
        """Return which values to keep, of groups with many that nobody can read any more; None without any.

        Also renumbers the positions that workers have stored.
        """
        keep: list[pa.BooleanArray | None] = []
        stored = self._slots.stored[: self._loop.agenda.used]
        for group, size in enumerate(self._sizes.tolist()):
            keep.append(None)
            if size > self.alive + self.alive // 2 + _STALE:
                bits = np.zeros(size // 64 + 1, np.uint64)
                self._sizes[group] = renumber(stored, group, bits, np.empty(len(bits), np.int32))
                keep[group] = pa.Array.from_buffers(pa.bool_(), size, [None, pa.py_buffer(bits)])
        return tuple(keep) if any(kept is not None for kept in keep) else None


def _shifted(time: int, warm_up: int) -> int:
    """Return a time of the simulation in ns since the start."""
    return time - warm_up if time < NEVER else NEVER
