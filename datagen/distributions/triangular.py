"""The distribution ``triangular``."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Number
from datagen.problems import Path_


class Triangular(Distribution):
    """Rises evenly from `min` to `mode` and falls evenly to `max`.

    For estimates: at least, most likely, at most.

    Example: {"type": "triangular", "min": 5, "mode": 8, "max": 30}
    """

    kind: ClassVar[str] = "triangular"
    min: Number = Field(description="lowest value")
    mode: Number = Field(description="likeliest value")
    max: Number = Field(description="highest value")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        if not self.min <= self.mode <= self.max:
            yield (), f'"min" ({self.min}), "mode" ({self.mode}) and "max" ({self.max}) must ascend'

    def sample(self, u: Floats) -> Floats:
        width = self.max - self.min
        rising = (self.mode - self.min) / width if width else 0.0  # the share of draws below the mode
        up = self.min + width * np.sqrt(u * rising)
        down = self.max - width * np.sqrt((1 - u) * (1 - rising))
        return np.where(u < rising, np.minimum(up, self.mode), np.maximum(down, self.mode))

    def lowest(self) -> float:
        return self.min

    def highest(self) -> float:
        return self.max

    def expected(self) -> float:
        return self.min / 3 + self.mode / 3 + self.max / 3
