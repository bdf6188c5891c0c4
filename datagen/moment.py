"""Times and durations as text: reads ISO 8601 and the short forms of the command line. Knows no clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datagen.problems import show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Moment:
    """A point in time and the offset that it was written with, ``UTC`` for Z, None for none."""

    microseconds: int  # since 1970
    zone: str | None = None

    @property
    def milliseconds(self) -> int:
        """Give the milliseconds since 1970."""
        return self.microseconds // 1000

    @property
    def text(self) -> str:
        """Write it in ISO 8601, as ``parse_moment`` reads it."""
        zone = UTC if self.zone in (None, "UTC") else datetime.fromisoformat(f"2000-01-01T00:00:00{self.zone}").tzinfo
        moment = (_EPOCH + timedelta(microseconds=self.microseconds)).astimezone(zone).replace(tzinfo=None)
        return moment.isoformat(timespec="microseconds") + ("Z" if self.zone == "UTC" else self.zone or "")


def parse_moment(text: object) -> Moment:
    """Read an ISO 8601 time; also with a colon between date and time (``2009-05-21:08:00:10``).

    Raises ValueError when it is none.
    """
    try:
        if not isinstance(text, str):
            raise ValueError
        moment = _read(re.sub(r"^(\d{4}-\d{2}-\d{2}):(?=\d)", r"\1T", text.strip()))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be an ISO 8601 time such as 2001-12-20T13:13:12, found {show(text)}") from error
    offset = moment.utcoffset()
    zone = None
    if offset is not None:
        minutes = offset // timedelta(minutes=1)
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        zone = "UTC" if text.strip().upper().endswith("Z") else zone
    aware = moment.replace(tzinfo=UTC) if offset is None else moment
    return Moment((aware - _EPOCH) // timedelta(microseconds=1), zone)


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from dateutil.parser import isoparse  # knows the rarer forms, but takes 40 ms to import

        return isoparse(text)


def parse_duration(text: str) -> int:
    """Read a duration, ``30S``, ``10M``, ``1H``, ``2D`` in any case or ISO 8601 (``PT1H30M``); give nanoseconds.

    Raises ValueError when it is none, or longer than 292 years.
    """
    short = _SHORT.fullmatch(text.strip())
    iso = _ISO.fullmatch(text.strip())
    if short:
        parts = {_UNITS[short[2].lower()]: float(short[1])}
    elif iso and any(iso.groups()) and not text.strip().upper().endswith("T"):
        parts = {unit: float(number) for unit, number in iso.groupdict().items() if number}
    else:
        raise ValueError(f"must be a duration such as 30S, 10M, 1H, 2D or PT1H30M, found {show(text)}")
    try:
        nanoseconds = timedelta(**parts) // timedelta(microseconds=1) * 1000
    except OverflowError:
        nanoseconds = 2**63
    if nanoseconds >= 2**63:
        raise ValueError(f"must be less than 292 years, found {show(text)}")
    return nanoseconds
