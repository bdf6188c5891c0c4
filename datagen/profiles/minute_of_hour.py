"""The profile ``minute_of_hour``."""

from typing import ClassVar

from datagen.draw import Integers
from datagen.profiles.calendar import Table
from datagen.zone import MINUTE


class MinuteOfHour(Table):
    """A factor for each minute of an hour, 0 to 59: what is done every quarter of an hour, or just after the full one.

    Example: {"type": "minute_of_hour", "factors": {"0": 10, "15": 3, "30": 3, "45": 3}}
    """

    kind: ClassVar[str] = "minute_of_hour"
    size: ClassVar[int] = 60
    step: ClassVar[int] = MINUTE

    @property
    def weekly(self) -> bool:
        return True

    def part(self, wall: Integers) -> Integers:
        return wall // MINUTE % 60
