"""The profile ``peaks``."""

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.plugin.model import Model, Named, Number, invalid
from datagen.plugin.profile import MOST_FACTOR, WallProfile, multiples
from datagen.problems import show
from datagen.profiles.calendar import day_number, weekday
from datagen.zone import DAY, HOUR

_LEAST = 0.001


class Peak(Model):
    """A peak of a day, of the shape of a bell."""

    hour: Number = Field(ge=0, le=24, description="when it is highest, in hours since midnight")
    sigma: Number = Field(gt=0, description="how wide it is: its standard deviation, in hours")
    weight: Number = Field(ge=-MOST_FACTOR, le=MOST_FACTOR, description="how high it is")


class Peaks(WallProfile):
    """Days with peaks, each with the shape of a bell: a morning one, a lunch break, an evening one.

    The factor is the sum of the day's peaks; one near midnight reaches over it, within its own day. A day that is not
    listed is as the nearest one before it that is, round the week.

    Example: {"type": "peaks", "days": {"mon": [{"hour": 9, "sigma": 2, "weight": 2}], "sat": [{"hour": 15, "sigma": 3, "weight": 1}]}}
    """

    kind: ClassVar[str] = "peaks"
    days: Named[Annotated[list[Peak], Field(min_length=1)]] = Field(
        min_length=1, description="the peaks of each day, by its name or number (1 to 7 are Monday to Sunday)"
    )

    @field_validator("days")
    @classmethod
    def _names_days(cls, days: dict[str, Any]) -> dict[str, Any]:
        lines: list[tuple[tuple[str | int, ...], str]] = []
        known: dict[int, str] = {}
        for key in days:
            try:
                day = day_number("" if key.strip() == "0" else key)
            except ValueError as error:
                text = str(error).replace("0 to 7 (0 and 7 are Sunday)", "1 to 7 (Monday to Sunday)")
                lines.append(((key,), text.replace('day ""', f"day {show(key)}")))
                continue
            if day in known:
                lines.append(((key,), f"is the same as {show(known[day])}"))
            known[day] = key
        if lines:
            raise invalid("days", lines)
        return days

    @property
    def flat(self) -> bool:
        return False

    @property
    def weekly(self) -> bool:
        return True

    def at_wall(self, wall: Integers) -> Floats:
        hours, day = wall % DAY / HOUR, weekday(wall)
        made = np.empty(len(wall))
        for number, peaks in enumerate(self._week()):
            own = day == number
            made[own] = _height(hours[own], peaks)
        return np.where(made > 0, made, _LEAST)

    def edges(self, begin: int, end: int) -> Integers:
        return multiples(DAY, begin, end)

    def _week(self) -> list[list[Peak]]:
        """Return the peaks of each day, from Sunday on."""
        listed = {day_number(key): peaks for key, peaks in self.days.items()}
        return [next(listed[(day - k) % 7] for k in range(7) if (day - k) % 7 in listed) for day in range(7)]


def _height(hours: Floats, peaks: list[Peak]) -> Floats:
    """Return the sum of peaks at hours (n,) of a day."""
    total = np.zeros(len(hours))
    for peak in peaks:
        ways = [(hours - peak.hour + around) / peak.sigma for around in (-24.0, 0.0, 24.0)]
        total += np.max([peak.weight * draw.exp(-(way * way) / 2.0) for way in ways], axis=0)
    return total
