"""What can be read of records while they are made: dimensions made before, variables, the time."""

from collections.abc import Collection, Mapping
from functools import cached_property

import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.variables import StoreReader
from datagen.moment import Moment

TIME = "time"


class RecordReader:
    """Reads the dimensions of records that are made already, the variables of their workers, and their time.

    Where several have the same name, it is the first of these.
    """

    def __init__(self, variables: StoreReader, due: Integers, start: Moment, made: Mapping[str, pa.Array]) -> None:
        """Read values of rows that are due (n,) ns after the start; ``made`` may grow meanwhile."""
        self._variables = variables
        self._due = due
        self._start = start
        self._made = made

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        return self._variables.read(variable, origin)

    def names(self) -> Collection[str]:
        return {TIME, *self._variables.names(), *self._made}

    def look_up(self, name: str, origin: Integers | None) -> pa.Array:
        if name not in self._made and name in self._variables.names():
            return self._variables.read(name, origin)
        values = self._made.get(name)
        if values is None:
            values = self._time
        return values if origin is None else values.take(pa.array(origin))

    @cached_property
    def _time(self) -> pa.Array:
        microseconds = pa.array(self._start.microseconds + self._due // 1000)
        return microseconds.cast(pa.timestamp("us", self._start.zone))
