"""What a stage is: a step between the emitters and a target that works on batches, given in a target's ``through``.

A stage sees the records of its target in order and gives records in order. What it gives follows from the records
alone, never from how they are cut into batches; windows and delays run on the run's clock.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import PlainValidator, WithJsonSchema

from datagen import draw
from datagen.draw import Keys
from datagen.moment import Moment
from datagen.plugin.model import Plugin, make_of_group
from datagen.records.batch import Batch, Layout

State = dict[str, Any]

LONGEST = 10**9  # seconds: of any time that a stage knows of


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

    @property
    def holds(self) -> bool:
        """Tell whether it gives some records only at the end of a run, so that another end makes other records."""
        return False

    @property
    def watches(self) -> bool:
        """Tell whether it gives all records as they are, and does no more than look at them."""
        return False

    def aside(self) -> "tuple[Any, Stage] | None":
        """Give the target of its own that a stage has, and the stage that makes what goes there instead."""
        return None

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


AnyStage = Annotated[Stage, PlainValidator(partial(make_of_group, "stage")), WithJsonSchema({"group": "stage"})]
