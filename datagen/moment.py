"""Times and durations as text: reads ISO 8601 and the short forms of the command line. Knows no clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datagen.problems import show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Every text that is read as a time. What stands here has one meaning; the libraries behind it would guess at more, such
# as a digit between date and time.
_TIME = re.compile(
    r"(?:[0-9]{4}(?:-[0-9]{2})?|"  # a year, a month
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?[Ww][0-9]{2}(?:-?[1-7])?|[0-9]{4}-[0-9]{3})"  # a date
    r"(?:[Tt :][0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?|[0-9]{2}(?:[0-9]{2}(?:[.,][0-9]+)?)?)?"  # a clock
    r"(?:[Zz]|[+-][0-9]{2}(?::?[0-5][0-9])?)?)?)"  # an offset
)
_UNSEPARATED = re.compile(r"([0-9]{8})([0-9]{4}(?:[0-9]{2})?(?:[Zz]|[+-][0-9:]+)?)")
_SHORT = re.compile(
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?(?:(?P<hours>\d+(?:\.\d+)?)H)?"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_ISO = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Moment:
    """A point in time, and the UTC offset that it was written with."""

    microseconds: int  # since 1970
    zone: str | None = None  # such as "+02:00"; "UTC" for Z, None for no offset

    @property
    def milliseconds(self) -> int:
        """Return the milliseconds since 1970."""
        return self.microseconds // 1000

    @property
    def text(self) -> str:
        """Return it in ISO 8601, as ``parse_moment`` reads it."""
        offset = "+00:00" if self.zone in (None, "UTC") else self.zone
        ahead = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").utcoffset() or timedelta()
        local = _EPOCH.replace(tzinfo=None) + (timedelta(microseconds=self.microseconds) + ahead)
        return local.isoformat(timespec="microseconds") + ("Z" if self.zone == "UTC" else self.zone or "")


def parse_moment(given: object) -> Moment:
    """Return the moment that a datetime, or an ISO 8601 time as text, says.

    A space or a colon may stand between date and time (``2009-05-21:08:00:10``). Raises ValueError when it is no such
    time. Seconds or milliseconds since 1970 are no such time either: ``2024010112`` could be an hour or seconds, and
    neither says whether records get an offset; the message shows the time that was meant.
    """
    if isinstance(given, datetime):
        return _moment(given, is_utc=given.tzinfo is UTC)
    text = given.strip() if isinstance(given, str) else ""
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError
        return _moment(_read(re.sub("[T :]", "T", text.upper(), count=1)), is_utc=text.upper().endswith("Z"))
    except (ValueError, OverflowError) as error:
        message = f"must be an ISO 8601 time such as 2001-12-20T13:13:12, found {show(given)}"
        raise ValueError(message + _meant(given)) from error


def _moment(moment: datetime, *, is_utc: bool) -> Moment:
    offset = moment.utcoffset()
    zone = None
    if offset is not None:
        minutes = offset // timedelta(minutes=1)
        zone = "UTC" if is_utc else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    aware = moment.replace(tzinfo=UTC) if offset is None else moment
    return Moment((aware - _EPOCH) // timedelta(microseconds=1), zone)


def _read(text: str) -> datetime:
    """Read a time that has one of our forms, with a T between date and time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        if "W" in text:
            raise  # what follows takes week 53 of any year
        from dateutil.parser import isoparse  # knows months, days of a year and 24:00 too; takes 40 ms to import

        return isoparse(text)


def _meant(given: object) -> str:
    """Return the end of a message about a text of digits that is no time: what to write for what it may mean."""
    text = str(given).strip()
    if re.fullmatch(r"[0-9]{10}|[0-9]{13}", text):
        unit = "seconds" if len(text) == 10 else "milliseconds"
        time = (_EPOCH.replace(tzinfo=None) + timedelta(**{unit: int(text)})).isoformat(timespec=unit)
        return f"; write {time}Z if these are {unit} since 1970"
    apart = _UNSEPARATED.fullmatch(text)
    return f"; write {apart[1]}T{apart[2]}" if apart and _TIME.fullmatch(f"{apart[1]}T{apart[2]}") else ""


def parse_duration(given: object) -> int:
    """Return the nanoseconds of a duration.

    It may be a timedelta, a number of seconds, ``30S``, ``10M``, ``1H30M`` or ``2D`` in any case, or ISO 8601
    (``PT1H30M``). Raises ValueError when it is no duration, is below 0, or is longer than 292 years.
    """
    try:
        span = given if isinstance(given, timedelta) else timedelta(**_parts(given))
        nanoseconds = span // timedelta(microseconds=1) * 1000
    except OverflowError:
        nanoseconds = 2**63
    if not 0 <= nanoseconds < 2**63:
        raise ValueError(f"must be a duration of 0 to 292 years, found {show(given)}")
    return nanoseconds


def _parts(given: object) -> dict[str, float]:
    """Return the parts of a duration by their unit, as timedelta takes them."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    text = given.strip() if isinstance(given, str) else f"{given:f}" if is_number else ""
    if _NUMBER.fullmatch(text):
        return {"seconds": float(text)}
    found = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    if found is None or not any(found.groups()) or text.upper().endswith("T"):
        raise ValueError(
            f"must be a duration such as 90 (seconds), 30S, 10M, 1H30M, 2D or PT1H30M, found {show(given)}"
        )
    return {unit: float(number) for unit, number in found.groupdict().items() if number}
