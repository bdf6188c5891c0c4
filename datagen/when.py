"""Times of the command line as text: ISO 8601, or in relation to now or to the start. Knows no clock: it is told."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from datagen.moment import Moment, parse_duration, parse_moment
from datagen.problems import show
from datagen.zone import DAY, HOUR, MINUTE, SECOND, Zone

_RELATIVE = re.compile(r"(now|today|yesterday)?((?:[+-][^@+-]+|@[^@+-]+)*)", re.IGNORECASE)
_STEP = re.compile(r"([+@-])([^@+-]+)")
_SPANS = {"S": SECOND, "M": MINUTE, "H": HOUR}
_DAY_1 = date(1970, 1, 1)
# The day that a cut leads to.
_DAYS: dict[str, Callable[[date], date]] = {
    "D": lambda day: day,
    "W": lambda day: day - timedelta(days=day.weekday()),
    "MON": lambda day: day.replace(day=1),
    "Y": lambda day: day.replace(month=1, day=1),
}


@dataclass(frozen=True)
class When:
    """A time as it was written: a moment, or steps from now, today, yesterday or the start."""

    text: str
    moment: Moment | None = None  # of steps, once that is certain
    anchor: str = ""
    steps: tuple[int | str, ...] = ()  # µs to go, or the unit to cut down to

    @classmethod
    def of(cls, moment: Moment) -> "When":
        """Return a moment as a time that was written."""
        return cls(moment.text, moment)

    @property
    def is_relative(self) -> bool:
        """Return whether it was said in relation to now or to the start."""
        return bool(self.anchor or self.steps)

    @property
    def counts_from_start(self) -> bool:
        """Return whether it is said in relation to the start, if it is the time of an end: ``+30D``."""
        return self.is_relative and not self.anchor and self.text[:1] == "+"

    def at(self, origin: int, zone: Zone) -> int:
        """Return when it is, in µs since 1970; ``origin`` is what it is said in relation to: now, or the start.

        Raises ValueError when there is no such time.
        """
        if self.moment is not None:
            at = self.moment.microseconds
            return zone.instant(at) if self.moment.zone is None else at
        try:
            if self.anchor in ("today", "yesterday"):
                origin = _day(origin, zone, lambda day: day - timedelta(days=self.anchor == "yesterday"))
            for step in self.steps:
                origin = origin + step if isinstance(step, int) else _cut(origin, step, zone)
        except OverflowError as error:
            raise ValueError(f"{show(self.text)} is beyond all time") from error
        return origin

    def oddity(self, zone: Zone) -> str | None:
        """Return that clocks of a zone show this wall time twice, or never; else None."""
        if self.is_relative or self.moment is None or self.moment.zone is not None:
            return None
        wall = self.moment.microseconds
        at = zone.instant(wall)
        other = wall - zone.offset(wall + DAY)
        if at + zone.offset(at) != wall:
            shown = moment_in(zone, at).text
            return f"the clocks of {zone.name} skip {self.text}: it is taken as {shown}"
        if other != at and other + zone.offset(other) == wall:
            return f"the clocks of {zone.name} show {self.text} twice: the first time is taken"
        return None


def parse_when(given: object) -> When:
    """Return the time that a text or a datetime says. Raises ValueError when it is none."""
    text = given.strip() if isinstance(given, str) else ""
    found = _RELATIVE.fullmatch(text)
    if not text or (found is None and text[0].isdigit()):
        moment = given if isinstance(given, Moment) else parse_moment(given)
        return When(text or moment.text, moment)
    message = f"must be a time such as 2001-12-20T13:13:12, now, today, -7D or now-1D@H, found {show(given)}"
    if found is None:
        raise ValueError(message)
    try:
        steps = tuple(_step(sign, rest) for sign, rest in _STEP.findall(found[2]))
    except ValueError as error:
        raise ValueError(f"{message}: {error}") from error
    return When(text, anchor=(found[1] or "").lower(), steps=steps)


def moment_in(zone: Zone, at: int) -> Moment:
    """Return a moment, µs since 1970, with the offset that a zone has then, in whole minutes."""
    minutes = zone.offset(at) // MINUTE
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return Moment(at, "UTC" if zone.name == "UTC" else offset)


def _step(sign: str, rest: str) -> int | str:
    if sign != "@":
        return parse_duration(rest) // 1000 * (-1 if sign == "-" else 1)
    unit = rest.strip().upper()
    if unit not in _SPANS and unit not in _DAYS:
        raise ValueError(f"@ cuts down to one of {', '.join([*_SPANS, *_DAYS])}, not to {show(rest)}")
    return unit


def _cut(at: int, unit: str, zone: Zone) -> int:
    """Return the begin of the second, minute, hour, day, week (Monday), month or year on a wall clock."""
    if unit in _DAYS:
        return _day(at, zone, _DAYS[unit])
    return at - (at + zone.offset(at)) % _SPANS[unit]


def _day(at: int, zone: Zone, chosen: Callable[[date], date]) -> int:
    """Return the begin of a day on a wall clock, chosen by the one at a time."""
    today = _DAY_1 + timedelta(days=(at + zone.offset(at)) // DAY)
    return zone.instant((chosen(today) - _DAY_1).days * DAY)
