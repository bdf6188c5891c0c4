"""Batches that are still to be made, of which the values that depend on the order of records are made already."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
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


@dataclass(frozen=True)
class Draft:
    """A batch that is still to be made."""

    steps: Steps  # those that emit a record
    parts: tuple[DraftPart, ...]
    skipped: Skipped

    def __len__(self) -> int:
        return len(self.steps)

    @classmethod
    def of(cls, steps: Steps, parts: Iterable[DraftPart], skipped: Failed) -> "Draft":
        """Return the draft of steps that emit but for those that are left out, which the parts do not have any more."""
        if not skipped:
            return cls(steps, tuple(parts), Skipped())
        kept = np.delete(np.arange(len(steps)), list(skipped))
        left = (replace(part, rows=np.searchsorted(kept, part.rows)) for part in parts if len(part.rows))
        return cls(steps.at(kept), tuple(left), Skipped.of(skipped))
