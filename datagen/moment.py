"""Times and durations as text: reads ISO 8601 and the short forms of the command line. Knows no clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datagen.problems import show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
        zone = UTC if self.zone in (None, "UTC") else datetime.fromisoformat(f"2000-01-01T00:00:00{self.zone}").tzinfo
        moment = (_EPOCH + timedelta(microseconds=self.microseconds)).astimezone(zone).replace(tzinfo=None)
        return moment.isoformat(timespec="microseconds") + ("Z" if self.zone == "UTC" else self.zone or "")


def parse_moment(given: object) -> Moment:
    """Return the moment that a datetime, or an ISO 8601 time as text, says.

    A colon may stand between date and time (``2009-05-21:08:00:10``). Raises ValueError when it is no such time.
    """
    if isinstance(given, datetime):
        return _moment(given, is_utc=given.tzinfo is UTC)
    try:
        if not isinstance(given, str):
            raise ValueError
        moment = _read(re.sub(r"^(\d{4}-\d{2}-\d{2}):(?=\d)", r"\1T", given.strip()))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be an ISO 8601 time such as 2001-12-20T13:13:12, found {show(given)}") from error
    return _moment(moment, is_utc=given.strip().upper().endswith("Z"))


def _moment(moment: datetime, *, is_utc: bool) -> Moment:
    offset = moment.utcoffset()
    zone = None
    if offset is not None:
        minutes = offset // timedelta(minutes=1)
        zone = "UTC" if is_utc else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    aware = moment.replace(tzinfo=UTC) if offset is None else moment
    return Moment((aware - _EPOCH) // timedelta(microseconds=1), zone)


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from dateutil.parser import isoparse  # knows the rarer forms, but takes 40 ms to import

        return isoparse(text)


def parse_duration(given: object) -> int:
    """Return the nanoseconds of a duration.

    It may be a timedelta, a number of seconds, ``30S``, ``10M``, ``1H30M`` or ``2D`` in any case, or ISO 8601
    (``PT1H30M``). Raises
    ValueError when it is no duration, is below 0, or is longer than 292 years.
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
