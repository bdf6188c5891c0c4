"""What can be read of records while they are made: dimensions made before, variables, what is known of the worker, the
time and what it is looked up in.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.memory import Back
from datagen.engine.named import Held, Named
from datagen.engine.step import Noted, Steps
from datagen.engine.variables import StoreReader
from datagen.plugin.shared import there
from datagen.plugin.world import NoPast, Past, Seen
from datagen.records.batch import TIME
from datagen.records.expression.name import former, of_former
from datagen.records.text import as_milliseconds, plain_text
from datagen.records.worker import own_numbers

Look = Callable[[str], Seen]  # the records of an emitter
Course = Callable[[Integers], pa.Array]  # of times (n,), in ns since the start
_Values = TypeVar("_Values", bound=Noted)


_NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Events:
    """Entries of workers into states, or births, for which values are made; n of them."""

    steps: Steps
    rows: Integers | None = None  # (n,) which of the steps they are; None: all
    early: Mapping[str, str] = field(default_factory=dict)  # what is noted under another name

    def __len__(self) -> int:
        return len(self.steps) if self.rows is None else len(self.rows)

    @property
    def due(self) -> Integers:
        """Return when they are, (n,) in ns since the start."""
        return self._own(self.steps.time)

    @property
    def step(self) -> Integers:
        """Return the numbers of the workers' steps, (n,)."""
        return self._own(self.steps.step)

    @property
    def notes(self) -> Collection[str]:
        """Return the names of what is known of the worker."""
        return self.steps.noted.keys()

    def noted(self, name: str) -> Noted:
        """Return what is known of the worker then under a name, (n,)."""
        return self._own(self.steps.noted[self.early.get(name, name)])

    def at(self, row: int) -> tuple[Integers, Integers, int]:
        """Return when one of them is, (1,), whose it is, (1,), and the number of the worker's step."""
        row = row if self.rows is None else int(self.rows[row])
        one = slice(row, row + 1)
        return self.steps.time[one], self.steps.worker[one], int(self.steps.step[row])

    def _own(self, values: _Values) -> _Values:
        return values if self.rows is None else cast(_Values, values[self.rows])


def no_events(notes: Mapping[str, pa.DataType]) -> Events:
    """Return no events, for which things of some types would be known."""
    nothing = _NOTHING, _NOTHING, _NOTHING, _NOTHING.astype(np.int32), _NOTHING.astype(np.uint64)
    return Events(Steps(*nothing, noted={name: _nothing(type_) for name, type_ in notes.items()}))


def _nothing(type_: pa.DataType) -> Noted:
    if pa.types.is_struct(type_):
        return Held(_NOTHING, pa.array([], type_))
    return Named.of_nothing() if type_ == pa.string() else _NOTHING.astype(type_.to_pandas_dtype())


class RecordReader:
    """Reads the dimensions of records that are made already, the variables of their workers, and courses of time.

    Where several have the same name, it is the first of these.
    """

    def __init__(
        self,
        variables: StoreReader,
        events: Events,
        courses: Mapping[str, Course],
        made: Mapping[str, pa.Array],
        back: Back | None = None,
        look: Look | None = None,
    ) -> None:
        """Read values of some events; ``made`` may grow meanwhile.

        Where nothing looks back, there is no way ``back``; ``look`` returns the records of an emitter.
        """
        self._look = look
        self._back = back
        self._variables = variables
        self._events = events
        self._courses = courses
        self._made = made
        self._read: dict[str, pa.Array] = {}  # of the courses and the past

    @property
    def past(self) -> Past:
        return self._back or NoPast(len(self._events))

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        if variable in self._variables.names():
            return self._variables.read(variable, origin)
        return self.look_up(variable, origin)  # a row that the worker holds

    def steps(self, origin: Integers | None) -> Integers:
        return self._events.step if origin is None else self._events.step[origin]

    def described(self, row: int) -> str:
        due, worker, step = self._events.at(row)
        time = plain_text(as_milliseconds(self._courses[TIME](due)))[0].as_py()
        return f"the record of {time}, worker {own_numbers(worker)[0]}, step {step}"

    def seen(self, emitter: str, origin: Integers | None) -> Seen:
        assert self._look is not None, "what looks up is made where it can"
        seen = self._look(emitter)
        return seen if origin is None else seen.at(origin)

    def names(self) -> Collection[str]:
        formers = () if self._back is None else map(former, self._back.dimensions)
        return {*self._courses, *self._events.notes, *self._variables.names(), *self._made, *formers}

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        if name not in self._made and name in self._variables.names():
            return self._variables.read(name, origin)
        values = self._made.get(name)
        if values is None:
            values = self._found(name)
        return values if origin is None else values.take(pa.array(origin))

    def _found(self, name: str) -> pa.Array:
        if name not in self._read:
            of = of_former(name)
            if self._back is not None and of is not None:
                self._read[name] = self._back.former(of)
            elif name in self._events.notes:
                mask = self._events.noted(there(name)) == 0 if there(name) in self._events.notes else None
                self._read[name] = pa.array(self._events.noted(name), mask=mask)
            else:
                self._read[name] = self._courses[name](self._events.due)
        return self._read[name]
