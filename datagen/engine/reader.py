"""What can be read of records while they are made: dimensions made before, variables, the time and what it is looked
up in.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.variables import StoreReader
from datagen.records.batch import TIME
from datagen.records.expression.facets import as_milliseconds
from datagen.records.text import plain_text

Course = Callable[[Integers], pa.Array]  # of times (n,), in ns since the start


@dataclass(frozen=True)
class Events:
    """Entries of workers into states, or births, for which values are made; n of them."""

    due: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)


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
    ) -> None:
        """Read values of some events; ``made`` may grow meanwhile."""
        self._variables = variables
        self._events = events
        self._courses = courses
        self._made = made
        self._read: dict[str, pa.Array] = {}  # of the courses

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        return self._variables.read(variable, origin)

    def steps(self, origin: Integers | None) -> Integers:
        return self._events.step if origin is None else self._events.step[origin]

    def described(self, row: int) -> str:
        events = self._events
        time = plain_text(as_milliseconds(self._courses[TIME](events.due[row : row + 1])))[0].as_py()
        return f"the record of {time}, worker {events.worker[row]}, step {events.step[row]}"

    def names(self) -> Collection[str]:
        return {*self._courses, *self._variables.names(), *self._made}

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        if name not in self._made and name in self._variables.names():
            return self._variables.read(name, origin)
        values = self._made.get(name)
        if values is None:
            values = self._of_time(name)
        return values if origin is None else values.take(pa.array(origin))

    def _of_time(self, name: str) -> pa.Array:
        if name not in self._read:
            self._read[name] = self._courses[name](self._events.due)
        return self._read[name]
