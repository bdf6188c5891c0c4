"""What a stage is: a step between the emitters and a target that works on batches; a target lists its own.

A stage takes the records of its target in order and returns records in order. What it returns follows from the records
alone, never from how they are cut into batches; windows and delays are measured in the time of the run.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import PlainValidator, WithJsonSchema

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.moment import Moment
from datagen.plugin.model import Plugin, make_of_group
from datagen.records.batch import Batch, Layout

Snapshot = dict[str, Any]

LONGEST = 10**9  # seconds: the longest window or delay


@dataclass(frozen=True)
class Scope:
    """What stages and targets know of the run that they serve."""

    start: Moment
    seed: int
    run: str  # names the run among others: the same for the same spec, seed and start
    say: Callable[[str], None]  # tells the user something, on standard error
    path: str = ""  # of a stage: the name path of what its draws are for
    zone: str = "UTC"  # whose hours are meant where no other is named
    # What expressions may read of a record's time, by name: functions of times (n,), in ns since the start.
    courses: Mapping[str, Callable[[Integers], pa.Array]] = field(default_factory=dict)
    populations: tuple[str, ...] = ()  # in order of their numbers, where a spec has several

    def bits(self, keys: Keys, purpose: str) -> Keys:
        """Draw 64 random bits for each row key (n,); different purposes, and different stages, are independent."""
        return draw.bits(keys, self.key(purpose))

    def key(self, purpose: str) -> np.uint64:
        """Return the key of a purpose of this stage."""
        return draw.purpose_key(self.seed, f"{self.path}/{purpose}")

    def at(self, path: str) -> "Scope":
        """Return the same for a stage, whose draws are for ``path``."""
        return replace(self, path=path)


class RunningStage(ABC):
    """A stage at work in one run."""

    @abstractmethod
    def through(self, batch: Batch, until: int) -> Batch:
        """Take records and return records.

        The time ``until`` (ns since the start) says how far the run has come: no later batch has a record that is due
        before it. So records held back until an earlier time must be returned now. It also comes with batches without
        records, and is ``NEVER`` with the last batch, when all records still held must be returned.
        """

    def snapshot(self) -> Snapshot:
        """Return all that is remembered: numbers, strings, lists, dicts, numpy and Arrow arrays, and batches."""
        return {}

    def restore(self, snapshot: Snapshot) -> None:  # noqa: B027  (many stages remember nothing)
        """Go on from what ``snapshot`` returned."""


class EachBatch(RunningStage):
    """A stage that remembers nothing: a function of each batch."""

    def __init__(self, function: Callable[[Batch], Batch]) -> None:
        self._function = function

    def through(self, batch: Batch, until: int) -> Batch:
        return self._function(batch)


class Stage(Plugin):
    """A step between the emitters and a target."""

    group: ClassVar[str] = "stage"

    @property
    def holds(self) -> bool:
        """Return whether it keeps records until the end of a run, so that another end makes other records."""
        return False

    @property
    def watches(self) -> bool:
        """Return whether it only looks at the records and returns all of them as they are."""
        return False

    @property
    def mixes_types(self) -> bool:
        """Return whether values of other types come to stand among those of a dimension."""
        return False

    def aside(self) -> "tuple[Any, Stage] | None":
        """Return the stage's own target and the stage that makes the records for it; None when it has none."""
        return None

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        """Return why the stage can't work on records that look like this, one sentence for each reason."""
        return []

    def layout(self, layout: Layout, scope: Scope) -> Layout:
        """Return what the records look like after the stage."""
        return layout

    @abstractmethod
    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        """Return the stage at work on records that look like this; only called when there are no misfits."""


AnyStage = Annotated[Stage, PlainValidator(partial(make_of_group, "stage")), WithJsonSchema({"group": "stage"})]
