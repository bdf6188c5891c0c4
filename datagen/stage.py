"""What a stage is: a step between the emitters and a target that works on batches, given in a target's ``through``.

A stage sees the records of its target in order and gives records in order. What it gives follows from the records
alone, never from how they are cut into batches; windows and delays run on the run's clock.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import PlainValidator, WithJsonSchema

from datagen import draw
from datagen.arrays import once_coded, plain, plain_type
from datagen.batch import Batch, Layout, Part
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys
from datagen.moment import Moment
from datagen.plugin import Plugin, make_of_group
from datagen.problems import RunFailed

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


class Held:
    """Records that are held back, in order of (due, emitted, worker, step); those equal in all of it as they came.

    They are kept in runs, each in order and about twice as long as the one after it, so that a record is moved some
    log2(n) times however small the batches are in which records come.
    """

    def __init__(self) -> None:
        self._runs: list[Batch] = []

    def exchange(self, batch: Batch, waits: Integers, until: int) -> Batch:
        """Hold records back, each for a time (n,) in ns; give all that are due before a time."""
        later = replace(batch, due=np.minimum(batch.due + waits, NEVER - 1))
        runs = [*self._runs, merged([later])]
        ready = [int(np.searchsorted(run.due, until)) for run in runs]
        self._runs = []
        for run, begin in zip(runs, ready, strict=True):
            if begin < len(run):
                self._runs.append(run.slice(begin, len(run)))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [merged(self._runs[-2:])]
        return merged([run.slice(0, end) for run, end in zip(runs, ready, strict=True)])

    def state(self) -> State:
        """Give all that is held, for ``restore``."""
        return {"runs": self._runs}

    def restore(self, state: State) -> None:
        """Hold what ``state`` gave."""
        self._runs = state["runs"]


def nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds, held between 0 and some 30 years.

    Raises RunFailed when one is not a number, as a plug-in may draw it.
    """
    if np.isnan(seconds).any():
        raise RunFailed("holding records back: a delay is not a number")
    return np.rint(np.minimum(np.maximum(seconds, 0), LONGEST) * 1e9).astype(np.int64)


def merged(batches: list[Batch]) -> Batch:
    """Put records in order of (due, emitted, worker, step); those equal in all of it stay in the order given."""
    whole = joined(batches)
    keys = (whole.step, whole.worker, whole.emitted, whole.due)
    if _in_order(keys):
        return whole
    order = np.argsort(whole.due, kind="stable")  # a third of the time of the next line, and mostly enough
    return whole.take(order if _in_order([key[order] for key in keys]) else np.lexsort(keys))


def _in_order(keys: Sequence[Integers]) -> bool:
    """Tell whether rows are in order of some keys, the last of which counts most; 2 ns a row."""
    ordered = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys:
        ordered = (key[:-1] < key[1:]) | ((key[:-1] == key[1:]) & ordered)
    return bool(ordered.all())


def inserted(batch: Batch, places: Integers, other: Batch) -> Batch:
    """Put records of emitters that the batch does not have before those at some places (k,), ascending."""
    moved = np.arange(len(batch)) + np.searchsorted(places, np.arange(len(batch)), "right")
    new = places + np.arange(len(places))
    return Batch(
        np.insert(batch.due, places, other.due),
        np.insert(batch.worker, places, other.worker),
        np.insert(batch.step, places, other.step),
        tuple(
            Part(part.emitter, rows[part.rows], part.columns)
            for rows, parts in ((moved, batch.parts), (new, other.parts))
            for part in parts
        ),
        np.insert(batch.emitted, places, other.emitted),
    )


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
    """Put arrays behind one another; what all take from the same dictionary stays coded, and so is written faster."""
    arrays = [once_coded(array) for array in arrays]
    kind = arrays[0].type
    same = all(array.type == kind for array in arrays)
    if same and kind == plain_type(kind):
        return pa.concat_arrays(arrays)
    if same and pa.types.is_dictionary(kind):
        dictionary = arrays[0].dictionary
        if all(array.dictionary.equals(dictionary) for array in arrays):
            return pa.DictionaryArray.from_arrays(pa.concat_arrays([array.indices for array in arrays]), dictionary)
    return pa.concat_arrays([plain(array) for array in arrays])


AnyStage = Annotated[Stage, PlainValidator(partial(make_of_group, "stage")), WithJsonSchema({"group": "stage"})]
