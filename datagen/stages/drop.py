"""The stage ``drop``."""

from typing import ClassVar

import numpy as np

from datagen.records.batch import Batch
from datagen.stages.fault import Fault


class Drop(Fault):
    """Leaves a share of the records out, as a pipeline does that loses some.

    With a `label` all are kept, and the dimension `dropped` tells which the same stage without it leaves out: what a
    second target needs to know what the first one lacks.

    Example: {"type": "drop", "share": 0.01}
    Example: {"type": "drop", "share": 0.01, "label": true}
    """

    kind: ClassVar[str] = "drop"
    label_name: ClassVar[str] = "dropped"

    def through(self, batch: Batch, until: int) -> Batch:
        chosen = self.chosen(batch)
        return self.labelled(batch, chosen) if self.label is not None else batch.take(np.flatnonzero(~chosen))
