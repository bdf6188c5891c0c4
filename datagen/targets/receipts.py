"""Receipts: which of the records under way a system has acknowledged, for libraries that hear of each record alone.

The records of one write are numbered from 0. One thread fills in the receipts; it may be another than the one that
waits for them.
"""

import threading

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered
from datagen.targets.window import Window


class Receipts:
    """The acknowledgements of one write."""

    def __init__(self, count: int, window: Window | None = None) -> None:
        """Take how many records there are, and the window through which they are sent."""
        self.acknowledged = 0
        self._window = window or Window(1)
        self._have = bytearray(count)  # 1 for each record that is there, 2 for each that was refused
        self._whole = 0  # all records before this one are there
        self._sent = self._refused = 0  # of the records
        self._refusal = ""  # why the first of them was refused
        self._heard = stopwatch()
        self._failure: Undelivered | None = None
        self._over = threading.Event()
        if not count:
            self._over.set()

    @property
    def leading(self) -> int:
        """Return how many records are there before the first that is not."""
        return len(self._have) - len(self._have[self._whole :].lstrip(b"\1"))

    @property
    def is_over(self) -> bool:
        """Return whether there is nothing more to wait for."""
        return self._over.is_set()

    @property
    def silence(self) -> float:
        """Return how long ago the last record was answered, or all began, in seconds."""
        return stopwatch() - self._heard

    def there(self, number: int) -> bool:
        """Return whether a record is there."""
        return self._have[number] == 1

    def due(self, least: int = 1) -> range:
        """Return the numbers of the records to send now; whoever calls it sends them.

        There are none until the window has room for ``least``, or is empty.
        """
        size = self._window.size
        room = size - (self._sent - self.acknowledged - self._refused)
        if self.is_over or self._refused or room < min(least, size):
            return range(0)
        first, self._sent = self._sent, min(self._sent + room, len(self._have))
        return range(first, self._sent)

    def acknowledge(self, number: int) -> None:
        """Take note that a record is there; a second time changes nothing."""
        if not self._have[number]:
            self._have[number] = 1
            self._count(1)

    def acknowledge_through(self, number: int) -> None:
        """Take note that a record and all records before it are there, but for those that were refused."""
        if number < self._whole:
            return
        new = self._have.count(0, self._whole, number + 1)
        self._have[self._whole : number + 1] = self._have[self._whole : number + 1].replace(b"\0", b"\1")
        if not self._refused:
            self._whole = number + 1
        self._count(new)

    def refuse(self, number: int, reason: str) -> None:
        """Take note that a record was refused and may be taken later; those that are under way are still waited for."""
        if not self._have[number]:
            self._have[number] = 2
            self._refused += 1
            self._refusal = self._refusal or reason
            self._window.refuse()
            self._count(0)

    def refuse_through(self, number: int, reason: str) -> None:
        """Take note that a record and all records before it were refused, but for those that are there."""
        for each in range(self._whole, number + 1):
            self.refuse(each, reason)

    def fail(self, reason: str, *, lasting: bool = False) -> None:
        """Take note that not all records will be there; only the first reason counts."""
        if not self._over.is_set():
            self._failure = Undelivered(reason, self.leading, lasting=lasting)
            self._over.set()

    def settle(self) -> None:
        """Raise Undelivered if not all records are there."""
        if self._failure is not None:
            raise self._failure

    def wait(self, patience: float, whom: str) -> None:
        """Wait until all records are there.

        Raises Undelivered when one of them will not be, or when ``whom`` we wait for has answered none for ``patience``
        seconds.
        """
        while (left := patience - self.silence) > 0:
            if self._over.wait(left):
                break
        else:
            self.fail(f"no answer for {patience:g} s from {whom}")
        self.settle()

    def _count(self, new: int) -> None:
        self._heard = stopwatch()
        self.acknowledged += new
        self._window.take(new)
        if self.acknowledged == len(self._have):
            self._over.set()
        elif self._refused and self.acknowledged + self._refused == self._sent:
            self.fail(self._refusal)
