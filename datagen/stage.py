"""What a stage is: a step between the emitters and a target that works on batches, given in a target's ``through``.

A stage sees the records of its target in order and gives records in order. What it gives follows from the records
alone, never from how they are cut into batches; windows and delays run on the run's clock.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import PlainValidator, WithJsonSchema

from datagen import draw
from datagen.arrays import plain, plain_type
from datagen.batch import Batch, Layout, Part
from datagen.draw import Integers, Keys
from datagen.moment import Moment
from datagen.plugin import Plugin, make_of_group

State = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """What stages and targets know of the run that they serve."""

    start: Moment
    seed: int
    run: str  # names the run among others: the same for the same spec, seed and start
    say: Callable[[str], None]  # tells the user something, on standard error
    place: str = ""  # of a stage: what its draws are for

    def keys(self, batch: Batch) -> Keys:
        """Give the row keys (n,) of records, to draw from with ``bits``; a record's draws follow from what it is."""
        return draw.numbered(draw.worker_keys(self.seed, batch.worker), batch.step)

    def bits(self, keys: Keys, purpose: str) -> Keys:
        """Draw 64 random bits for each row; different purposes, and stages, are independent."""
        return draw.bits(keys, draw.purpose_key(self.seed, f"{self.place}/{purpose}"))

    def at(self, place: str) -> "Scope":
        """Give the scope of a stage."""
        return replace(self, place=place)


class Stage(Plugin):
    """A step between the emitters and a target."""

    group: ClassVar[str] = "stage"

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        """Get ready for records that look like this; say what does not fit them."""
        return []

    def layout(self, layout: Layout) -> Layout:
        """Give what records look like after this stage."""
        return layout

    @abstractmethod
    def through(self, batch: Batch, until: int) -> Batch:
        """Take records in, give records out.

        The time ``until`` (ns since the start) says how far the run has come: no later batch has a record that is due
        before it. So what is held back until an earlier time must be given now. It comes also with batches of no
        records, and is ``NEVER`` with the last one, when all that is held must be given.
        """

    def state(self) -> State:
        """Give all that is remembered: numbers, strings, lists, dicts, numpy and Arrow arrays, and batches."""
        return {}

    def restore(self, state: State) -> None:
        """Remember what ``state`` gave."""


def merged(batches: list[Batch]) -> Batch:
    """Put records in order of (due, emitted, worker, step); those equal in all of it stay in the order given."""
    whole = joined(batches)
    return whole.take(np.lexsort((whole.step, whole.worker, whole.emitted, whole.due)))


def joined(batches: list[Batch]) -> Batch:
    """Put batches behind one another, whatever is due when."""
    batches = [batch for batch in batches if len(batch)]
    if not batches:
        return Batch.empty()
    if len(batches) == 1:
        return batches[0]
    begins = np.cumsum([0, *map(len, batches)])
    found: dict[str, list[tuple[Integers, dict[str, pa.Array]]]] = {}
    for begin, batch in zip(begins, batches, strict=False):
        for part in batch.parts:
            found.setdefault(part.emitter, []).append((part.rows + begin, part.columns))
    parts = []
    for emitter, pieces in found.items():
        rows = np.concatenate([rows for rows, _ in pieces])
        columns = {name: _concatenated([columns[name] for _, columns in pieces]) for name in pieces[0][1]}
        parts.append(Part(emitter, rows, columns))
    return Batch(
        np.concatenate([batch.due for batch in batches]),
        np.concatenate([batch.worker for batch in batches]),
        np.concatenate([batch.step for batch in batches]),
        tuple(parts),
        np.concatenate([batch.emitted for batch in batches]),
    )


def _concatenated(arrays: list[pa.Array]) -> pa.Array:
    kind = arrays[0].type
    same = kind == plain_type(kind) and all(array.type == kind for array in arrays)
    return pa.concat_arrays(arrays if same else [plain(array) for array in arrays])


AnyStage = Annotated[Stage, PlainValidator(partial(make_of_group, "stage")), WithJsonSchema({"group": "stage"})]
