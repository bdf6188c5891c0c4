"""The stage ``drop``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from datagen.batch import Batch, Layout
from datagen.draw import unit
from datagen.stage import Scope, Stage


class Drop(Stage):
    """Leaves a share of the records out, as a pipeline does that loses some.

    Example: {"type": "drop", "share": 0.01}
    """

    kind: ClassVar[str] = "drop"
    share: int | float = Field(ge=0, le=1, description="share of the records that are left out")
    _scope: Scope = PrivateAttr()

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._scope = scope
        return []

    def through(self, batch: Batch, until: int) -> Batch:
        chosen = unit(self._scope.bits(self._scope.keys(batch), "chosen")) < self.share
        return batch.take(np.flatnonzero(~chosen))
