"""The dimension ``one_of``."""

from functools import cached_property
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.choice import OF_WEIGHTS, Choice, Weights, check_weights, made_by
from datagen.plugin.dimension import AnyDimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.pooled import PooledDimension


class OneOf(PooledDimension):
    """What one of several field generators makes, such as a customer who is known seven times for one who is new.

    Each is equally likely, unless `weights` say how often each comes. Their names are not printed.

    Example: {"type": "one_of", "name": "customer", "weights": [7, 1], "of": [{"type": "variable", "name": "known", "variable": "user_id"}, {"type": "uuid", "name": "new"}]}
    """

    kind: ClassVar[str] = "one_of"
    of: list[AnyDimension] = Field(min_length=1, description="the field generators")
    weights: Weights | None = Field(None, description=OF_WEIGHTS)

    @model_validator(mode="after")
    def _is_weighted(self) -> Self:
        check_weights(self.kind, self.weights, len(self.of), "field generators")
        return self

    @cached_property
    def _choice(self) -> Choice:
        return Choice(len(self.of), self.weights)

    def extent(self) -> Extent:
        parts = [part.extent() for part in self.of]
        return Extent(sum(part.mean for part in parts) / len(parts), max(part.most for part in parts))

    def make(self, rows: Rows) -> pa.Array:
        return made_by(self.of, self._choice.of(rows.keys, rows.key("pick")), rows)
