"""Windows that end since a state reads what their texts may change: several of them as one, to be a batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from datagen.engine.columns import Columns
from datagen.engine.draft import Draft
from datagen.engine.skipped import Skipped
from datagen.engine.strides import Stride
from datagen.engine.walk import Walk
from datagen.engine.walked import Walked
from datagen.problems import RunFailed
from datagen.records.batch import Batch
from datagen.records.merge import joined

_MOST = 64  # drafts: a record has to wait for those behind it


@dataclass
class Drafts:
    """Drafts of steps that follow each other."""

    pieces: list[Draft] = field(default_factory=list)
    fault: RunFailed | None = None  # why there is none behind them

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    @property
    def skipped(self) -> Skipped:
        """Return what is left out of them."""
        begins = np.cumsum([0, *map(len, self.pieces)])
        before = [one.skipped.before + begin for one, begin in zip(self.pieces, begins, strict=False)]
        return Skipped(np.concatenate(before), next((one.skipped.reason for one in self.pieces if one.skipped), ""))

    def made(self, columns: Columns) -> Batch:
        """Return them as one batch."""
        return joined([columns.made(one) for one in self.pieces])

    def fill(
        self,
        first: Iterator[Draft],
        stride: Stride,
        walk: Walk,
        columns: Columns,
        most: int | None,
        goes_on: Callable[[], bool],
    ) -> Walked:
        """Take those of a window, and of the windows behind it that ``most`` records need; return these as one.

        What fails is told behind the records that there are before. That all are one batch is nearly twice as fast.
        """
        walked = stride.walked
        try:
            self.pieces.extend(first)
            while walk.awaits_texts and len(self.pieces) < _MOST and (most is None or len(self) < most) and goes_on():
                steps = walk.advance(stride.until)
                walked = walked.then(Walked.of(walk))
                self.pieces.extend(columns.drafts(steps, None if most is None else most - len(self)))
        except RunFailed as error:
            self.fault = error
        return walked
