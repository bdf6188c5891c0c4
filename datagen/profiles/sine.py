"""The profile ``sine``."""

from typing import ClassVar

from pydantic import Field, field_validator

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.plugin.instant import Duration
from datagen.plugin.model import Number
from datagen.plugin.profile import NONE, WallProfile, long_enough
from datagen.zone import WEEK


class Sine(WallProfile):
    """A wave round 1: 1 + amplitude · sin(2π (t - phase) / period), where t counts from 1970 on the wall clock.

    With a period of a day and a phase of 9 hours it is 1 at 9 in the morning, highest at 15 and lowest at 3.

    Example: {"type": "sine", "period": "1D", "amplitude": 0.6, "phase": 32400}
    """

    kind: ClassVar[str] = "sine"
    period: Duration = Field(description="how long a wave is, at least 10 minutes")
    amplitude: Number = Field(ge=0, le=1, description="how far it goes up and down")
    phase: Number = Field(0, ge=-1e9, le=1e9, description="seconds that the wave is shifted by, to later")

    _long = field_validator("period")(long_enough)

    @property
    def flat(self) -> bool:
        return False

    @property
    def weekly(self) -> bool:
        return self.period <= WEEK * 1000

    def at_wall(self, wall: Integers) -> Floats:
        period = self.period // 1000
        turns = (wall - round(self.phase * 1e6)) % period / period
        return 1.0 + float(self.amplitude) * draw.sine(turns)

    def edges(self, begin: int, end: int) -> Integers:
        return NONE
