"""What a field generator is that tells, in a field of its own, which of its values are odd on purpose."""

from abc import abstractmethod

import numpy as np
import pyarrow as pa

from datagen.draw import Marks
from datagen.plugin.dimension import Dimension, Rows


class Labelled(Dimension):
    """A field generator that may add a label to the record: the ground truth of what is odd about its values."""

    @property
    @abstractmethod
    def label(self) -> str | None:
        """Return the name of the field that it adds to the record; None for none."""

    @abstractmethod
    def marks(self, rows: Rows) -> Marks:
        """Return which values of rows (n,) are odd, if they are there; drawn as the values are."""

    def labels(self, rows: Rows, values: pa.Array) -> pa.Array:
        """Return the label of each record, (n,), given the values; what is null or missing is not odd."""
        there = values.is_valid().to_numpy(zero_copy_only=False)
        if pa.types.is_struct(values.type):  # that may be missing
            there = there & values.field(0).is_valid().to_numpy(zero_copy_only=False)
        return pa.array(np.logical_and(self.marks(rows.within(self.name)), there))
