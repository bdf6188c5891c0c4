"""The stage ``duplicate``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from datagen.plugin.distribution import AnyDistribution
from datagen.plugin.stage import Scope, State
from datagen.records.batch import Batch, Layout
from datagen.stages.fault import Fault
from datagen.stages.held import Held


class Duplicate(Fault):
    """Gives a share of the records twice, as a sender does that tries again; the second directly behind the first.

    With a `delay` it follows later. The dimension `duplicate` of a `label` is true in the second one. Both are the same
    record: with the same `record_id`, and later stages draw the same for both.

    Example: {"type": "duplicate", "share": 0.02, "delay": {"type": "uniform", "min": 0, "max": 5}, "label": true}
    """

    kind: ClassVar[str] = "duplicate"
    label_name: ClassVar[str] = "duplicate"
    delay: AnyDistribution | None = Field(None, description="seconds after which the second one follows")
    _held: Held = PrivateAttr()

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._held = Held()
        return super().prepare(layout, scope)

    @property
    def holds(self) -> bool:
        return self.delay is not None

    def through(self, batch: Batch, until: int) -> Batch:
        rows = np.repeat(np.arange(len(batch)), 1 + self.chosen(batch))
        second = np.concatenate([[False], rows[1:] == rows[:-1]])[: len(rows)]
        both = self.labelled(batch.take(rows), second)
        if self.delay is None:
            return both
        return self._held.exchange(both, np.where(second, self.waits(both, self.delay), 0), until)

    def state(self) -> State:
        return self._held.state()

    def restore(self, state: State) -> None:
        self._held.restore(state)
