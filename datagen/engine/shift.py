"""When it is read which rows of a resource are available: at the begin, and at every whole minute of UTC.

Where that follows from nothing but what changes at times that are known, an hour, an incident, it is read only at the
first whole minute after such a change.
"""

from collections.abc import Callable

from datagen.clock import NEVER
from datagen.engine.fleet import Fleet
from datagen.zone import MINUTE


class Shift:
    """The availability of the rows of a resource, which is read as if it were a level."""

    def __init__(self, fleet: Fleet, resource: int, zero: int, look: Callable[[int], object]) -> None:
        """Take the number of the resource, the begin of the simulation in µs, and what reads at a time."""
        self._fleet, self._resource, self._zero, self._look = fleet, resource, zero, look
        self.is_fickle = bool(fleet.always[resource])  # whether it may be another at any time
        self._read = -1  # the version at which it was read last
        self.is_timely = fleet.is_timely[resource]
        self.recalls = bool(fleet.recalls[resource])  # whether it follows from what templates remember
        self.next_change, self.seen = NEVER, -1  # when it was read last, as far as that is known

    def begin(self, now: int) -> None:
        """Read it when something may happen first."""
        self._look_at(now)

    @property
    def now(self) -> int:
        """Return behind which time it is to be read at the next whole minute; below 0 if it isn't."""
        return -1 if self.next_change == NEVER else self.next_change - 1

    def change(self, now: int) -> None:
        """Read it, if it is time; see at a time of some change whether that is a reason to."""
        if self.next_change == NEVER and self._version != self._read:
            self.next_change = self._minute(now)
        if self.next_change <= now:
            self._look_at(now)

    def go_to(self, now: int) -> None:
        """Go on from a time, as ``now`` has it."""
        self._read = self._version
        self.next_change = NEVER if now < 0 else self._minute(now + 1)

    @property
    def _version(self) -> int:
        return int(self._fleet.version[self._resource])

    def _look_at(self, now: int) -> None:
        self._look(now)
        self._read, self.seen = self._version, now
        self.next_change = self._minute(now + 1) if self.is_fickle else NEVER

    def _minute(self, now: int) -> int:
        """Return the first whole minute from a time on."""
        microseconds = self._zero + -(-now // 1000)
        return (-(-microseconds // MINUTE) * MINUTE - self._zero) * 1000
