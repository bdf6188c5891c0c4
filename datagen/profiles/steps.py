"""The profile ``steps``."""

from typing import ClassVar

import numpy as np

from datagen.draw import Floats, Integers
from datagen.profiles.curve import Curve


class Steps(Curve):
    """Factors from given times on, each until the next one; the first one also holds before.

    Example: {"type": "steps", "values": [["2024-11-29", 1], ["2024-11-29T18:00", 6], ["2024-11-30", 1]]}
    """

    kind: ClassVar[str] = "steps"

    def between(self, at: Integers, times: Integers, factors: Floats) -> Floats:
        return factors[np.maximum(np.searchsorted(times, at, side="right") - 1, 0)]
