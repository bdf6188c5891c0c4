"""Field generators that may pick their values from a pool, which is made before a run; the pool itself is not here."""

from collections.abc import Iterator
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.draw import Integers
from datagen.plugin.computed import DrawsNumbers, picked
from datagen.plugin.description import MaybeWholeNumberDistribution
from datagen.plugin.dimension import Rows, fresh_values
from datagen.plugin.distribution import odd_index
from datagen.plugin.model import invalid
from datagen.problems import Path_

MOST_IN_POOL = 10_000_000


class PooledDimension(DrawsNumbers):
    """A field generator that can pick its values from a pool made before the run."""

    cardinality: int = Field(0, ge=0, le=MOST_IN_POOL, description="size of the pool of different values; 0: no pool")
    cardinality_distribution: MaybeWholeNumberDistribution = Field(
        None, description="index into the pool; required with a cardinality, but for an object or a list"
    )
    uniform_by_default: ClassVar[bool] = False

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_index(self.cardinality_distribution, self.cardinality) if self.cardinality else None
        if odd:
            yield ("cardinality_distribution",), odd

    def rarely_repeats(self) -> bool:
        return not self.cardinality and super().rarely_repeats()

    @model_validator(mode="after")
    def _has_a_picker(self) -> Self:
        if self.cardinality and not self.cardinality_distribution and not self.uniform_by_default:
            raise ValueError('"cardinality_distribution" is required with a "cardinality"')
        return self

    @model_validator(mode="after")
    def _is_fit_for_a_pool(self) -> Self:
        if self.cardinality and (lines := [*self.unfit_for_pools()]):
            raise invalid(self.kind, lines)
        return self

    def present(self, rows: Rows) -> pa.Array:
        if not self.cardinality:
            return fresh_values(self, rows)
        index, there = picked(self.cardinality_distribution, rows, "pick", self.cardinality)
        values = rows.world.pools[rows.path].first(int(index.max(initial=-1)) + 1)
        return pa.DictionaryArray.from_arrays(pa.array(index, mask=None if there is None else ~there), values)

    def range_size(self) -> int:
        """Return how many values there are, each as likely as any other, for ``of_range``; 0 when that is not known."""
        return 0

    def of_range(self, places: Integers) -> pa.Array:
        """Return the values at some places below ``range_size()``, (n,), each place another value."""
        raise NotImplementedError
