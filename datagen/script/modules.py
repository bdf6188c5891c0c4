"""Modules of Python in templates: their pure parts. What would read the clock of the machine says so."""

import base64
import calendar
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from datetime import time as time_of_day
from decimal import Decimal
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

_OF_CALENDAR = (
    "day_abbr day_name isleap leapdays month_abbr month_name monthcalendar monthrange timegm weekday"  # print nothing
)
_OF_HASHLIB = "blake2b blake2s md5 sha1 sha224 sha256 sha384 sha512 sha3_256 sha3_512"
_OF_BASE64 = (
    "b16decode b16encode b32decode b32encode b64decode b64encode b85decode b85encode standard_b64decode "
    "standard_b64encode urlsafe_b64decode urlsafe_b64encode"
)
NAMES = ("datetime", "math", "json", "hashlib", "base64", "calendar")
CLOCKS = frozenset({"now", "today", "utcnow", "utcfromtimestamp"})  # of a time: what reads the machine's clock or zone
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def module(name: str, zone: tzinfo) -> Any:
    """Return what a template has under the name of a module; times without a zone of their own are of ``zone``."""
    match name:
        case "datetime":
            return _Datetime(zone)
        case "math":
            return _parts(math, " ".join(part for part in vars(math) if not part.startswith("_")))
        case "json":
            return SimpleNamespace(dumps=partial(json.dumps, default=_written), loads=json.loads)
        case "hashlib":
            return _parts(import_module("hashlib"), _OF_HASHLIB)  # for digests; whoever wants randomness asks rand
        case "base64":
            return _parts(base64, _OF_BASE64)
        case _:
            return _parts(calendar, _OF_CALENDAR)


def _parts(module: Any, names: str) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(module, name) for name in names.split()})


def _written(value: Any) -> str:
    """Return an exact decimal as a text: JSON would make a float of it."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class _Datetime:
    """The module ``datetime``."""

    def __init__(self, zone: tzinfo) -> None:
        self.datetime = _Moments(zone)
        self.date = _Days(zone)
        self.time, self.timedelta, self.timezone, self.UTC = time_of_day, timedelta, timezone, UTC


class _Days:
    """The class ``date``, without what reads the clock."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.fromisoformat, self.fromordinal = date.fromisoformat, date.fromordinal
        self.fromisocalendar, self.min, self.max = date.fromisocalendar, date.min, date.max

    def __call__(self, *parts: int, **named: int) -> date:
        return date(*parts, **named)

    def fromtimestamp(self, seconds: float) -> date:
        return datetime.fromtimestamp(seconds, self._zone).date()


class _Moments:
    """The class ``datetime``, without what reads the clock or the zone of the machine."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.combine, self.fromordinal = datetime.combine, datetime.fromordinal
        self.fromisoformat, self.fromisocalendar = datetime.fromisoformat, datetime.fromisocalendar
        self.min, self.max = datetime.min, datetime.max

    def __call__(self, *parts: Any, **named: Any) -> datetime:
        return datetime(*parts, **named)

    def fromtimestamp(self, seconds: float, tz: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(seconds, tz or self._zone)

    def strptime(self, text: str, codes: str) -> datetime:
        if "%Z" in codes.replace("%%", ""):
            raise ValueError("%Z would be a name of the zone of this machine; write it out, or read an offset with %z")
        return datetime.strptime(text, codes)


def of_moment(moment: date, name: str, zone: tzinfo) -> Any:
    """Return a method of a time, or a day, that by itself would read the zone of the machine; None for all others."""
    if name in ("fromtimestamp", "strptime"):
        return getattr((_Moments if isinstance(moment, datetime) else _Days)(zone), name, None)
    methods: dict[str, Callable[..., Any]] = {"strftime": _formatted, "timestamp": _seconds, "astimezone": _moved}
    if name not in methods or not hasattr(moment, name):
        return None
    return partial(
        methods[name], moment if isinstance(moment, datetime) else datetime.combine(moment, time_of_day()), zone
    )


def _aware(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _formatted(moment: datetime, zone: tzinfo, codes: str) -> str:
    """Return a time by strftime codes; ``%s`` is the seconds since 1970."""
    if "%s" in codes:
        seconds = (_aware(moment, zone) - _EPOCH) // timedelta(seconds=1)
        codes = "%%".join(part.replace("%s", str(seconds)) for part in codes.split("%%"))
    return moment.strftime(codes)


def _seconds(moment: datetime, zone: tzinfo) -> float:
    return _aware(moment, zone).timestamp()


def _moved(moment: datetime, zone: tzinfo, tz: tzinfo | None = None) -> datetime:
    return _aware(moment, zone).astimezone(tz or zone)
