"""The profile ``jitter``."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.incident import LONG_AGO
from datagen.plugin.instant import Duration
from datagen.plugin.profile import Factor, Profile, Scope, long_enough, multiples


class Jitter(Profile):
    """A factor that is drawn anew for each stretch of time, evenly between two bounds: no two days are quite the same.

    Example: {"type": "jitter", "low": 0.8, "high": 1.2, "each": "1H"}
    """

    kind: ClassVar[str] = "jitter"
    low: Factor = Field(description="the lowest factor")
    high: Factor = Field(description="a factor that none is above")
    each: Duration = Field(description="how long a stretch is, at least 10 minutes; counted from 1970 in UTC")

    _long = field_validator("each")(long_enough)

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.low > self.high:
            raise ValueError(f'"low" ({self.low}) must not be above "high" ({self.high})')
        return self

    def speed(self, at: Integers, scope: Scope) -> Floats:
        numbers, places = np.unique(at // (self.each // 1000), return_inverse=True)
        return self.low + (self.high - self.low) * scope.units(numbers)[places]

    def settled(self, scope: Scope) -> int | None:
        return LONG_AGO if self.low == self.high else None

    def jumps(self, begin: int, end: int, scope: Scope) -> Integers:
        return multiples(self.each // 1000, begin, end)
