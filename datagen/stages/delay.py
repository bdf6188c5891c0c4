"""The stage ``delay``."""

from typing import ClassVar

from pydantic import Field

from datagen.plugin.seconds import SecondsDistribution
from datagen.plugin.stage import RunningStage, Scope, Stage
from datagen.records.batch import Layout
from datagen.stages.held import Holding, drawn_waits


class Delay(Stage):
    """Holds every record back for a time: the same for all, or drawn for each, which changes their order.

    Records come out in the order of the times at which they are released. Their dimension `time` stays as it is. When a
    run is stopped, all records that are still held come out at once.

    Example: {"type": "delay", "delay": {"type": "constant", "value": 2}}
    Example: {"type": "delay", "delay": {"type": "exponential", "mean": 0.3}}
    """

    kind: ClassVar[str] = "delay"
    delay: SecondsDistribution = Field(description="how many seconds a record is held back; below 0 counts as 0")

    @property
    def holds(self) -> bool:
        return True

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        return Holding(lambda batch: (batch, drawn_waits(self.delay, batch, scope)))
