"""What a source of arrivals plays: recorded values that become variables of its workers.

The times of the workers and the values are read apart from one another, each as far as it is needed, since the walk
is ahead of the columns.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import InstanceOf

from datagen.draw import Integers
from datagen.plugin.dimension import Dimension, Rows


class Recorded(Dimension):
    """A variable whose values were recorded."""

    kind: ClassVar[str] = "recorded"
    type_: InstanceOf[pa.DataType]

    def make(self, rows: Rows) -> pa.Array:
        return rows.known([self.name])[self.name] if len(rows) else pa.nulls(0, self.type_)


class RecordedValues(ABC):
    """The values of a recording, worker by worker."""

    @abstractmethod
    def of(self, numbers: Integers, births: Integers) -> dict[str, pa.Array]:
        """Return the variables, each (n,), of workers by their numbers (n,), born then (n,), in ns of the simulation.

        The numbers ascend, from call to call too.
        """

    @abstractmethod
    def snapshot(self) -> Any:
        """Return where it is, for ``restore``."""

    @abstractmethod
    def restore(self, snapshot: Any) -> None:
        """Go on from where a snapshot was taken."""


class Recording(ABC):
    """What is played in a run."""

    @abstractmethod
    def values(self) -> RecordedValues:
        """Return the values, from the first worker on."""
