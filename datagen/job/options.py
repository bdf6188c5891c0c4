"""The options of a run, checked in one place for the command, for Python and for a service."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from datagen.clock import FIRST_MOMENT, LAST_MOMENT, time_left
from datagen.language.population import Population
from datagen.moment import Moment, parse_duration, parse_moment
from datagen.plugin.volume import Volume, parse_volume
from datagen.problems import InvalidInput, Problem, show

T = TypeVar("T")

DEFAULT_WORKERS = 100
_MOST_THREADS = 256
_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?)([kmg])", re.IGNORECASE | re.ASCII)
_TIMES = {"k": 10**3, "m": 10**6, "g": 10**9}


@dataclass(frozen=True)
class Options:
    """What a run is made with. Without a start it runs on the system's clock; without a seed one is chosen."""

    start: Moment | None = None
    max_workers: int | None = None  # that of the spec, or DEFAULT_WORKERS
    volume: Volume | None = None  # wins over that of the spec
    scale: float | None = None  # so many times more workers, once the volume is known; of a run without one: None
    records: int | None = None
    duration: int | None = None  # ns
    seed: int | None = None
    threads: int | None = None  # that compute a run on a simulated clock; as many as there are processors

    @classmethod
    def of(cls, given: Mapping[str, Any], names: Mapping[str, str] | None = None) -> "Options":
        """Check options, by the names of the fields; None stands for one that was not given.

        A start is a time as text or a ``datetime``, a duration a text or a ``timedelta``. ``names`` says what messages
        call them. Raises InvalidInput with all that is wrong.
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
            start=taken("start", _moment, None),
            max_workers=taken("max_workers", lambda value: _count(value, 1), None),
            volume=taken("rate", _rate, None) or taken("volume", parse_volume, None),
            records=taken("records", lambda value: _count(value, 0), None),
            duration=taken("duration", parse_duration, None),
            seed=taken("seed", lambda value: _whole(value, None), None),
            threads=taken("threads", _threads, None),
        )
        if given.get("records") is not None and given.get("duration") is not None:
            text = f"{names.get('records', 'records')} and {names.get('duration', 'duration')} exclude each other"
            problems.append(Problem(text))
        if given.get("rate") is not None and given.get("volume") is not None:
            text = f"{names.get('rate', 'rate')} and {names.get('volume', 'volume')} exclude each other"
            problems.append(Problem(text))
        if options.duration is not None and options.start and options.duration > time_left(options.start):
            text = "would lead past the year 9999, or 146 years after the start"
            problems.append(Problem(text, names.get("duration", "duration")))
        if problems:
            raise InvalidInput(problems)
        return options

    def limit(self, population: Population) -> int:
        """Return how many workers may be alive: as the options say, else the population, else DEFAULT_WORKERS."""
        return self.max_workers or population.max_workers or DEFAULT_WORKERS


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _moment(given: object) -> Moment:
    moment = given if isinstance(given, Moment) else parse_moment(given)
    if not FIRST_MOMENT.microseconds <= moment.microseconds < LAST_MOMENT.microseconds:
        raise ValueError(f"must not be before 0001-01-01 or from 9999-12-31 on (UTC), found {moment.text}")
    return moment


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
