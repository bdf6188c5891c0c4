"""The profile ``between``."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.profile import Factor, WallProfile, multiples
from datagen.profiles.calendar import Day, TimeOfDay, weekday
from datagen.zone import DAY


class Between(WallProfile):
    """One factor between two times of day, another one otherwise.

    `until` may be earlier than `from`: then it is past midnight, and belongs to the day it begins on. Opening hours are
    a factor of 1 and an `otherwise` of 0.

    Example: {"type": "between", "from": "09:00", "until": "17:30", "days": ["mon", "tue"], "factor": 1, "otherwise": 0}
    """

    kind: ClassVar[str] = "between"
    from_: TimeOfDay = Field(alias="from", description='the time of day from which on it holds, such as "09:00"')
    until: TimeOfDay = Field(description='the time of day until which it holds, up to "24:00"')
    days: list[Day] | None = Field(
        None,
        min_length=1,
        description="the days that it begins on, by name or number (0 and 7 are Sunday); all without it",
    )
    factor: Factor = Field(description="the factor between the two")
    otherwise: Factor = Field(1, description="the factor at all other times")

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.from_ == self.until:
            raise ValueError('"from" and "until" must differ; a whole day is from 00:00 until 24:00')
        return self

    @property
    def weekly(self) -> bool:
        return True

    def at_wall(self, wall: Integers) -> Floats:
        since, day = wall % DAY, weekday(wall)
        chosen = np.isin(np.arange(7), range(7) if self.days is None else self.days)
        if self.from_ < self.until:
            on = (since >= self.from_) & (since < self.until) & chosen[day]
        else:
            on = (since >= self.from_) & chosen[day] | (since < self.until) & chosen[day - 1]
        return np.where(on, float(self.factor), float(self.otherwise))

    def edges(self, begin: int, end: int) -> Integers:
        found = [multiples(DAY, begin - at, end - at) + at for at in (self.from_, self.until)]
        return np.unique(np.concatenate(found))
