"""The dimension ``counter``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.plugin.dimension import Dimension, Rows


class Counter(Dimension):
    """The next number for every value, over all workers, in order of time.

    Missing and null values are not counted. Each counter of a spec counts on its own.

    Example: {"type": "counter", "name": "order_id", "start": 1000}
    """

    kind: ClassVar[str] = "counter"
    start: int = Field(0, ge=-(2**62), le=2**62, description="first value")
    increment: int = Field(1, ge=-(2**31), le=2**31, description="what is added from one value to the next")

    def rarely_repeats(self) -> bool:
        return self.increment != 0

    def make(self, rows: Rows) -> pa.Array:
        numbers = draw.column(len(rows), np.int64)
        numbers[:] = self.increment
        numbers[:1] = self.start + self.increment * rows.count()
        return pa.array(np.cumsum(numbers, out=numbers))
