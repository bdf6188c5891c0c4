"""Receipts: which of the records under way a system has acknowledged, for libraries that hear of each record alone.

The records of one write are numbered from 0. One thread fills in the receipts; it may be another than the one that
waits for them.
"""

import threading

from datagen.plugin.target import Undelivered


class Receipts:
    """The acknowledgements of one write."""

    def __init__(self, count: int) -> None:
        self.acknowledged = 0
        self._have = bytearray(count)  # 1 for each record that is there
        self._whole = 0  # all records before this one are there
        self._failure: Undelivered | None = None
        self._over = threading.Event()
        if not count:
            self._over.set()

    @property
    def leading(self) -> int:
        """Return how many records are there before the first that is not."""
        found = self._have.find(0, self._whole)
        return found if found >= 0 else len(self._have)

    @property
    def is_over(self) -> bool:
        """Return whether there is nothing more to wait for."""
        return self._over.is_set()

    def acknowledge(self, number: int) -> None:
        """Take note that a record is there; a second time changes nothing."""
        if not self._have[number]:
            self._have[number] = 1
            self._count(1)

    def acknowledge_through(self, number: int) -> None:
        """Take note that a record and all records before it are there."""
        if number < self._whole:
            return
        new = self._have.count(0, self._whole, number + 1)
        self._have[self._whole : number + 1] = b"\1" * (number + 1 - self._whole)
        self._whole = number + 1
        self._count(new)

    def fail(self, reason: str, *, lasting: bool = False) -> None:
        """Take note that not all records will be there; only the first reason counts."""
        if not self._over.is_set():
            self._failure = Undelivered(reason, self.leading, lasting=lasting)
            self._over.set()

    def settle(self) -> None:
        """Raise Undelivered if not all records are there."""
        if self._failure is not None:
            raise self._failure

    def wait(self, patience: float) -> None:
        """Wait until all records are there.

        Raises Undelivered when one of them will not be, or when no other record has come for ``patience`` seconds.
        """
        seen = 0
        while not self._over.wait(patience):
            if self.acknowledged == seen:
                self.fail(f"no answer for {patience:g} s")
            seen = self.acknowledged
        self.settle()

    def _count(self, new: int) -> None:
        self.acknowledged += new
        if self.acknowledged == len(self._have):
            self._over.set()
