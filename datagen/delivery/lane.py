"""Lanes: the way from batches to one target, each with its own stages, format and pace.

What needs the processor is done ahead of time by whoever calls ``take`` (the encoder); a thread of the lane waits until
records are due, delivers them and tries again (the sender).
"""

from collections.abc import Callable

from datagen.clock import Clock
from datagen.delivery.encoder import Route
from datagen.delivery.sender import Sender
from datagen.records.batch import Batch


class Lane:
    """The way to one target."""

    def __init__(self, route: Route, clock: Clock) -> None:
        self.target = route.target
        self.encoder, self.sink = route.begin()
        self.sender = Sender(self.target, self.sink, clock, route.scope.say, passes_all=self.encoder.passes_all)
        self._known = 0  # records that were there before this process

    @property
    def delivered(self) -> int:
        """Return how many records the target has acknowledged."""
        return self.sender.standing.records

    def start(self) -> None:
        """Begin to deliver, after the records that were delivered before."""
        self._known = self.delivered
        self.sender.start()

    def take(self, batch: Batch, until: int, emitted: int, waiting: Callable[[], None]) -> None:
        """Take a batch, once there is room for it; ``emitted`` counts the records of the run with those of the batch.

        ``waiting`` is called from time to time until then.
        """
        made = self.encoder.made
        for encoded in self.encoder.encode(batch, until):
            known = min(max(self._known - made, 0), len(encoded))
            made += len(encoded)
            if known < len(encoded):
                self.sender.send(encoded.slice(known, len(encoded)), waiting)
        if len(batch):
            self.sender.note(emitted, batch.emitted, waiting)
