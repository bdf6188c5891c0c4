"""The stage ``drop``."""

from typing import ClassVar

import numpy as np

from datagen.plugin.stage import EachBatch, RunningStage, Scope
from datagen.records.batch import Batch, Layout
from datagen.stages.fault import Fault


class Drop(Fault):
    """Leaves out a share of the records, as a pipeline does that loses some.

    With a `label`, all records are kept, and the dimension `dropped` is true in those that the same stage without a
    label would leave out. So a second target can tell which records the first one is missing.

    Example: {"type": "drop", "share": 0.01}
    Example: {"type": "drop", "share": 0.01, "label": true}
    """

    kind: ClassVar[str] = "drop"
    label_name: ClassVar[str] = "dropped"

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        return EachBatch(lambda batch: self._without_chosen(batch, scope))

    def _without_chosen(self, batch: Batch, scope: Scope) -> Batch:
        chosen = self.chosen(batch, scope)
        return self.labelled(batch, chosen) if self.label is not None else batch.take(np.flatnonzero(~chosen))
