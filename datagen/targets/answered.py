"""Sinks of systems that answer each record: what is sent again after a failure, and what it does to the order."""

from collections.abc import Sequence
from typing import Protocol

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Undelivered
from datagen.targets.address import Address, AddressedSink
from datagen.targets.receipts import Receipts
from datagen.targets.window import Window


class Send(Protocol):
    """Sends the records of these numbers and waits for their receipts. Raises Undelivered."""

    def __call__(self, numbers: Sequence[int], receipts: Receipts) -> None: ...


class AnsweredSink(AddressedSink):
    """A sink whose failed write is followed by one of the records from the first that is missing.

    Those behind it that have arrived all the same are not sent again.
    """

    def __init__(self, most: int, address: Address, writer: LineWriter, scope: Scope, name: str) -> None:
        """Take how many records may be under way at most, and what the user calls the target."""
        super().__init__(address, writer, scope)
        self.window = Window(most)
        self._name = name
        self._there: frozenset[int] = frozenset()  # those of the next records that have arrived
        self._has_warned = False

    def send_missing(self, count: int, send: Send) -> None:
        """Send those of so many records that have not arrived. Raises Undelivered."""
        if not count:
            return
        there, self._there = self._there, frozenset()
        numbers = [number for number in range(count) if number not in there] if there else range(count)
        receipts = Receipts(len(numbers), self.window)
        try:
            send(numbers, receipts)
        except Undelivered as error:
            first = numbers[error.records]
            arrived = {number for place, number in enumerate(numbers) if receipts.there(place)}
            self._there = frozenset(number - first for number in there | arrived if number > first)
            self._warn()
            raise Undelivered(str(error), first, lasting=error.lasting) from error

    def _warn(self) -> None:
        """Say once that records stand before earlier ones."""
        if self._there and not self._has_warned:
            self._has_warned = True
            self.scope.say(
                f"warning: {self._name}: {len(self._there)} records arrived before an earlier one that did not; "
                "they stay before it"
            )
