"""The stage ``late``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from datagen.plugin.distribution import AnyDistribution
from datagen.plugin.stage import Scope, State
from datagen.records.batch import Batch, Layout
from datagen.stages.fault import Fault
from datagen.stages.held import Held


class Late(Fault):
    """Holds a share of the records back, so that they arrive out of order; the rest passes in its place.

    The dimension `late` of a `label` is true in the records that are held back for more than no time.

    Example: {"type": "late", "share": 0.05, "delay": {"type": "exponential", "mean": 30}, "label": true}
    """

    kind: ClassVar[str] = "late"
    label_name: ClassVar[str] = "late"
    delay: AnyDistribution = Field(description="seconds for which such a record is held back")
    _held: Held = PrivateAttr()

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._held = Held()
        return super().prepare(layout, scope)

    @property
    def holds(self) -> bool:
        return True

    def through(self, batch: Batch, until: int) -> Batch:
        waits = np.where(self.chosen(batch), self.waits(batch, self.delay), 0)
        return self._held.exchange(self.labelled(batch, waits > 0), waits, until)

    def state(self) -> State:
        return self._held.state()

    def restore(self, state: State) -> None:
        self._held.restore(state)
