"""The options of a run, checked in one place for the command, for Python and for a service."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar

from datagen.clock import FIRST_MOMENT, LAST_MOMENT, time_left
from datagen.engine.crowd import Limits
from datagen.language.population import Population
from datagen.moment import Moment, parse_duration
from datagen.plugin.instant import parse_warm_up
from datagen.plugin.model import changed
from datagen.plugin.volume import Volume, parse_volume
from datagen.problems import InvalidInput, Problem, did_you_mean, show
from datagen.when import When, parse_when
from datagen.zone import Zone

T = TypeVar("T")
P = TypeVar("P", bound=Population)

DEFAULT_WORKERS = 100
_MOST_THREADS = 256
_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?)([kmg])", re.IGNORECASE | re.ASCII)
_TIMES = {"k": 10**3, "m": 10**6, "g": 10**9}
_BYTES = re.compile(r"(\d+(?:\.\d+)?) ?([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_SLOWEST, _FASTEST = 1e-6, 1e6


@dataclass(frozen=True)
class Options:
    """What a run is made with.

    Without a start it runs on the system's clock; without a seed one is chosen.
    """

    start: When | None = None
    max_workers: Limits | None = None  # that of the spec, or DEFAULT_WORKERS; of several populations by name
    volume: Volume | None = None  # wins over that of the spec
    scale: float | None = None  # so many times more workers, once the volume is known; of a run without one: None
    scales: Mapping[str, float] = field(default_factory=dict)  # by population: those that have their own
    records: int | None = None
    duration: int | None = None  # ns
    until: When | None = None
    bytes: int | None = None  # of the records as compact JSON
    timezone: Zone | None = None  # of times without an offset; that of the spec
    warm_up: int | Literal["auto"] | None = None  # ns; that of the spec
    then_live: bool = False  # what has come before the present comes at once, the rest on the system's clock
    speed: float | None = None  # seconds of the run in one of the system's clock
    seed: int | None = None
    threads: int | None = None  # that compute what need not be waited for; as many as there are processors

    @classmethod
    def of(cls, given: Mapping[str, Any], names: Mapping[str, str] | None = None) -> "Options":
        """Check options, by the names of the fields; None stands for one that was not given.

        A start or an end is a time as text or a ``datetime``, a duration a text or a ``timedelta``. ``names`` says what
        messages call them. Raises InvalidInput with all that is wrong.
        """
        names = names or {}
        problems: list[Problem] = []

        def taken(key: str, parse: Callable[[Any], T], default: T) -> T:
            if given.get(key) is None:
                return default
            try:
                return parse(given[key])
            except ValueError as error:
                problems.append(Problem(str(error), names.get(key, key)))
                return default

        options = cls(
            start=taken("start", _when, None),
            max_workers=taken("max_workers", _limits, None),
            volume=taken("rate", _rate, None) or taken("volume", parse_volume, None),
            records=taken("records", lambda value: _count(value, 0), None),
            duration=taken("duration", parse_duration, None),
            until=taken("until", _when, None),
            bytes=taken("bytes", _bytes, None),
            timezone=taken("timezone", lambda value: Zone.named(str(value)), None),
            warm_up=taken("warm_up", parse_warm_up, None),
            then_live=bool(given.get("then_live")),
            speed=taken("speed", _speed, None),
            seed=taken("seed", lambda value: _whole(value, None), None),
            threads=taken("threads", _threads, None),
        )
        problems += options._conflicts(given, lambda key: names.get(key, key))
        if problems:
            raise InvalidInput(problems)
        return options

    def _conflicts(self, given: Mapping[str, Any], name: Callable[[str], str]) -> Iterator[Problem]:
        """Yield what does not go together."""
        if given.get("records") is not None and given.get("duration") is not None:
            yield Problem(f"{name('records')} and {name('duration')} exclude each other")
        if given.get("rate") is not None and given.get("volume") is not None:
            yield Problem(f"{name('rate')} and {name('volume')} exclude each other")
        if self.then_live and given.get("start") is None:
            yield Problem(f"needs {name('start')}: the time from which on history is made", name("then_live"))
        if self.then_live and given.get("speed") is not None:
            text = f"{name('then_live')} and {name('speed')} exclude each other: what is live has the system's pace"
            yield Problem(text)
        begin = self.start and self.start.moment
        if begin and self.duration is not None and self.duration > time_left(begin):
            yield Problem("would lead past the year 9999, or 146 years after the start", name("duration"))

    @property
    def is_simulated(self) -> bool:
        """Return whether the run waits for nothing."""
        return self.start is not None and not self.then_live and self.speed is None

    @property
    def is_bounded(self) -> bool:
        """Return whether something ends the run."""
        return any(end is not None for end in (self.records, self.duration, self.until, self.bytes))

    def span(self, start: Moment) -> int | None:
        """Return how long the run lasts that begins then, in ns, if nothing else ends it; None when it never ends."""
        spans = [] if self.duration is None else [self.duration]
        if self.until is not None:
            end = self.until.at(start.microseconds, self.timezone or Zone.of(start))
            spans.append(max(end - start.microseconds, 0) * 1000)
        return min(spans, default=None)

    def applied(self, population: P) -> P:
        """Return the population of a run, with what the options say in place of its keys."""
        update: dict[str, Any] = {} if self.timezone is None else {"timezone": self.timezone.name}
        if self.warm_up is not None:
            update["warm_up"] = self.warm_up
        if self.scales:
            own = population.populations
            scaled = {name: changed(own[name], volume_scale=scale) for name, scale in self.scales.items()}
            update["populations"] = {**own, **scaled}
        return population.model_copy(update=update)

    def limits(self, population: Population, default: int = DEFAULT_WORKERS) -> Limits:
        """Return how many workers may be alive: as the options say, else the population, else the default.

        Of several populations that is a limit for each, by its name.
        """
        given = self.max_workers or {}
        if isinstance(given, int):
            return given
        if not population.populations:
            return population.max_workers or default
        found = {name: given.get(name) or own.max_workers for name, own in population.populations.items()}
        return {name: limit or default for name, limit in found.items()}

    def limit(self, population: Population) -> int:
        """Return how many workers may be alive in all."""
        limits = self.limits(population)
        return limits if isinstance(limits, int) else sum(limits.values())

    def limited(self, population: P) -> P:
        """Return the population with that limit as its own, or with those of several."""
        limits = self.limits(population)
        if isinstance(limits, int):
            return population.model_copy(update={"max_workers": limits})
        own = {name: changed(one, max_workers=limits[name]) for name, one in population.populations.items()}
        return population.model_copy(update={"populations": own})

    def strangers(self, population: Population) -> Iterator[Problem]:
        """Yield what the limits that are given have to do with no population of a spec."""
        known = population.populations
        if isinstance(self.max_workers, int) and len(population.crowds_with_sources) > 1:
            names = ", ".join(show(name) for name in known)
            yield Problem(f"of several populations, each has its limit: give NAME=N, of {names}", "-m")
        for name in self.max_workers if isinstance(self.max_workers, Mapping) else ():
            if not known:
                yield Problem(f"the spec has no populations: give a number instead of {show(name)}", "-m")
            elif name not in known:
                yield Problem(f"unknown population {show(name)}{did_you_mean(name, known)}", "-m")


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _when(given: object) -> When:
    when = given if isinstance(given, When) else parse_when(given)
    if when.moment is not None:
        check_reach(when.moment.microseconds, when.moment.text)
    return when


def check_reach(at: int, text: str) -> None:
    """Raise ValueError when a time, in µs since 1970, is beyond those that a run can have."""
    if not FIRST_MOMENT.microseconds <= at < LAST_MOMENT.microseconds:
        raise ValueError(f"must not be before 0001-01-01 or from 9999-12-31 on (UTC), found {text}")


def _speed(given: object) -> float:
    try:
        speed = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else 0.0
    except ValueError:
        speed = 0.0
    if not _SLOWEST <= speed <= _FASTEST:
        raise ValueError(f"must be a number from {_SLOWEST:f} to {_FASTEST:.0f}, found {show(given)}")
    return speed


def _bytes(given: object) -> int:
    """Return a number of bytes, also one that is written as ``5GB``, ``1.5 M`` or ``4MiB``."""
    written = _BYTES.fullmatch(given.strip()) if isinstance(given, str) else None
    if written is None:
        return _whole(given, 0)
    number = Decimal(written[1]) * (1024 if written[3] else 1000) ** " kmgt".index(written[2].lower() or " ")
    return int(number) if number == int(number) else _whole(given, 0)


def _rate(given: object) -> Volume:
    volume = parse_volume(given)
    if volume.in_bytes:
        raise ValueError(f"must be records a time, such as 5000/s, found {show(given)}; bytes are a volume")
    return volume


def _threads(given: object) -> int:
    number = _count(given, 1)
    if number > _MOST_THREADS:
        raise ValueError(f"must not be above {_MOST_THREADS}, found {show(given)}")
    return number


def _limits(given: object) -> Limits:
    """Take a limit, or several by the names of populations: as a mapping, or as texts `NAME=N`."""
    if isinstance(given, list | tuple):
        parts = [_limits(part) for part in given]
        numbers = [part for part in parts if isinstance(part, int)]
        if numbers:
            return numbers[-1]
        return {name: limit for part in parts if isinstance(part, Mapping) for name, limit in part.items()}
    if isinstance(given, Mapping):
        return {str(name): _count(limit, 1) for name, limit in given.items()}
    if isinstance(given, str) and "=" in given:
        name, _, limit = given.rpartition("=")
        return {name: _count(limit, 1)}
    return _count(given, 1)


def _count(given: object, least: int) -> int:
    """Take a whole number, also one that is written as ``5k`` or ``1.5M``."""
    written = _THOUSANDS.fullmatch(given.strip()) if isinstance(given, str) else None
    if written:
        number = Decimal(written[1]) * _TIMES[written[2].lower()]
        return int(number) if number == int(number) else _whole(given, least)
    return _whole(given, least)


def _whole(given: object, least: int | None) -> int:
    """Take a whole number, also one that is written as text on a command line."""
    number = given
    if isinstance(given, str) and given.isascii():
        with suppress(ValueError):
            number = int(given)
    if not isinstance(number, int) or isinstance(number, bool) or (least is not None and number < least):
        bound = "" if least is None else f", {least} or more"
        raise ValueError(f"must be a whole number{bound}, found {show(number)}")
    return number
