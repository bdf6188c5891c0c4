"""The places of workers alive: arrays with an entry for each, which the compiled walk fills and empties."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.draw import Floats, Integers

# As the struct in datagen/native/agenda.pxd.
WORKER = np.dtype(
    [("time", "i8"), ("number", "i8"), ("key", "u8"), ("step", "i8"), ("state", "i4"), ("origin", "i4")], align=True
)

# As the struct in datagen/native/children.pxd.
KIN = np.dtype([("number", "i8"), ("parent", "i4"), ("count", "i4"), ("entry", "i4")], align=True)
# As the struct in datagen/native/heaps.pxd.
RANK = np.dtype([("first", "i8"), ("second", "i8"), ("heap", "i4"), ("place", "i4")], align=True)


# As the struct in datagen/native/queues.pxd.
POST = np.dtype(
    [("first", "i8"), ("second", "i8"), ("line", "i4"), ("above", "i4"), ("left", "i4"), ("right", "i4")], align=True
)


@dataclass(frozen=True)
class Shape:
    """How much a place has."""

    groups: int  # of variables
    delays: int  # that are drawn ahead of time
    fields: int  # that are
    steps: int  # that these are drawn for
    kept: int  # values that conditions read
    resources: int
    shares: bool  # whether workers wait for resources, or for others,
    queues: bool = False  # and for rows among these


@dataclass
class Slots:
    """Room for workers; memory is only taken by those slots that were ever used."""

    workers: npt.NDArray[Any]  # (slots,) of WORKER
    behind: npt.NDArray[np.int32]  # (slots,) which slot follows in a list of these
    stored: npt.NDArray[np.int32]  # (slots, groups) positions of the values of variables set last
    when: Integers  # (slots,) room for the times and slots of events
    who: npt.NDArray[np.int32]
    waits: Integers  # (slots, delays, steps) ns, drawn ahead of time
    waits_from: Integers  # (slots,) number of the first of these steps
    drawn: Integers  # (slots, fields, steps) values, or bits of them, drawn ahead of time
    there: npt.NDArray[np.uint8]  # (slots, fields, steps) whether there is a value
    known: Integers  # (slots, kept) values, or bits of them, that conditions read
    has: npt.NDArray[np.uint8]  # (slots, kept) whether there is a value
    # Where there are resources or children, else of no slot:
    held: npt.NDArray[np.int32]  # (slots, resources) units
    wait: Integers  # (slots,) ns: since when it waits; once it has all, for how long it did
    asked: npt.NDArray[np.int32]  # (slots,) how many of its requests are met; -1: it waits for nothing
    line: npt.NDArray[Any]  # (slots,) of RANK, where it stands in line,
    timer: npt.NDArray[Any]  # (slots,) and until when
    in_line: npt.NDArray[np.int32]  # (slots, resources) room for the lines
    in_time: npt.NDArray[np.int32]  # (slots, 1)
    kin: npt.NDArray[Any]  # (slots,) of KIN, whose child it is, and how many it has
    # Where some resources are rows, else of no slot:
    post: npt.NDArray[Any]  # (slots,) of POST, where it waits for a row,
    wants: Integers  # (slots,) and for how many places of it

    @classmethod
    def of(cls, size: int, shape: Shape) -> "Slots":
        """Return empty slots."""
        sharing = size if shape.shares else 0
        queueing = size if shape.queues else 0
        return cls(
            np.empty(size, WORKER),
            np.empty(size, np.int32),
            np.empty((size, shape.groups), np.int32),
            np.empty(size, np.int64),
            np.empty(size, np.int32),
            np.empty((size, shape.delays, shape.steps), np.int64),
            np.empty(size, np.int64),
            np.empty((size, shape.fields, shape.steps), np.int64),
            np.empty((size, shape.fields, shape.steps), np.uint8),
            np.empty((size, shape.kept), np.int64),
            np.empty((size, shape.kept), np.uint8),
            np.empty((sharing, shape.resources), np.int32),
            np.empty(sharing, np.int64),
            np.empty(sharing, np.int32),
            np.empty(sharing, RANK),
            np.empty(sharing, RANK),
            np.empty((sharing, shape.resources), np.int32),
            np.empty((sharing, 1), np.int32),
            np.empty(sharing, KIN),
            np.empty(queueing, POST),
            np.empty(queueing, np.int64),
        )

    def __len__(self) -> int:
        return len(self.workers)

    @property
    def known_real(self) -> Floats:
        """Return what conditions read, as real numbers."""
        return self.known.view(np.float64)

    @property
    def drawn_real(self) -> Floats:
        """Return the values drawn ahead of time, as real numbers."""
        return self.drawn.view(np.float64)

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in vars(self).values())

    def take(self, other: "Slots") -> None:
        """Take the workers and events of fewer slots."""
        for mine, others in zip(vars(self).values(), vars(other).values(), strict=True):
            mine[: len(others)] = others
