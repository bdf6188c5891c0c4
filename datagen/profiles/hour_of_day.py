"""The profile ``hour_of_day``."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats, Integers
from datagen.plugin.profile import NONE
from datagen.profiles.calendar import Table
from datagen.zone import HOUR


class HourOfDay(Table):
    """A factor for each hour of the day, 0 to 23.

    With `smooth` the factor of an hour holds at half past, and changes evenly from there to the next one.

    Example: {"type": "hour_of_day", "factors": {"0": 0.1, "1": 0.1, "2": 0.1, "12": 2}, "smooth": true}
    """

    kind: ClassVar[str] = "hour_of_day"
    size: ClassVar[int] = 24
    step: ClassVar[int] = HOUR
    smooth: bool = Field(False, description="whether hours pass into one another instead of jumping")

    @property
    def flat(self) -> bool:
        return not self.smooth

    @property
    def weekly(self) -> bool:
        return True

    def part(self, wall: Integers) -> Integers:
        return wall // HOUR % 24

    def at_wall(self, wall: Integers) -> Floats:
        if not self.smooth:
            return super().at_wall(wall)
        table = np.array(self.factors)
        since = wall - HOUR // 2
        before, after = table[self.part(since)], table[self.part(since + HOUR)]
        return before + (after - before) * (since % HOUR / HOUR)

    def edges(self, begin: int, end: int) -> Integers:
        return NONE if self.smooth else super().edges(begin, end)
