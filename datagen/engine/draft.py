"""Batches that are still to be made, of which the values that depend on the order of records are made already."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from datagen.draw import Integers, Keys, numbered
from datagen.engine.several import Several
from datagen.engine.skipped import Skipped
from datagen.engine.step import Steps
from datagen.engine.variables import Positions, StoreReader
from datagen.plugin.dimension import Failed


@dataclass(frozen=True)
class DraftPart:
    """The records of one emitter, of which the values that depend on the order of records are made already."""

    emitter: str
    rows: Integers  # (k,) which of the records of the batch these are
    at: Integers  # (k,) which of the steps these are, those included that emit nothing
    steps: Steps  # (k,)
    variables: StoreReader
    made: dict[str, pa.Array]
    failed: Failed = field(default_factory=dict)  # places of records that are left out
    own: dict[str, pa.Array] = field(default_factory=dict)  # where whole records are made: their columns,
    several: Several | None = None  # and these where a step has not just one
    places: Integers | None = None  # (k,) among the records of its step

    def reading(self, variables: StoreReader) -> "DraftPart":
        """Return the same with other values of variables."""
        return replace(self, variables=variables)

    def at_rows(self, order: Integers, group: int, begin: int, place: Positions) -> "DraftPart":
        """Return the records in another order, ``place`` (k,) being that of each.

        What they look back at is in that order too, in a group whose positions in this batch start at ``begin``.
        """
        steps, variables = self.steps.at(order), self.variables.at(order)
        before = steps.before[group]
        moved = np.where(before < begin, before, begin + place[np.maximum(before - begin, 0)]).astype(np.int32)
        steps = replace(steps, before={**steps.before, group: moved})
        made = {name: array.take(pa.array(order)) for name, array in self.made.items()}
        return replace(self, rows=self.rows[order], at=self.at[order], steps=steps, variables=variables, made=made)

    def without_failed(self) -> "DraftPart":
        """Return the records but those that are left out."""
        kept = np.delete(np.arange(len(self.rows)), list(self.failed))
        made = {name: array.take(pa.array(kept)) for name, array in self.made.items()}
        steps, variables = self.steps.at(kept), self.variables.at(kept)
        return DraftPart(self.emitter, self.rows[kept], self.at[kept], steps, variables, made)

    def between(self, low: int, high: int) -> "DraftPart":
        """Return some of the records, with what is made of them."""
        made = {name: array.slice(low, high - low) for name, array in self.made.items()}
        steps, variables = self.steps.at(slice(low, high)), self.variables.between(low, high)
        rows, at = self.rows[low:high], self.at[low:high]
        return replace(self, rows=rows, at=at, steps=steps, variables=variables, made=made)

    @property
    def counts(self) -> Integers:
        """Return how many records each step has, (k,)."""
        size = len(self.rows)
        return np.ones(size, np.int64) if self.several is None else np.bincount(self.several.owner, minlength=size)

    def placed(self, starts: Integers) -> "DraftPart":
        """Return it with a row for each record; the first one of each step of the batch is at ``starts``."""
        if self.several is None:
            return replace(self, rows=starts[self.rows])
        owner = self.several.owner
        places = np.arange(len(owner)) - np.searchsorted(owner, owner)
        above = {name: array.take(pa.array(owner)) for name, array in self.made.items()}
        return DraftPart(
            self.emitter,
            starts[self.rows[owner]] + places,
            self.at[owner],
            self.steps.at(owner),
            self.variables.at(owner),
            above,
            own=self.several.columns,
            places=places,
        )


@dataclass(frozen=True)
class Draft:
    """A batch that is still to be made."""

    steps: Steps  # those that the records are of: one that has several is there as often
    emitting: Steps  # those that emit, each once, also where there is no record
    parts: tuple[DraftPart, ...]
    skipped: Skipped
    barren: Integers = field(default_factory=lambda: np.zeros(0, np.int64))  # (m,) records before each step without one

    def __len__(self) -> int:
        return len(self.steps)

    def keys(self) -> Keys:
        """Return the row keys of the records, (n,): those of their steps, for the first of each."""
        keys = self.steps.keys
        for part in self.parts:
            if part.places is not None and part.places.any():
                is_later = part.places > 0
                rows = part.rows[is_later]
                keys = keys.copy()
                keys[rows] = numbered(keys[rows], part.places[is_later])
        return keys

    @classmethod
    def of(cls, steps: Steps, parts: Iterable[DraftPart], skipped: Failed) -> "Draft":
        """Return the draft of steps that emit; those that are left out have no record."""
        parts = tuple(parts)
        if not skipped and all(part.several is None for part in parts):
            return cls(steps, steps, parts, Skipped())
        counts = np.ones(len(steps), np.int64)
        for part in parts:
            counts[part.rows] = part.counts
        counts[list(skipped)] = 0
        starts = np.cumsum(counts) - counts
        placed = (part.placed(starts) for part in parts)
        left = tuple(part for part in placed if len(part.rows))
        repeated = steps.at(np.repeat(np.arange(len(steps)), counts))
        return cls(repeated, steps, left, Skipped.of(skipped, starts), starts[counts == 0])
