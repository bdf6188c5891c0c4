"""Whole numbers that follow the time: limits and capacities with a profile, incidents, and what clocks show.

They are read at the begin of the simulation, at every whole minute of UTC and at jumps, before all other events of that
instant. Times here are ns of the simulation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.clocks import Reach, Shown
from datagen.engine.plan import Plan
from datagen.engine.rhythm import Course
from datagen.engine.shift import Shift
from datagen.engine.times import Times
from datagen.plugin.incident import Stretches
from datagen.plugin.profile import Product
from datagen.problems import path_part
from datagen.zone import DAY, MINUTE

_ONE = 2**30  # the factor 1, as a course has it
_DIGITS = 6  # of a product, before it is rounded down
_LONGEST = 3653 * DAY * 1000  # ns: who waits for a level that has not changed for ten years waits for nothing
_LONGEST_SHIFT = 366 * DAY * 1000  # ns: so does who waits for a row that no time of a year has brought


@dataclass(frozen=True)
class Reading:
    """How a level is read: when it may change, and what it is at some times, both in µs since 1970."""

    times: Callable[[int, int], Integers]  # from one time until another, ascending
    values: Callable[[Integers], Integers]
    settled: int | None = None  # from when on it stays the same, if that is known

    @classmethod
    def of_number(cls, number: int, least: int, course: Course) -> "Reading":
        """Return how a number is read that is multiplied by a factor of time, rounded down, and not below the least."""

        def times(begin: int, end: int) -> Integers:
            minutes = np.arange(-(-begin // MINUTE) * MINUTE, end, MINUTE)
            return np.unique(np.concatenate([minutes, course.jumps(begin, end)]))

        def values(at: Integers) -> Integers:
            product = np.round(number * (course.factors(at) / _ONE), _DIGITS)  # so that 40 times 0.175 is 7
            product = np.minimum(product, float(NEVER))  # which a pilot has as its limit already
            return np.maximum(np.floor(product).astype(np.int64), least)

        return cls(times, values, course.settled)

    @classmethod
    def of_incident(cls, stretches: Stretches) -> "Reading":
        """Return how it is read whether an incident is on: 1 or 0."""
        return cls(stretches.edges, lambda at: stretches.on(at).astype(np.int64), stretches.settled)


Tell = Callable[[int, int, int], None]  # of a change: the values before and after it, and when it is


class Level:
    """A level in a run, and when it changes next."""

    def __init__(self, reading: Reading, zero: int, begin: int, initial: int, tell: Tell) -> None:
        """Take how it is read, when the simulation's time is 0 (in µs since 1970), its time when something happens
        first, at most 0, what it is without a profile, and whom to tell.
        """
        self._reading, self._zero, self._tell = reading, zero, tell
        self._coming: list[tuple[int, int]] = []  # times and values, the next ones last
        self.value = initial
        self.go_to(begin)

    def go_to(self, now: int) -> None:
        """Be what it is at a time, of a change or of the begin."""
        self.now = self._changed = now
        at = self._zero + now // 1000
        before, self.value = self.value, int(self._reading.values(np.array([at]))[0])
        self._tell(before, self.value, now)
        self._coming = []
        self._look(at + 1)

    def change(self, now: int) -> None:
        """Change if it is time."""
        if self.next_change > now:
            return
        at, value = self._zero + self.next_change // 1000, self._next
        if value != self.value:
            before, self.value = self.value, value
            self._changed = now
            self._tell(before, value, now)
        self.now = self.next_change
        self._look(at + 1)

    @property
    def next_help(self) -> int:
        """Return when it changes next, or is to be looked at; NEVER where that can be given up."""
        return self.next_change if self.next_change - self._changed < _LONGEST else NEVER

    def _look(self, begin: int) -> None:
        """Find the next change from a time on, in µs; where there is none for a day, that is looked at again then."""
        settled = self._reading.settled
        if settled is not None and begin > settled:
            self.next_change, self._next = NEVER, self.value
            return
        if not self._coming:
            times = self._reading.times(begin, begin + DAY)
            values = self._reading.values(times)
            changes = np.flatnonzero(np.diff(values, prepend=self.value))
            last = (begin + DAY - 1, int(values[-1]) if len(values) else self.value)
            coming = [*zip(times[changes].tolist(), values[changes].tolist(), strict=True), last]
            self._coming = coming[::-1]
        at, self._next = self._coming.pop()
        self.next_change = (at - self._zero) * 1000


class Levels:
    """All levels of a run."""

    def __init__(
        self,
        plan: Plan,
        times: Times,
        limits: Sequence[int],
        tell: Callable[[str, str], Tell],
        shown: Sequence[Shown] = (),
        reaches: Sequence[Reach] = (),
        begin: int = 0,
    ) -> None:
        """Take a plan, the limits of workers, and what returns whom to tell of a level, by its kind and name.

        The kinds are ``limit``, ``resource``, ``incident`` and, with a number of what clocks show, ``shown``. Tables of
        rhythms are made longer as if they were levels, too. ``begin`` is when something happens first, at most 0.
        """
        resources = plan.population.resources.items()
        initial = {("resource", name): int(one.most) for name, one in resources if one.rows is None}
        initial |= {("limit", name): limit for name, limit in zip(plan.population.crowds, limits, strict=True)}
        clocks = {("shown", str(number)): Reading(one.times, one.values) for number, one in enumerate(shown)}
        levels = [
            Level(reading, times.zero, begin, initial.get(what, 0), tell(*what))
            for what, reading in (clocks | _readings(plan, times, limits)).items()
        ]
        self._clocks = levels[: len(shown) + len(plan.incidents_read)]
        self._helping = levels[len(self._clocks) :]
        self._levels: list[Level | Reach | Shift] = [*levels, *reaches]
        self._shifts: list[Shift] = []
        self._begun = begin

    def look(self, shifts: Sequence[Shift]) -> None:
        """Read, too, which rows of resources are available: now, at the begin, and from now on."""
        self._shifts = [*shifts]
        self._levels += shifts
        for shift in shifts:
            shift.begin(self._begun)

    @property
    def next_change(self) -> int:
        """Return when one of them changes next, or is to be looked at."""
        return min((level.next_change for level in self._levels), default=NEVER)

    def next_help(self, since: int) -> int:
        """Return when one changes next that may set somebody going who waits; nothing has happened since a time."""
        unseen = [shift.next_change for shift in self._shifts if shift.is_fickle and shift.seen <= since]
        found = min((*(level.next_help for level in self._helping), *unseen), default=NEVER)
        helping = [shift for shift in self._shifts if shift.is_timely]
        clocks = [level.next_change for level in (*helping, *(self._clocks if helping else ()))]
        soon = min(clocks, default=NEVER)
        return min(found, soon) if soon - max(since, self._begun) < _LONGEST_SHIFT else found

    def recall(self, now: int) -> bool:
        """Return whether one of those whose time it is follows from what templates remember."""
        return any(shift.recalls and shift.next_change <= now for shift in self._shifts)

    def change(self, now: int) -> None:
        """Change those whose time it is."""
        for level in self._levels:
            level.change(now)

    def snapshot(self) -> list[int]:
        """Return when they have changed last, for ``restore``."""
        return [level.now for level in self._levels]

    def restore(self, snapshot: list[int]) -> None:
        """Be what they were when a snapshot was taken."""
        self._begun = max(snapshot, default=0)
        for level, now in zip(self._levels, snapshot, strict=True):
            level.go_to(now)


def _readings(plan: Plan, times: Times, limits: Sequence[int]) -> dict[tuple[str, str], Reading]:
    """Return what follows the time in a plan, by kind and name: limits, capacities, incidents that states read."""
    population = plan.population

    def number(most: int, least: int, product: Product, path: str) -> Reading:
        return Reading.of_number(most, least, times.course(product, plan.purpose(path)))

    found = {("incident", name): Reading.of_incident(times.incidents[name]) for name in plan.incidents_read}
    for name, limit in zip(population.crowds, limits, strict=True):
        if (profile := population.limit_profile_of(name)) is not None:
            path = f"population/{path_part(name)}/limit_profile" if name else "limit_profile"
            found["limit", name] = number(limit, 1, profile, path)
    for name, one in population.resources.items():
        if one.capacity_profile is not None:
            path = f"resource/{path_part(name)}/capacity_profile"
            found["resource", name] = number(int(one.most), 0, one.capacity_profile, path)
    return found
