"""Windows: how many records may be under way to a system that answers each of them.

A system under pressure, such as a full queue that is being drained, refuses one record and takes the next. What it has
taken can't be taken back, so the fewer are under way while it refuses, the fewer stand before an earlier one.
"""

_CALM = 1000  # records taken in a row after which twice as many may be under way


class Window:
    """How many records may be under way: after a refusal one, then ever more, up to ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calm: int | None = None  # records taken since the last refusal, while there are fewer than ``most``

    @property
    def size(self) -> int:
        """Return how many records may be under way now."""
        return self._most if self._calm is None else min(1 << self._calm // _CALM, self._most)

    def limit(self, most: int) -> None:
        """Take note that never more may be under way."""
        self._most = most

    def take(self, records: int) -> None:
        """Take note that so many records were taken."""
        if self._calm is not None:
            self._calm += records
            self._calm = None if self.size == self._most else self._calm

    def refuse(self) -> None:
        """Take note that a record was refused."""
        self._calm = 0
