"""Field generators whose values never repeat in a run, when that is wanted: a keyed shuffle of a running count."""

from abc import abstractmethod
from typing import Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.model import invalid
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.world import World
from datagen.problems import RunFailed

_MOST = 2**63  # values that a shuffle knows


class UniqueDimension(PooledDimension):
    """A field generator that can make each of its values only once in a run."""

    unique: bool = Field(
        False, description="whether no value may come twice in a run; when all are used up, the run fails"
    )

    @model_validator(mode="after")
    def _can_be_unique(self) -> Self:
        if self.unique:
            problem = self.why_not_unique()
            if self.cardinality:
                problem = 'can\'t stand beside "cardinality", which gives some values again'
            if problem:
                raise invalid(self.kind, [(("unique",), problem)])
        return self

    def counts(self) -> bool:
        return self.unique

    def most_values(self, world: World) -> int | None:
        return self.count_of_unique() if self.unique else None

    def why_not_unique(self) -> str | None:
        """Return why its values can't be told apart by a number below ``count_of_unique``; None when they can."""
        if not self.count_of_unique():
            return "needs values of which each is as likely as any other, as those of a uniform distribution"
        if self.count_of_unique() > _MOST:
            return f"can only tell {_MOST} values apart, not {self.count_of_unique()}"
        return None

    def count_of_unique(self) -> int:
        """Return how many values there are when none may come twice."""
        return self.range_size()

    @abstractmethod
    def drawn(self, rows: Rows) -> pa.Array:
        """Return a value for each row, each on its own, as ``make`` does."""

    def numbered(self, rows: Rows, numbers: Integers) -> pa.Array:
        """Return another value for each number below ``count_of_unique``, (n,)."""
        return self.of_range(numbers)

    def make(self, rows: Rows) -> pa.Array:
        if not self.unique:
            return self.drawn(rows)
        return self.numbered(rows, next_of(self.count_of_unique(), rows))


def next_of(size: int, rows: Rows) -> Integers:
    """Return the next numbers below a size, (n,), of a shuffle. Raises RunFailed when all are used up."""
    made = rows.count()
    if made + len(rows) > size:
        raise RunFailed(f'making {rows.path}: all {size} values are used up, and with "unique" none comes twice')
    return draw.shuffled(np.arange(made, made + len(rows)), size, rows.key("unique"))
