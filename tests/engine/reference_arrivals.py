"""The oracle of arrivals: when the workers of a source come due, one at a time, in plain Python.

A transcription of the contract that shares nothing with the engine but the keyed draws.
"""

import csv
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np

from datagen import draw
from tests.reference_profiles import ReferenceRhythm

Spec = dict
UNITS = {"s": 1, "S": 1, "M": 60, "H": 3600, "D": 86400}
NEVER = 2**62
MOST_NS = 40 * 86400 * 10**9  # that a profile is followed; what takes longer never comes


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
    world: Spec = field(default_factory=dict)  # the whole spec
    made: ReferenceRhythm | None = None
    zone: str = "UTC"
    start: str = ""
    start: str = ""
    changes: list = field(default_factory=list)  # to come, of the number kept alive
    kept: int | None = None  # so many are kept alive
    population: str = ""
    scale: float = 1  # so many times more workers
    at_this_instant: int = 1  # workers still to come with no gap between, of an interarrival

    @property
    def name(self) -> str:
        return self.spec.get("name", "")

    @property
    def rule(self) -> str | Spec:
        """What becomes of who comes due when no place is free."""
        return "wait" if self.kept is not None else self.spec.get("when_full", "wait")

    @property
    def over(self) -> bool:
        return self.begun is not None and self.due is None and self.alive + self.outside == 0

    def begin(self, at: int) -> None:
        self.begun = at
        self.changes = list(self.targets()) if self.spec["type"] == "stages" else []
        if self.spec["type"] == "interarrival":
            self.at_this_instant = max(self.count(0), 1)
            self.gap_number = 0
            self.come(max(at, 0))
            return
        self.times = self.workers()
        self.go_on()
        while self.due is not None and self.due < 0:
            self.number += 1
            self.go_on()

    def go_on(self, birth: int = 0) -> None:
        """Find out when the next worker comes due; ``birth`` is when the one before was born."""
        if self.kept is not None:
            self.come(birth)
            return
        if self.spec["type"] != "interarrival":
            self.come(next(self.times, None))
            return
        self.at_this_instant -= 1
        if self.at_this_instant:
            self.come(birth)
            return
        gap = self.wait(self.spec["distribution"], "interarrival", self.gap_number)
        if self.scale != 1 and 0 < gap < NEVER:
            gap = min(int(np.rint(gap / self.scale)), NEVER)
        self.gap_number += 1
        self.at_this_instant = max(self.count(self.gap_number), 1)
        self.come(self.after(gap, birth))

    def come(self, due: int | None) -> None:
        most = self.spec.get("most")
        is_late = due is not None and (due >= NEVER or (self.until is not None and due >= self.until))
        self.due = None if is_late or (most is not None and self.number >= most) else due

    def workers(self) -> Iterator[int]:
        """Yield when each worker comes due, in ns since the start."""
        for number, time in enumerate(getattr(self, self.spec["type"])()):
            yield from [time] * self.count(number)

    def batch(self, worker: int) -> dict[str, int] | None:
        """Return which batch a worker is of, and its place there: it is found by counting from the first one."""
        if self.spec["type"] != "every":
            return None
        first = 0
        for time, batch in itertools.groupby(self.workers()):
            size = len(list(batch))
            if worker < first + size:
                number = (time - self.begun - duration(self.spec.get("first", 0))) // duration(self.spec["every"])
                return {"number": number, "index": worker - first, "size": size}
            first += size
        raise AssertionError(worker)

    def count(self, number: int) -> int:
        count = self.spec.get("count", 1)
        if isinstance(count, int):
            return count
        return max(whole_down(count, self.bits("count", number)), 0)

    # The kinds

    def poisson(self) -> Iterator[int]:
        base = 0
        mean = 1 / (per_second(self.spec["rate"]) * self.scale)
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
                rate = per_second(self.spec["rate"]) * self.scale
                yield self.after(int(np.rint(number / rate * 1e9)))
                number += 1
        total = int(self.spec["total"] * self.scale)
        parts = max(total - 1, 1) if self.spec.get("endpoint") else total
        end = self.until - 1 if self.spec.get("endpoint") else self.until
        for number in range(total):
            yield self.after(-(-number * (end - self.begun) // parts))

    def at_start(self) -> Iterator[int]:
        total, spread = int(self.spec["total"] * self.scale), duration(self.spec.get("spread", 0))
        for number in range(total):
            yield self.begun + math.floor(number / total * spread)

    def every(self) -> Iterator[int]:
        number = worker = left = sum_ = 0
        every, first = duration(self.spec["every"]), duration(self.spec.get("first", 0))
        while number < self.spec.get("times", NEVER):
            size = round(float(self.spec.get("bytes", "0kB")[:-2]) * 1000) or self.spec.get("size", 1)
            if not isinstance(size, int) and "table" in size:
                size = len(self.rows(size["table"]))
            if not isinstance(size, int):
                size = max(whole_down(size, self.bits("size", number)), 0)
            wanted = size * self.factor(self.begun + first + number * every)
            if "vary" in self.spec:
                low, high = self.spec["vary"]["low"], self.spec["vary"]["high"]
                wanted *= low + (high - low) * float(draw.unit(self.bits("vary", number))[0])
            if "bytes" in self.spec:
                time = self.begun + first + number * every
                left += wanted * self.scale
                while wanted and (long := self.length(worker, time)) <= left:
                    left, worker = left - long, worker + 1
                    yield time
                number += 1
                continue
            size, sum_ = self.carried(sum_, wanted) if self.scale != 1 else (int(np.rint(wanted)), 0)
            yield from [self.begun + first + number * every] * size
            number += 1

    def carried(self, sum_: int, wanted: float) -> tuple[int, int]:
        """Return how many whole workers there are more with so many wanted, and the new sum; in parts of 2^-20."""
        after = sum_ + int(np.rint(wanted * self.scale * 2**20))
        return after // 2**20 - sum_ // 2**20, after

    def length(self, worker: int, time: int) -> int:
        """Return the bytes of a worker's only record."""
        from tests.engine.reference_simulator import alone

        return alone(self, worker, time)

    def periodic(self) -> Iterator[int]:
        period, number, sum_ = duration(self.spec["period"]), 0, 0
        deviation, direction = self.spec.get("deviation", 0), self.spec.get("direction", "mixed")
        low = 1 if direction == "increase" else 1 - deviation
        high = 1 if direction == "decrease" else 1 + deviation
        while True:
            begin = self.begun + number * period
            factor = low + (high - low) * float(draw.unit(self.bits("deviation", number))[0])
            wanted = self.spec["multiplier"] * factor * self.factor(begin)
            size, sum_ = self.carried(sum_, wanted) if self.scale != 1 else (math.floor(wanted), 0)
            places = draw.numbered(np.repeat(self.bits("place", number), size), np.arange(size))
            shares = [self.share(u) for u in draw.unit(draw.bits(places, self.purpose("spread"))).tolist()]
            yield from sorted(begin + min(math.floor(share * period), period - 1) for share in shares)
            number += 1

    def share(self, u: float) -> float:
        spread = self.spec.get("spread", {"type": "uniform"})
        if spread["type"] == "uniform":
            low, high = spread.get("low", 0), spread.get("high", 1)
            return low + (high - low) * u
        left, mode, right = (spread.get(key, default) for key, default in (("left", 0), ("mode", 0.5), ("right", 1)))
        if u * (right - left) < mode - left:
            return left + math.sqrt(u * (right - left) * (mode - left))
        return right - math.sqrt((1 - u) * (right - left) * (right - mode))

    def timestamps(self) -> Iterator[int]:
        values = self.spec.get("values")
        if values is None and "table" in self.spec:
            values = [row[self.spec["column"]] for row in self.rows(self.spec["table"])]
        elif values is None:
            with open(self.spec["path"]) as file:
                values = [row[self.spec["column"]] for row in csv.DictReader(file)]
        times = sorted(self.instant(text) for text in values)
        yield from (time for time in times if time >= self.begun)

    def replay(self) -> Iterator[int]:
        """What was recorded, again and again."""
        times = [time for time, _ in self.records()]
        pause, begin = duration(self.spec.get("pause", 0)), self.begun
        for _ in range(self.spec.get("times", 1)):
            latest = 0
            for time in times:
                latest = max(latest, time - times[0])
                yield begin + math.floor(latest / Fraction(str(self.spec.get("speed", 1))))
            begin += math.floor(latest / Fraction(str(self.spec.get("speed", 1)))) + pause

    def records(self) -> list[tuple[int, dict]]:
        """Return the rows of a table, or the lines of a log with the word behind the time; those that have a time."""
        if "table" in self.spec:
            column = self.spec["time"]["column"]
            rows = [row for row in self.rows(self.spec["table"]) if row[column] is not None]
            return [(self.instant(row[column]), row) for row in rows]
        with open(self.spec["path"]) as file:
            found = [(line.rstrip("\n"), re.match(r"(\d{4}-\d\d-\d\dT\S+) (\w+)", line)) for line in file]
        return [(self.instant(match[1]), {"line": line, "word": match[2]}) for line, match in found if match]

    def rows(self, table: str) -> list[dict]:
        from tests.engine.reference_simulator import Tables

        return Tables(self.world["tables"], self.seed, self.zone).rows(table)[0]

    def recorded(self, now: int) -> dict:
        """Return what was recorded of the worker who was born last."""
        if self.spec["type"] != "replay":
            return {}
        time, columns = self.records()[(self.number - 1) % len(self.records())]
        shift = (self.start_ns + now) // 1000 - (self.start_ns + time) // 1000
        return columns | {"shift": shift / 1e6}

    def incident(self) -> Iterator[int]:
        given = self.world["incidents"][self.spec["incident"]]
        stretches = given if isinstance(given, list) else [given]
        key = {"begin": "from", "end": "until"}[self.spec.get("at", "begin")]
        yield from (time for time in sorted(self.instant(each[key]) for each in stretches) if time >= self.begun)

    def cron(self) -> Iterator[int]:
        """Every so many minutes, in UTC: the only expressions that are made up."""
        every = int(self.spec["expression"].split()[0].removeprefix("*/")) * 60 * 10**9
        zero = self.start_ns - self.warm_up
        first = (zero + self.begun) // (3600 * 10**9) * 3600 * 10**9
        yield from (time - zero for time in itertools.count(first, every) if time >= zero + self.begun)

    def stages(self) -> Iterator[int]:
        """The workers of the stages with a rate."""
        total, number = 0.0, 0
        begin, expected = self.begun, 0.0
        unit = float(draw.exponential(draw.unit(self.bits("gap", 0)))[0])
        total += unit
        for stage in self.spec["stages"]:
            span = duration(stage["for"])
            first = per_second(stage.get("rate", 0)) * self.scale
            last = per_second(stage["to"]) * self.scale if "to" in stage and "rate" in stage else first
            seconds = span / 1e9
            slope = (last - first) / seconds
            before, expected = expected, expected + (first + last) / 2 * seconds
            while total < expected:
                within = total - before
                root = math.sqrt(max(first * first + 2 * slope * within, 0.0))
                yield min(begin + int(np.rint(2 * within / (first + root) * 1e9)), begin + span - 1)
                number += 1
                total += float(draw.exponential(draw.unit(self.bits("gap", number)))[0])
            begin += span

    def targets(self) -> Iterator[tuple[int, int | None]]:
        """Yield from when on how many workers are kept alive; None in stages with a rate."""
        begin = self.begun
        for stage in self.spec["stages"]:
            span = duration(stage["for"])
            if "alive" not in stage:
                yield begin, None
            else:
                first, last = (int(end * self.scale) for end in (stage["alive"], stage.get("to", stage["alive"])))
                yield begin, first
                for number in range(first + 1, last + 1):
                    yield begin + math.ceil(Fraction((number - first) * span, last - first)), number
                for number in range(first - 1, last - 1, -1):
                    yield begin + math.floor(Fraction((first - number - 1) * span, first - last)) + 1, number
            begin += span
        yield begin, None

    def change(self, now: int) -> None:
        """Keep another number alive from now on."""
        number = "none"
        while self.changes and self.changes[0][0] <= now:
            number = self.changes.pop(0)[1]
        if number == "none" or (self.until is not None and now >= self.until):
            return
        if number is not None:
            if self.kept is None:
                self.times = itertools.chain([] if self.due is None else [self.due], self.times)
                self.kept = number
                self.come(now)
            self.kept = number
        elif self.kept is not None:
            self.kept = None
            self.go_on()

    # What they are made of

    def key(self) -> draw.Keys:
        """Return the key of the next worker."""
        return draw.worker_keys(self.seed, np.array([self.number]), f"{self.path}worker")

    def time(self, key: str, default: int) -> int:
        """Return a time of the spec, in ns since the start: an offset, or ISO 8601 in UTC."""
        return self.instant(self.spec[key]) if key in self.spec else default

    def instant(self, given: str) -> int:
        if not isinstance(given, str):  # a time that was made
            given = given.text()
        if given[0] in "+-":
            return duration(given[1:]) * (-1 if given[0] == "-" else 1) + self.warm_up
        time = datetime.fromisoformat(given)
        since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        return since // timedelta(microseconds=1) * 1000 - self.start_ns + self.warm_up

    @property
    def warm_up(self) -> int:
        return duration(self.world.get("warm_up", 0))

    def after(self, base: int, begin: int | None = None) -> int:
        """Return when a base time is over that begins with the source, or at a time."""
        begin = self.begun if begin is None else begin
        if "profile" not in self.spec:
            return begin + base
        since = begin - self.warm_up
        [found] = self.rhythm().over(since, [base], since + MOST_NS)
        return NEVER if found is None else found + self.warm_up

    def factor(self, time: int) -> float:
        return self.rhythm().factor(time - self.warm_up) if "profile" in self.spec else 1.0

    def rhythm(self) -> ReferenceRhythm:
        if self.made is None:
            start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.start_ns // 1000)
            profile = self.spec["profile"]
            members = profile if isinstance(profile, list) else [profile]
            named, incidents = self.world.get("profiles", {}), stretches(self.world, self.start_ns)
            self.made = ReferenceRhythm(members, start, self.zone, self.seed, named, incidents)
            self.made.members = [*self.made.resolved(members, f"{self.path}profile")]
        return self.made

    def purpose(self, what: str) -> np.uint64:
        return draw.purpose_key(self.seed, f"{self.path}{what}")

    def bits(self, what: str, number: int) -> draw.Keys:
        worker = draw.worker_keys(self.seed, np.array([number]), f"{self.path}worker")
        row = draw.numbered(worker, np.array([0]))
        return draw.bits(row, self.purpose(what))

    def wait(self, distribution: Spec, what: str, number: int) -> int:
        from tests.engine.reference_simulator import wait_ns

        return wait_ns(distribution, self.bits(what, number))


def stretches(spec: Spec, start_ns: int) -> dict[str, list[tuple[int, int]]]:
    """Return when incidents begin and end, in µs since 1970; they are given as offsets from the start."""
    start = start_ns // 1000
    return {
        name: [(start + duration(at["from"][1:]) // 1000, start + duration(at["until"][1:]) // 1000) for at in given]
        for name, given in spec.get("incidents", {}).items()
    }


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
