"""The stage ``late``."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.seconds import SecondsDistribution
from datagen.plugin.stage import RunningStage, Scope
from datagen.records.batch import Batch, Layout
from datagen.stages.fault import Fault
from datagen.stages.held import Holding, drawn_waits


class Late(Fault):
    """Holds back a share of the records, so that they arrive late and out of order; the others pass at once.

    With a `label`, the dimension `late` is true in the records that are held back for more than 0 seconds.

    Example: {"type": "late", "share": 0.05, "delay": {"type": "exponential", "mean": 30}, "label": true}
    """

    kind: ClassVar[str] = "late"
    label_name: ClassVar[str] = "late"
    delay: SecondsDistribution = Field(description="how many seconds a chosen record is held back; below 0 counts as 0")

    @property
    def holds(self) -> bool:
        return True

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        return Holding(lambda batch: self._with_waits(batch, scope))

    def _with_waits(self, batch: Batch, scope: Scope) -> tuple[Batch, Integers]:
        waits = np.where(self.chosen(batch, scope), drawn_waits(self.delay, batch, scope), 0)
        return self.labelled(batch, waits > 0), waits
