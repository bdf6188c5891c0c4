"""The profile ``month_of_year``."""

from typing import ClassVar

from datagen.draw import Integers
from datagen.profiles.calendar import Table


class MonthOfYear(Table):
    """A factor for each month, 1 to 12.

    Example: {"type": "month_of_year", "factors": {"7": 0.7, "8": 0.6, "12": 2.5}}
    """

    kind: ClassVar[str] = "month_of_year"
    first: ClassVar[int] = 1
    size: ClassVar[int] = 12

    def part(self, wall: Integers) -> Integers:
        return wall.view("datetime64[us]").astype("datetime64[M]").astype(int) % 12
