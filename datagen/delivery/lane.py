"""Lanes: the way from batches to one target, each with its own stages, format and pace.

What needs the processor is done ahead of time, by the crew of the run (the encoder); a thread of the lane waits until
records are due, delivers them and tries again (the sender).
"""

from collections.abc import Callable
from functools import partial

from datagen.clock import Clock
from datagen.delivery.encoder import Route
from datagen.delivery.sender import Sender
from datagen.engine.crew import Crew
from datagen.plugin.target import Encoded
from datagen.records.batch import Batch


class Lane:
    """The way to one target."""

    def __init__(self, route: Route, clock: Clock, crew: Crew) -> None:
        """Take a route, the clock of the run, and who encodes its records."""
        self.target = route.target
        self.encoder, self.sink = route.begin()
        self._crew = crew if self.encoder.is_ours else Crew(1)
        self.sender = Sender(
            self.target,
            self.sink,
            clock,
            route.scope.say,
            passes_all=self.encoder.passes_all,
            waiting=max(self._crew.ahead, 2),
        )
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
        for part in self.encoder.through(batch, until):
            known = min(max(self._known - made, 0), len(part))
            made += len(part)
            if known < len(part):
                self.sender.send(self._crew.begin(partial(self._encoded, part, known)).awaited, waiting)
        if len(batch):
            self.sender.note(emitted, batch.emitted, waiting)

    def _encoded(self, batch: Batch, known: int) -> Encoded:
        """Return records as the target takes them, but the first ones, which it has."""
        encoded = self.encoder.encoded(batch)
        return encoded.slice(known, len(encoded))
