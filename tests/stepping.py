"""A simulated clock that lets a run be computed only a little at a time."""

from datagen.clock import SimulatedClock
from datagen.moment import Moment


class SteppingClock(SimulatedClock):
    """Lets a run be computed only a fixed span at a time."""

    def __init__(self, start: Moment, step: int) -> None:
        super().__init__(start)
        self._step = step
        self._reached = step

    def horizon(self) -> int:
        return self._reached

    def wait_for(self, moment: int) -> None:
        self._reached = max(self._reached, moment) + self._step
