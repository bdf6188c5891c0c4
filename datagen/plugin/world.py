"""What the values of a run share, and what reads the records that are being made. Knows no dimension."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from datagen.draw import Integers
from datagen.records.reference import Reference


class Reader(Protocol):
    """Reads what is known of the records that are being made."""

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        """Return the values of a variable for all rows of a batch, or for the rows in ``origin`` (m,)."""

    def names(self) -> Collection[str]:
        """Return what an expression may read: earlier dimensions of the record, variables, ``time``."""

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        """Return the values of one of the names, for the same rows as ``read``."""

    def steps(self, origin: Integers | None) -> Integers:
        """Return the numbers of the steps of workers, for the same rows as ``read``."""

    def described(self, row: int) -> str:
        """Return which record a row of the batch is, in words."""


class Pool(Protocol):
    """The different values that a dimension with a cardinality picks from."""

    def first(self, count: int) -> pa.Array:
        """Return the first ``count`` values, or more. Raises RunFailed when there are fewer different ones."""


@dataclass
class World:
    """What the values of a run share: seed and tables, and by name path pools, counters and memories."""

    seed: int
    pools: Mapping[str, Pool] = field(default_factory=dict)
    tables: Mapping[str, Reference] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    memories: dict[str, dict[str, Any]] = field(default_factory=dict)  # what code of users remembers, by name path
    zone: str = "UTC"  # whose hours are meant where no other is named
