"""Records that are left out, since the code of a user has failed for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from datagen.draw import Integers
from datagen.problems import RunFailed


@dataclass(frozen=True)
class Skipped:
    """Those among the records of a draft."""

    before: Integers = field(default_factory=lambda: np.zeros(0, np.int64))  # (n,) records that stand before each
    reason: str = ""  # why the first is left out

    @classmethod
    def of(cls, failed: Mapping[int, Callable[[], RunFailed]], before: Integers) -> "Skipped":
        """Return what is left out of a draft, by the steps that emit, each with what tells why (0.1 ms).

        ``before`` has the number of records before each of these steps.
        """
        rows = np.sort(np.fromiter(failed, np.int64, len(failed)))
        return cls(before[rows], str(failed[int(rows[0])]())) if len(rows) else cls()

    def __len__(self) -> int:
        return len(self.before)

    def up_to(self, records: int) -> int:
        """Return how many are left out before the last of the first so many records."""
        return int(np.searchsorted(self.before, records))
