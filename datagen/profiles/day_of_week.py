"""The profile ``day_of_week``."""

from typing import ClassVar

from datagen.draw import Integers
from datagen.profiles.calendar import Table, day_number, weekday


class DayOfWeek(Table):
    """A factor for each day of the week, by name (`sunday`, `sun`, `su`, in any case) or number: 0 and 7 are Sunday.

    A list begins with Sunday.

    Example: {"type": "day_of_week", "factors": {"saturday": 0.4, "sunday": 0.2}}
    """

    kind: ClassVar[str] = "day_of_week"
    size: ClassVar[int] = 7

    @property
    def weekly(self) -> bool:
        return True

    @classmethod
    def number(cls, key: str) -> int:
        return day_number(key)

    def part(self, wall: Integers) -> Integers:
        return weekday(wall)
