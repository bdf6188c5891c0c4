"""The dimension ``counter``."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.draw import Integers, Marks
from datagen.native import life
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.expression import AnyExpression
from datagen.problems import Path_


class Counter(Dimension):
    """The next number for every value, over all workers, in order of time.

    Missing and null values are not counted. Each counter of a spec counts on its own. Where `reset` is true for a value
    that is made, the counter begins anew with it. With `"per": "worker"`, each worker has a counter of its own: the
    number of the message in its session, of the page in the visit.

    Example: {"type": "counter", "name": "order_id", "start": 1000}
    """

    kind: ClassVar[str] = "counter"
    start: int = Field(0, ge=-(2**62), le=2**62, description="first value")
    increment: int = Field(1, ge=-(2**31), le=2**31, description="what is added from one value to the next")
    per: Literal["run", "worker"] = Field("run", description="who counts: all workers together, or each its own values")
    reset: AnyExpression | None = Field(
        None, description="an expression; where it is true, the counter begins anew at its start"
    )

    def draws(self) -> bool:
        return False

    def counts(self) -> bool:
        return True

    def remembers(self) -> bool:
        return self.per == "worker"

    def of_workers(self) -> Iterator[Path_]:
        if self.per == "worker":
            yield ("per",)

    def rarely_repeats(self) -> bool:
        return self.increment != 0 and self.reset is None and self.per == "run"

    def make(self, rows: Rows) -> pa.Array:
        if self.per == "worker":
            return pa.array(self.start + self.increment * self._since_birth(rows))
        made = rows.count()
        if self.reset is not None:
            return pa.array(self.start + self.increment * _since(rows, made, rows.holding(self.reset)))
        numbers = draw.column(len(rows), np.int64)
        numbers[:] = self.increment
        numbers[:1] = self.start + self.increment * made
        return pa.array(np.cumsum(numbers, out=numbers))

    def _since_birth(self, rows: Rows) -> Integers:
        """Return how many values stand before each of the same worker, since its last reset, (n,)."""
        past, size = rows.past, len(rows.past.back)
        resets = np.zeros(len(rows), bool) if self.reset is None else rows.holding(self.reset)
        begun = past.before(rows.path, pa.int64()).fill_null(0).to_numpy()
        made, left = draw.column(len(rows), np.int64), draw.column(size, np.int64)
        life.count(past.back, begun, rows.origins, resets.view(np.uint8), made, left)
        past.keep(rows.path, pa.array(left))
        return made


def _since(rows: Rows, made: int, resets: Marks) -> Integers:
    """Return how many values stand before each since the last reset, (n,); ``made`` of them before the first row."""
    places = np.arange(len(rows))
    last = np.maximum.accumulate(np.where(resets, places, -1 - made))
    counted = places - last - (last < 0)
    if len(rows):
        rows.set_count(int(counted[-1]) + 1)
    return counted
