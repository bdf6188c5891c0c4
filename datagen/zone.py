"""Time zones: what a wall clock shows, for columns of times. Part of the ground.

A zone is asked for once a day of a stretch, and by bisection where its offset changes; no time of an event is ever
looked up by itself.
"""

import os
import re
import zoneinfo
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cached_property, lru_cache
from importlib import import_module
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from datagen.draw import fingerprint
from datagen.moment import Moment
from datagen.problems import did_you_mean, read_bytes, show

Integers = npt.NDArray[np.int64]

SECOND = 1_000_000  # µs
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -719_160 * DAY, 2_932_894 * DAY  # a few days inside of the years 1 to 9999
_VERSIONS = {"tzdata.zi": re.compile(r"# version (\S+)"), "+VERSION": re.compile(r"(\S+)")}  # as systems say it
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True)
class Zone:
    """A zone by its IANA name, or an offset such as ``+02:00``; times are µs since 1970."""

    name: str = "UTC"

    @classmethod
    def named(cls, name: str) -> "Zone":
        """Return the zone of an IANA name. Raises ValueError when there is none of that name."""
        if not _is_known(name):
            near = did_you_mean(name, available_timezones())
            known = near if "did you mean" in near else "; a name is one such as Europe/Berlin"
            raise ValueError(f"unknown time zone {show(name)}{known}")
        return cls(name)

    @classmethod
    def of(cls, moment: Moment) -> "Zone":
        """Return the zone that a moment was written in: of its offset, UTC without one."""
        return cls(moment.zone or "UTC")

    @cached_property
    def info(self) -> tzinfo:
        """Return it as the standard library has it."""
        found = _OFFSET.fullmatch(self.name)
        if found is None:
            return UTC if self.name == "UTC" else ZoneInfo(self.name)
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-ahead if found[1] == "-" else ahead)

    def offset(self, at: int) -> int:
        """Return how far the wall clock is ahead of UTC, in µs."""
        moment = _EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))
        ahead = moment.astimezone(self.info).utcoffset() or timedelta()
        return ahead // timedelta(microseconds=1)

    def stretches(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """Return the stretches of time from ``begin`` until ``end`` in which the offset is the same, with that offset.

        Where it changes twice in 24 hours, only what is left of that is seen.
        """
        if isinstance(self.info, timezone):
            return [(begin, end, self.offset(begin))]
        found = []
        since, offset, day = begin, self.offset(begin), begin
        while day < end:
            day, before = min((day // DAY + 1) * DAY, end), day
            later = self.offset(day)
            if later != offset:
                change = self._change(before, day, offset)
                if change >= end:
                    break
                found.append((since, change, offset))
                since, offset = change, later
        return [*found, (since, end, offset)]

    def _change(self, before: int, after: int, offset: int) -> int:
        """Return the first whole second with another offset."""
        seconds = range(before // SECOND, after // SECOND + 1)
        return seconds[bisect_left(seconds, True, key=lambda at: self.offset(at * SECOND) != offset)] * SECOND

    def local(self, at: Integers) -> Integers:
        """Return what the wall clock shows, µs since its 1970, (n,), at times (n,) in any order."""
        if not len(at):
            return at
        stretches = self.stretches(int(at.min()), int(at.max()) + 1)
        offsets = np.array([offset for _, _, offset in stretches])
        begins = np.array([begin for begin, _, _ in stretches])
        return at + offsets[np.searchsorted(begins, at, side="right") - 1]

    def instant(self, wall: int) -> int:
        """Return when the wall clock shows a time, given as µs since its 1970.

        Of a time that it shows twice it is the first; one that it skips is read as if it had not been put forward yet.
        """
        day_before = self.offset(wall - DAY)
        found = wall - day_before
        if self.offset(found) == day_before:
            return found
        later = self.offset(wall + DAY)
        return wall - later if self.offset(wall - later) == later else found

    def instants(self, walls: Integers) -> Integers:
        """Return the same for many, (n,); offsets change at whole quarters of an hour, so these are looked up."""
        if isinstance(self.info, timezone):
            return walls - self.offset(0)
        quarters, which = np.unique(walls // (15 * MINUTE), return_inverse=True)
        begins = (quarters * (15 * MINUTE)).tolist()
        return walls - np.array([begin - self.instant(begin) for begin in begins], np.int64)[which]


def version_of(name: str) -> str:
    """Return which data a zone of a name is of, as zoneinfo finds it: the system's, or that of the package tzdata."""
    folder = next((folder for folder in zoneinfo.TZPATH if os.path.isfile(os.path.join(folder, name))), None)
    if folder is None:
        return f"tzdata {import_module('tzdata').IANA_VERSION}"
    for file, line in _VERSIONS.items():
        with suppress(OSError), open(os.path.join(folder, file), encoding="utf-8") as opened:
            if found := line.match(opened.readline()):
                return f"tzdata {found[1]}"
    return f"time zones of {folder}, {name} {fingerprint(read_bytes(os.path.join(folder, name)))}"


@lru_cache(maxsize=64)
def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # also what is no name at all, such as a path out of the folder of zones
        return False
    return True
