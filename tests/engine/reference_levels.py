"""The oracle's numbers that follow the time: limits and capacities with a profile."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.engine.reference_arrivals import stretches
from tests.reference_profiles import ReferenceRhythm

Spec = dict
HOUR = 3600 * 10**6


class Level:
    """floor(number · factor) at the begin of the simulation, at every whole minute of UTC and at jumps."""

    def __init__(self, number: int, least: int, profile: object, path: str, run: tuple[Spec, int, int, str]) -> None:
        """Take a spec, a seed, the start of the run in ns since 1970, and the zone."""
        spec, seed, start_ns, zone = run
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_ns // 1000)
        self.rhythm = ReferenceRhythm([], start, zone, seed, spec.get("profiles", {}), stretches(spec, start_ns))
        self.rhythm.members = [*self.rhythm.resolved(profile if isinstance(profile, list) else [profile], path)]
        self.number, self.least = number, least

    def begin(self, zero: int, first: int) -> None:
        """Take when the simulation's time is 0, and when something happens first, in µs since 1970."""
        self.zero, self.first = zero, first
        self.value = self.at(first)
        self.changes = self.later(self.value)
        self.next, self.following = next(self.changes)

    def at(self, time: int) -> int:
        return max(math.floor(round(self.number * (self.rhythm.fixed(time) / 2**30), 6)), self.least)

    def later(self, value: int) -> Iterator[tuple[int, int]]:
        """Yield when it changes, in ns of the simulation, and to what; at times that it stays the same, too."""
        told = self.first
        for time, *_ in self.rhythm.pieces(self.first):
            if time > self.first and (self.at(time) != value or time > told + HOUR):
                value, told = self.at(time), time
                yield (time - self.zero) * 1000, value

    def change(self, now: int) -> int:
        """Be what it is at a time; return how much more that is."""
        before = self.value
        if self.next <= now:
            self.value = self.following
            self.next, self.following = next(self.changes)
        return self.value - before
