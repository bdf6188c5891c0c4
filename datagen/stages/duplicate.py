"""The stage ``duplicate``."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.distribution import Distribution
from datagen.plugin.seconds import SecondsDistribution
from datagen.plugin.stage import EachBatch, RunningStage, Scope
from datagen.records.batch import Batch, Layout
from datagen.stages.fault import Fault
from datagen.stages.held import Holding, drawn_waits


class Duplicate(Fault):
    """Sends a share of the records twice, as a sender does that tries again; the second one directly behind the first.

    With a `delay`, the second one follows later. With a `label`, the dimension `duplicate` is true in the second one.
    Both are the same record: they have the same `record_id`, and later stages draw the same for both.

    Example: {"type": "duplicate", "share": 0.02, "delay": {"type": "uniform", "min": 0, "max": 5}, "label": true}
    """

    kind: ClassVar[str] = "duplicate"
    label_name: ClassVar[str] = "duplicate"
    delay: SecondsDistribution | None = Field(None, description="seconds after which the second one follows")

    @property
    def holds(self) -> bool:
        return self.delay is not None

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        delay = self.delay
        if delay is None:
            return EachBatch(lambda batch: self._doubled(batch, scope)[0])
        return Holding(lambda batch: self._with_waits(delay, batch, scope))

    def _with_waits(self, delay: Distribution, batch: Batch, scope: Scope) -> tuple[Batch, Integers]:
        both, second = self._doubled(batch, scope)
        return both, np.where(second, drawn_waits(delay, both, scope), 0)

    def _doubled(self, batch: Batch, scope: Scope) -> tuple[Batch, npt.NDArray[np.bool_]]:
        """Return the records, those that are chosen twice, and tell which is the second one of two."""
        rows = np.repeat(np.arange(len(batch)), 1 + self.chosen(batch, scope))
        second = np.concatenate([[False], rows[1:] == rows[:-1]])[: len(rows)]
        return self.labelled(batch.take(rows), second), second
