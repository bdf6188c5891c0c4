"""Resources that are the rows of a table, as the core has them: what is free, and how what is asked for is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers

# As the structs in datagen/native/fleet.pxd.
ROW = np.dtype([("since", "i8"), ("places", "i8"), ("is_open", "i4")], align=True)
LINK = np.dtype([("before", "i4"), ("behind", "i4")], align=True)
PART = np.dtype([("begin", "i4"), ("end", "i4"), ("kind", "i4"), ("count", "i4"), ("values", "i8")], align=True)
INDEX = np.dtype([("units", "i8"), ("keys", "i8"), ("count", "i8"), ("group", "i4"), ("links", "i8")], align=True)
Numbers = npt.NDArray[np.int32]


@dataclass
class Fleet:
    """What the core reads of resources that are rows, and counts in."""

    rows: Numbers  # (resources + 1,) where the rows of each begin
    kept: Numbers  # (resources,) where it is kept which row of each a worker has; -1: it has no rows
    programs: Numbers  # (resources, 2) begin and end of the instructions for whether a row is available
    always: npt.NDArray[np.uint8]  # (resources,) whether that may change at any time
    recalls: npt.NDArray[np.uint8]  # (resources,) and whether that follows from what templates remember
    indexes: Numbers  # (resources + 1,) where the indexes of each begin
    index: npt.NDArray[Any]  # (indexes,) of INDEX
    wanted: Numbers  # (requests,) which index each looks in; -1: it asks for no row
    parts: Numbers  # (requests + 1,) where the parts of each begin
    part: npt.NDArray[Any]  # (parts,) of PART
    numbers: Integers  # values of columns that are found by arithmetic, ascending, real ones by their bits
    keys: Integers  # (groups,) what the rows of each have, as one number; ascending in each index
    members: Numbers  # (links,) rows, group by group
    begins: Numbers  # (groups + 1,) where the members of each begin
    group: Numbers  # (links,) of each index, which group each row is of; -1: none
    row: npt.NDArray[Any]  # (rows,) of ROW
    free: Integers  # (resources,) places of rows that are available, part of the facts of conditions,
    waiting: Integers  # (resources,) as are the workers in line
    reads: list[set[int]]  # the facts that whether a row is available follows from, by resource
    is_timely: list[bool]  # whether that follows from the time at all
    version: Integers = field(init=False)  # (resources,) another one as soon as such a fact is another
    link: npt.NDArray[Any] = field(init=False)  # (links,) of LINK, room for lists of rows, one for each group
    head: Numbers = field(init=False)
    tail: Numbers = field(init=False)
    roots: Numbers = field(init=False)  # (groups,) room for who is first in line
    seen: Integers = field(init=False)  # (groups,) and for the version at which all rows were read

    def __post_init__(self) -> None:
        groups = len(self.keys)
        self.version = np.zeros(len(self.kept), np.int64)
        self.link = np.empty(len(self.group), LINK)
        self.head, self.tail = np.empty(groups, np.int32), np.empty(groups, np.int32)
        self.roots, self.seen = np.full(groups, -1, np.int32), np.empty(groups, np.int64)

    def __bool__(self) -> bool:
        return len(self.row) > 0

    @property
    def changing(self) -> list[int]:
        """Return the resources of which rows are not always available."""
        return np.flatnonzero(self.programs[:, 0] < self.programs[:, 1]).tolist()

    @property
    def places(self) -> Integers:
        """Return how many places rows have that nobody has, whether they are available or not, (resources,)."""
        sums = np.cumsum(np.append(0, self.row["places"]))
        return np.asarray(np.diff(sums[self.rows]))

    def see(self, fact: int) -> None:
        """Let a fact be another one."""
        for resource, reads in enumerate(self.reads):
            self.version[resource] += fact in reads

    def snapshot(self) -> dict[str, Any]:
        """Return how rows are, for ``restore``."""
        return {name: self.row[name].copy() for name in ROW.names or ()}

    def restore(self, snapshot: Mapping[str, Any]) -> Integers:
        """Let rows be as they were when a snapshot was taken; return them in the order since when they are so."""
        for name in ROW.names or ():
            self.row[name] = snapshot[name]
        return np.argsort(self.row["since"])
