"""What profiles mean, one minute after the other, in plain Python: the oracle of rhythms.

A transcription of the contract that shares nothing with the engine but keyed draws and the functions that draws have
(``exp``, ``power``, ``sine``). Profiles are JSON as it stands in a spec; times are whole µs since 1970.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from datagen import draw
from datagen.moment import parse_duration

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, MINUTE = 10**6, 60 * 10**6
DAY = 86400 * SECOND
NAMES = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def number_of_day(text: object) -> int:
    """Sunday is 0."""
    words = [[str(number), name, name[:3], name[:2]] for number, name in enumerate(NAMES)]
    words[0].append("7")
    return next(number for number, known in enumerate(words) if str(text).lower() in known)


def zone_of(name: str) -> tzinfo:
    """Return the zone of an IANA name or of an offset."""
    found = datetime.fromisoformat(f"1970-01-01T00:00:00{name}").tzinfo if name[0] in "+-" else ZoneInfo(name)
    assert found is not None
    return found


class ReferenceProfile:
    """A profile of JSON in a run."""

    def __init__(self, data: dict[str, Any], path: str, start: datetime, zone: str, seed: int, incidents: dict) -> None:
        self.data, self.path, self.start, self.seed = data, path, micros(start), seed
        self.zone = zone_of(data.get("timezone", zone))
        self.incidents = incidents
        self.type = data["type"]

    def wall(self, at: int) -> datetime:
        return (EPOCH + timedelta(microseconds=at)).astimezone(self.zone)

    def span(self, key: str) -> int:
        return parse_duration(self.data[key]) // 1000

    def instant(self, text: str) -> int:
        if text[0] == "+":
            return self.start + parse_duration(text[1:]) // 1000
        moment = datetime.fromisoformat(text)
        return micros(moment if moment.tzinfo else moment.replace(tzinfo=self.zone))

    def clock(self, key: str) -> int:
        """µs since midnight."""
        parts = [int(part) for part in self.data[key].split(":")]
        return sum(part * unit for part, unit in zip(parts, (3600 * SECOND, MINUTE, SECOND), strict=False))

    def factor(self, at: int) -> float:
        return float(getattr(self, self.type)(at))

    def table(self, keys: list[str], index: int) -> float:
        factors = self.data["factors"]
        if isinstance(factors, list):
            return factors[index]
        return next((factors[key] for key in factors if key.lower() in keys), 1)

    def hour_of_day(self, at: int) -> float:
        if not self.data.get("smooth"):
            hour = self.wall(at).hour
            return self.table([str(hour)], hour)
        since = since_midnight(self.wall(at)) - 1800 * SECOND
        hour = since // (3600 * SECOND)
        before, after = (self.table([str(h % 24)], h % 24) for h in (hour, hour + 1))
        return before + (after - before) * (since % (3600 * SECOND) / (3600 * SECOND))

    def minute_of_hour(self, at: int) -> float:
        minute = self.wall(at).minute
        return self.table([str(minute)], minute)

    def day_of_week(self, at: int) -> float:
        day = self.wall(at).isoweekday() % 7
        name = NAMES[day]
        return self.table([str(day), name, name[:3], name[:2], *(["7"] if day == 0 else [])], day)

    def day_of_month(self, at: int) -> float:
        day = self.wall(at).day
        return self.table([str(day)], day - 1)

    def month_of_year(self, at: int) -> float:
        month = self.wall(at).month
        return self.table([str(month)], month - 1)

    def between(self, at: int) -> float:
        wall = self.wall(at)
        since, day = since_midnight(wall), wall.isoweekday() % 7
        days = [number_of_day(name) for name in self.data.get("days", range(7))]
        begin, end = self.clock("from"), self.clock("until")
        if begin < end:
            on = begin <= since < end and day in days
        else:
            on = (since >= begin and day in days) or (since < end and (day - 1) % 7 in days)
        return self.data["factor"] if on else self.data.get("otherwise", 1)

    def peaks(self, at: int) -> float:
        wall = self.wall(at)
        listed = {number_of_day(key): peaks for key, peaks in self.data["days"].items()}
        day = wall.isoweekday() % 7
        while day not in listed:
            day = (day - 1) % 7
        hour = since_midnight(wall) / (3600 * SECOND)
        total = 0.0
        for peak in listed[day]:
            ways = [(hour - peak["hour"] + around) / peak["sigma"] for around in (-24.0, 0.0, 24.0)]
            total += max(peak["weight"] * float(draw.exp(np.array([-(way * way) / 2.0]))[0]) for way in ways)
        return total if total > 0 else 0.001

    def sine(self, at: int) -> float:
        period = self.span("period")
        wall = micros(self.wall(at).replace(tzinfo=UTC))
        turns = (wall - round(self.data.get("phase", 0) * 1e6)) % period / period
        return 1.0 + float(self.data["amplitude"]) * float(draw.sine(np.array([turns]))[0])

    def values(self) -> list[tuple[int, float]]:
        return [(self.instant(text), factor) for text, factor in self.data["values"]]

    def repeated(self, at: int) -> int:
        if "repeat" not in self.data:
            return at
        first = self.values()[0][0]
        return first + (at - first) % self.span("repeat")

    def points(self, at: int) -> float:
        at, values = self.repeated(at), self.values()
        if at <= values[0][0]:
            return values[0][1]
        for (t0, f0), (t1, f1) in pairwise(values):
            if at < t1:
                return f0 + (f1 - f0) * ((at - t0) / (t1 - t0))
        return values[-1][1]

    def steps(self, at: int) -> float:
        at, values = self.repeated(at), self.values()
        return next((factor for time_, factor in reversed(values) if time_ <= at), values[0][1])

    def growth(self, at: int) -> float:
        grown = draw.power(float(self.data["factor"]), np.array([(at - self.start) / self.span("per")]))
        return min(float(grown[0]), 1e6)

    def holidays(self, at: int) -> float:
        import holidays

        wall = self.wall(at)
        known = holidays.country_holidays(self.data["country"], subdiv=self.data.get("region"), years=wall.year)
        return self.data["factor"] if wall.date() in known else 1

    def during(self, at: int) -> float:
        on = any(begin <= at < end for begin, end in self.incidents[self.data["incident"]])
        return self.data["factor"] if on else 1

    def jitter(self, at: int) -> float:
        row = draw.worker_keys(self.seed, np.array([at // self.span("each")]), self.path)
        unit = draw.unit(draw.bits(row, draw.purpose_key(self.seed, f"{self.path}/value")))[0]
        return self.data["low"] + (self.data["high"] - self.data["low"]) * float(unit)

    def jumps(self, at: int) -> bool:
        """Whether the factor may jump at a time."""
        match self.type:
            case "points" | "steps":
                times = [time_ for time_, _ in self.values()]
                if "repeat" in self.data:
                    times = times if self.type == "steps" else times[:1]
                    return any((at - time_) % self.span("repeat") == 0 for time_ in times)
                return self.type == "steps" and at in times
            case "during":
                return any(at in stretch for stretch in self.incidents[self.data["incident"]])
            case "jitter":
                return at % self.span("each") == 0
            case "growth":
                return False
        if self.wall(at).utcoffset() != self.wall(at - 1).utcoffset():
            return True
        since = since_midnight(self.wall(at))
        match self.type:
            case "sine":
                return False
            case "hour_of_day":
                return not self.data.get("smooth") and since % (3600 * SECOND) == 0
            case "minute_of_hour":
                return since % MINUTE == 0
            case "between":
                return since in (self.clock("from"), self.clock("until") % DAY)
        return since == 0

    def moments(self, begin: int, end: int) -> Iterator[int]:
        """Times beside whole minutes at which it may jump, and others."""
        match self.type:
            case "points" | "steps":
                times = [time_ for time_, _ in self.values()]
                if "repeat" in self.data:
                    step = self.span("repeat")
                    times = [t + k * step for t in times for k in range((begin - t) // step, (end - t) // step + 1)]
                yield from times
            case "during":
                for stretch in self.incidents[self.data["incident"]]:
                    yield from stretch
            case "jitter":
                step = self.span("each")
                yield from range(begin // step * step, end + 1, step)
            case "between":
                for day in range(begin // DAY - 1, end // DAY + 2):
                    for key in ("from", "until"):
                        wall = datetime.combine(date(1970, 1, 1) + timedelta(days=day), time(), UTC)
                        wall = (wall + timedelta(microseconds=self.clock(key))).replace(tzinfo=self.zone)
                        yield from (micros(wall.replace(fold=fold)) for fold in (0, 1))


def since_midnight(wall: datetime) -> int:
    return ((wall.hour * 60 + wall.minute) * 60 + wall.second) * SECOND + wall.microsecond


class ReferenceRhythm:
    """A product of profiles from a begin on: base time, minute by minute."""

    def __init__(
        self, members: list, start: datetime, zone: str, seed: int, named: Any = (), incidents: Any = ()
    ) -> None:
        self.start, self.zone, self.seed = start, zone, seed
        self.named, self.incidents = dict(named), dict(incidents)
        self.members = [*self.resolved(members, "profile")]
        self.fixed = cache(self.fixed)  # type: ignore[method-assign]
        self.minute = cache(self.minute)  # type: ignore[method-assign]

    def resolved(self, members: list, path: str) -> Iterator[float | ReferenceProfile]:
        seen: dict[str, int] = {}
        for member in members:
            if isinstance(member, str):
                other = self.named[member]
                yield from self.resolved(other if isinstance(other, list) else [other], f"profile/{member}")
            elif isinstance(member, dict):
                number = seen[member["type"]] = seen.get(member["type"], -1) + 1
                own = f"{path}/{member['type']}/{number}" if number else path
                yield ReferenceProfile(member, own, self.start, self.zone, self.seed, self.incidents)
            else:
                yield float(member)

    @property
    def profiles(self) -> list[ReferenceProfile]:
        return [member for member in self.members if isinstance(member, ReferenceProfile)]

    def fixed(self, at: int) -> int:
        """The factor in 2**-30."""
        product = 1.0
        for member in self.members:
            product *= member.factor(at) if isinstance(member, ReferenceProfile) else member
        return round(min(product, 1e6) * 2**30)

    def is_jump(self, at: int) -> bool:
        return any(profile.jumps(at) for profile in self.profiles)

    def pieces(self, begin: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield pieces (from, until, factor at its begin, at its end), from the whole minute before a time on."""
        for at in count(begin // MINUTE * MINUTE, MINUTE):
            yield from self.minute(at)

    def minute(self, at: int) -> list[tuple[int, int, int, int]]:
        inside = {t for profile in self.profiles for t in profile.moments(at, at + MINUTE)}
        knots = sorted({at, at + MINUTE} | {t for t in inside if at < t < at + MINUTE and self.is_jump(t)})
        return [(t0, t1, self.fixed(t0), self.fixed(t1 - 1 if self.is_jump(t1) else t1)) for t0, t1 in pairwise(knots)]

    def base(self, piece: tuple[int, int, int, int], span: int) -> int:
        """The base time of so many ns of a piece."""
        length, first, last = (piece[1] - piece[0]) * 1000, piece[2], piece[3]
        return (2 * first * length * span + (last - first) * span * span) // (2 * length * 2**30)

    def ns(self, at: int) -> int:
        return (at - micros(self.start)) * 1000

    def elapsed(self, begin: int, time_: int) -> int:
        """The base time from one time to another, in ns since the start."""
        total = None
        for piece in self.pieces(micros(self.start) + begin // 1000):
            since, length = self.ns(piece[0]), (piece[1] - piece[0]) * 1000
            if total is None and begin < since + length:
                total = -self.base(piece, begin - since)
            if total is not None and time_ < since + length:
                return total + self.base(piece, time_ - since)
            if total is not None:
                total += self.base(piece, length)
        raise AssertionError

    def over(self, begin: int, spans: list[int], until: int) -> list[int | None]:
        """When base times, ascending, that begin at a time are over; None after ``until``."""
        found: list[int | None] = []
        before = 0
        waiting = list(spans)
        mark = None
        for piece in self.pieces(micros(self.start) + begin // 1000):
            since, length = self.ns(piece[0]), (piece[1] - piece[0]) * 1000
            if since > until:
                return found + [None] * len(waiting)
            if mark is None and begin < since + length:
                mark = before + self.base(piece, begin - since)
            while waiting and mark is not None:
                span = waiting[0]
                if span == 0:
                    found.append(begin)
                elif before + self.base(piece, length) - mark >= span:
                    low, high = 0, length
                    while high - low > 1:
                        middle = (low + high) // 2
                        low, high = (
                            (low, middle) if before + self.base(piece, middle) - mark >= span else (middle, high)
                        )
                    found.append(since + high)
                else:
                    break
                waiting.pop(0)
            if not waiting:
                return found
            before += self.base(piece, length)
        raise AssertionError

    def factor(self, time_: int) -> float:
        at = micros(self.start) + time_ // 1000
        for piece in self.pieces(at):
            since, length = self.ns(piece[0]), (piece[1] - piece[0]) * 1000
            if time_ < since + length:
                return float(np.round((piece[2] + (piece[3] - piece[2]) * ((time_ - since) / length)) / 2**30, 9))
        raise AssertionError
