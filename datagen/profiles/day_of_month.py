"""The profile ``day_of_month``."""

from typing import ClassVar

from datagen.draw import Integers
from datagen.profiles.calendar import Table


class DayOfMonth(Table):
    """A factor for each day of the month, 1 to 31: pay day, the first of the month.

    Example: {"type": "day_of_month", "factors": {"1": 3, "25": 2}}
    """

    kind: ClassVar[str] = "day_of_month"
    first: ClassVar[int] = 1
    size: ClassVar[int] = 31

    def part(self, wall: Integers) -> Integers:
        days = wall.view("datetime64[us]").astype("datetime64[D]")
        return (days - days.astype("datetime64[M]")).astype(int)
