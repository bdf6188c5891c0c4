"""The oracle of arrivals: when the workers of a source come due, one at a time, in plain Python.

A transcription of the contract that shares nothing with the engine but the keyed draws.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from datagen import draw

Spec = dict
UNITS = {"s": 1, "S": 1, "M": 60, "H": 3600, "D": 86400}
NEVER = 2**62


@dataclass
class Source:
    """A source in a run, and how far it is."""

    spec: Spec
    seed: int
    path: str  # of its draws
    start_ns: int  # since 1970
    number: int = 0  # of the next worker
    alive: int = 0
    outside: int = 0
    dropped: int = 0
    due: int | None = None  # ns since the start
    begun: int | None = None
    until: int | None = None
    times: Iterator[int] = field(default_factory=lambda: iter(()))
    at_this_instant: int = 1  # workers still to come with no gap between, of an interarrival

    @property
    def name(self) -> str:
        return self.spec.get("name", "")

    @property
    def over(self) -> bool:
        return self.begun is not None and self.due is None and self.alive + self.outside == 0

    def begin(self, at: int) -> None:
        self.begun = at
        if self.spec["type"] == "interarrival":
            self.at_this_instant = max(self.count(0), 1)
            self.instant = 0
            self.come(max(at, 0))
            return
        self.times = self.workers()
        self.go_on()
        while self.due is not None and self.due < 0:
            self.number += 1
            self.go_on()

    def go_on(self, birth: int = 0) -> None:
        """Find out when the next worker comes due; ``birth`` is when the one before was born."""
        if self.spec["type"] != "interarrival":
            self.come(next(self.times, None))
            return
        self.at_this_instant -= 1
        if self.at_this_instant:
            self.come(birth)
            return
        gap = self.wait(self.spec["distribution"], "interarrival", self.instant)
        self.instant += 1
        self.at_this_instant = max(self.count(self.instant), 1)
        self.come(birth + gap)

    def come(self, due: int | None) -> None:
        most = self.spec.get("most")
        is_late = due is not None and (due >= NEVER or (self.until is not None and due >= self.until))
        self.due = None if is_late or (most is not None and self.number >= most) else due

    def workers(self) -> Iterator[int]:
        """Yield when each worker comes due, in ns since the start."""
        for number, time in enumerate(getattr(self, self.spec["type"])()):
            yield from [time] * self.count(number)

    def count(self, number: int) -> int:
        count = self.spec.get("count", 1)
        if isinstance(count, int):
            return count
        return max(whole_down(count, self.bits("count", number)), 0)

    # The kinds

    def poisson(self) -> Iterator[int]:
        base = 0
        mean = 1 / per_second(self.spec["rate"])
        number = 0
        while True:
            gap = 0.0 + mean * float(draw.exponential(draw.unit(self.bits("gap", number)))[0])
            base += int(np.rint(gap * 1e9))
            yield self.after(base)
            number += 1

    def even(self) -> Iterator[int]:
        if "rate" in self.spec:
            number = 0
            while True:
                yield self.after(int(np.rint(number / per_second(self.spec["rate"]) * 1e9)))
                number += 1
        total = self.spec["total"]
        parts = max(total - 1, 1) if self.spec.get("endpoint") else total
        end = self.until - 1 if self.spec.get("endpoint") else self.until
        for number in range(total):
            yield self.after(-(-number * (end - self.begun) // parts))

    def at_start(self) -> Iterator[int]:
        total, spread = self.spec["total"], duration(self.spec.get("spread", 0))
        for number in range(total):
            yield self.begun + math.floor(number / total * spread)

    def every(self) -> Iterator[int]:
        number = 0
        every, first = duration(self.spec["every"]), duration(self.spec.get("first", 0))
        while number < self.spec.get("times", NEVER):
            size = self.spec.get("size", 1)
            if not isinstance(size, int):
                size = max(whole_down(size, self.bits("size", number)), 0)
            wanted = float(size)
            if "vary" in self.spec:
                low, high = self.spec["vary"]["low"], self.spec["vary"]["high"]
                wanted *= low + (high - low) * float(draw.unit(self.bits("vary", number))[0])
            yield from [self.begun + first + number * every] * int(np.rint(wanted))
            number += 1

    # What they are made of

    def key(self) -> draw.Keys:
        """Return the key of the next worker."""
        return draw.worker_keys(self.seed, np.array([self.number]), f"{self.path}worker")

    def time(self, key: str, default: int) -> int:
        """Return a time of the spec, in ns since the start: an offset, or ISO 8601 in UTC."""
        given = self.spec.get(key)
        if given is None:
            return default
        if given[0] in "+-":
            return duration(given[1:]) * (-1 if given[0] == "-" else 1)
        time = datetime.fromisoformat(given)
        since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        return since // timedelta(microseconds=1) * 1000 - self.start_ns

    def after(self, base: int) -> int:
        return self.begun + base

    def bits(self, what: str, number: int) -> draw.Keys:
        worker = draw.worker_keys(self.seed, np.array([number]), f"{self.path}worker")
        row = draw.numbered(worker, np.array([0]))
        return draw.bits(row, draw.purpose_key(self.seed, f"{self.path}{what}"))

    def wait(self, distribution: Spec, what: str, number: int) -> int:
        from tests.engine.reference_simulator import wait_ns

        return wait_ns(distribution, self.bits(what, number))


def whole_down(distribution: Spec, random: draw.Keys) -> int:
    from tests.engine.reference_simulator import position

    return position(distribution, random)


def per_second(rate: float | str) -> float:
    if isinstance(rate, str):
        number, unit = rate.split("/")
        return float(number) / UNITS[unit]
    return float(rate)


def duration(given: float | str) -> int:
    """Read a number of seconds, or one number with a unit, as ns."""
    if isinstance(given, str):
        return int(float(given[:-1]) * UNITS[given[-1]] * 10**9)
    return int(given * 10**9)
