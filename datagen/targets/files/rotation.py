"""Rotation: when a file is full and the next one begins.

What a file holds follows from the records alone, not from how they are cut into writes.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from datagen.draw import Integers
from datagen.plugin.model import Model


@dataclass
class Filled:
    """What a file holds so far."""

    records: int = 0
    bytes: int = 0  # of text
    window: int = -1  # that all of its records are due in

    def add(self, records: int, size: int, window: int = -1) -> None:
        """Count records that were added."""
        self.records += records
        self.bytes += size
        self.window = window


class Rotation(Model):
    """When the next file begins: before a record that would take this one beyond any of these limits."""

    records: int | None = Field(None, ge=1, description="records in a file, at most")
    bytes: int | None = Field(None, ge=1, description="bytes of text in a file, at most, before compression")
    seconds: int | float | None = Field(
        None, gt=0, le=1e9, description="a file holds the records of one stretch of so many seconds of the run's time"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.records is None and self.bytes is None and self.seconds is None:
            raise ValueError('needs "records", "bytes" or "seconds"')
        return self

    def window(self, due: int) -> int:
        """Return the number of the stretch that a time (ns since the start) is in; -1 when there are no stretches."""
        return -1 if self.seconds is None else due // self._length

    def room(self, filled: Filled, due: Integers, ends: Integers, start: int) -> int:
        """Count the records from ``start`` on that a file still takes.

        ``due``: (n,) ns, ascending; ``ends``: (n,) where the text of each ends. An empty file takes at least one.
        """
        stop = len(due)
        if stop == start:
            return 0
        if self.records is not None:
            stop = min(stop, start + self.records - filled.records)
        if self.bytes is not None:
            before = int(ends[start - 1]) if start else 0
            stop = min(stop, int(np.searchsorted(ends, before + self.bytes - filled.bytes, "right")))
        if self.seconds is not None:
            window = self.window(int(due[start])) if filled.records == 0 else filled.window
            later = np.searchsorted(due, (window + 1) * self._length, "left")
            stop = min(stop, int(later))
        return max(stop - start, 0 if filled.records else 1)

    @property
    def _length(self) -> int:
        """Return how long a stretch is, in ns."""
        return max(round((self.seconds or 0) * 1e9), 1)
