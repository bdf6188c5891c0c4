"""The records that a generator of whole records has made at some steps: none, one or several of each."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.dimension import Failed


@dataclass(frozen=True)
class Several:
    """The records of some steps, in their order."""

    columns: dict[str, pa.Array]  # each of n values
    owner: Integers  # (n,) which of the steps each is of, ascending
    failed: Failed = field(default_factory=dict)  # steps that have none, since one of theirs is not what it must be

    def is_one_each(self, size: int) -> bool:
        """Return whether each of so many steps has one record."""
        return len(self.owner) == size and bool((self.owner == np.arange(size)).all())
