"""The profile ``growth``."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.plugin.instant import Period
from datagen.plugin.model import Number
from datagen.plugin.profile import MOST_FACTOR, Profile, Scope


class Growth(Profile):
    """Compound growth, or decline, from the start of the run on: the factor is multiplied once in each period, evenly.

    Example: {"type": "growth", "per": "30D", "factor": 1.1}
    """

    kind: ClassVar[str] = "growth"
    per: Period = Field(description="how long it takes to grow by the factor")
    factor: Number = Field(ge=1 / MOST_FACTOR, le=MOST_FACTOR, description="by how much it grows; below 1 it declines")

    @property
    def flat(self) -> bool:
        return False

    def speed(self, at: Integers, scope: Scope) -> Floats:
        grown = draw.power(float(self.factor), (at - scope.start.microseconds) / (self.per // 1000))
        return np.minimum(grown, float(MOST_FACTOR))
