"""The dimension ``counter``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows


class Counter(Dimension):
    """A number that counts on with every value made, over all workers, in time order.

    A missing or null value does not move it on. Every counter of a spec counts for itself.

    Example: {"type": "counter", "name": "order_id", "start": 1000}
    """

    kind: ClassVar[str] = "counter"
    start: int = Field(0, ge=-(2**62), le=2**62, description="first value")
    increment: int = Field(1, ge=-(2**31), le=2**31, description="what is added for the next value")

    def make(self, rows: Rows) -> pa.Array:
        first = self.start + self.increment * rows.count()
        return pa.array(first + self.increment * np.arange(len(rows)))
