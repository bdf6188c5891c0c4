"""The profile ``points``."""

from typing import ClassVar

import numpy as np

from datagen.draw import Floats, Integers
from datagen.profiles.curve import Curve


class Points(Curve):
    """Factors at given times, joined by straight lines: the first one holds before, the last one after.

    Example: {"type": "points", "values": [["+0S", 0], ["+1H", 1], ["+7H", 1], ["+8H", 0]], "repeat": "1D"}
    """

    kind: ClassVar[str] = "points"

    @property
    def flat(self) -> bool:
        return False

    def between(self, at: Integers, times: Integers, factors: Floats) -> Floats:
        after = np.searchsorted(times, at, side="right").clip(1, max(len(times) - 1, 1))
        if len(times) == 1:
            return np.full(len(at), factors[0])
        length = np.maximum(times[after] - times[after - 1], 1)
        share = np.clip((at - times[after - 1]) / length, 0.0, 1.0)
        return factors[after - 1] + (factors[after] - factors[after - 1]) * share
