"""The stage ``delay``."""

from typing import ClassVar

from pydantic import Field, PrivateAttr

from datagen.plugin.distribution import AnyDistribution
from datagen.plugin.stage import Scope, Stage, State
from datagen.records.batch import Batch, Layout
from datagen.stages.held import Held, nanoseconds


class Delay(Stage):
    """Holds every record for a time: one for all, or drawn for each, so that they change places.

    They come in order of the times when they are let out. What the dimension `time` says stays as it is. A run that is
    stopped gives what it holds at once.

    Example: {"type": "delay", "delay": {"type": "constant", "value": 2}}
    Example: {"type": "delay", "delay": {"type": "exponential", "mean": 0.3}}
    """

    kind: ClassVar[str] = "delay"
    delay: AnyDistribution = Field(description="seconds for which a record is held; below 0 counts as 0")
    _scope: Scope = PrivateAttr()
    _held: Held = PrivateAttr()

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._scope, self._held = scope, Held()
        return []

    @property
    def holds(self) -> bool:
        return True

    def through(self, batch: Batch, until: int) -> Batch:
        waits = nanoseconds(self.delay.real(self._scope.bits(self._scope.keys(batch), "delay")))
        return self._held.exchange(batch, waits, until)

    def state(self) -> State:
        return self._held.state()

    def restore(self, state: State) -> None:
        self._held.restore(state)
