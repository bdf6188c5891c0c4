"""The places of workers alive: arrays with an entry for each, which the compiled walk fills and empties."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers

# As the struct in datagen/native/agenda.pxd.
WORKER = np.dtype(
    [("time", "i8"), ("number", "i8"), ("key", "u8"), ("step", "i8"), ("state", "i4"), ("behind", "i4")], align=True
)


@dataclass
class Slots:
    """Room for workers; memory is only taken by those slots that were ever used."""

    workers: npt.NDArray[Any]  # (slots,) of WORKER
    origin: npt.NDArray[np.int32]  # (slots,) source, or ~source of who was born outside of the limit
    stored: npt.NDArray[np.int32]  # (slots, groups) positions of the values of variables set last
    when: Integers  # (slots,) room for the times and slots of events
    who: npt.NDArray[np.int32]
    waits: Integers  # (slots, delays, steps) ns, drawn ahead of time
    waits_from: Integers  # (slots,) number of the first of these steps

    @classmethod
    def of(cls, size: int, groups: int, waits: tuple[int, int]) -> "Slots":
        """Return empty slots for workers with a number of groups of variables, and of waits by delay and step."""
        return cls(
            np.empty(size, WORKER),
            np.empty(size, np.int32),
            np.empty((size, groups), np.int32),
            np.empty(size, np.int64),
            np.empty(size, np.int32),
            np.empty((size, *waits), np.int64),
            np.empty(size, np.int64),
        )

    def __len__(self) -> int:
        return len(self.workers)

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in vars(self).values())

    def take(self, other: "Slots") -> None:
        """Take the workers and events of fewer slots."""
        for mine, others in zip(vars(self).values(), vars(other).values(), strict=True):
            mine[: len(others)] = others
