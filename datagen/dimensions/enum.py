"""The dimension ``enum``."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.choice import OF_WEIGHTS, Choice, Weights, check_weights
from datagen.plugin.computed import DrawsNumbers, picked
from datagen.plugin.description import MaybeWholeNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution, Extent, odd_index
from datagen.plugin.model import invalid
from datagen.plugin.recipe import Recipe, of_index
from datagen.problems import Path_
from datagen.records.conversion import from_json

_WEIGHTS = {"probability", "weight", "p", "share"}


class Enum(DrawsNumbers):
    """One of a list of values, which may be any JSON.

    Each is equally likely, unless `weights` say how often each comes, or a `cardinality_distribution` chooses the
    index.

    Example: {"type": "enum", "name": "method", "values": ["GET", "POST"], "weights": [9, 1]}
    """

    kind: ClassVar[str] = "enum"
    fixed: ClassVar[bool] = True
    values: list[Any] = Field(min_length=1, description="the values")
    weights: Weights | None = Field(None, description=OF_WEIGHTS)
    cardinality_distribution: MaybeWholeNumberDistribution = Field(None, description="index into the values")

    @model_validator(mode="after")
    def _is_weighted_once(self) -> Self:
        check_weights(self.kind, self.weights, len(self.values), "values")
        if self.weights is not None and self.cardinality_distribution is not None:
            raise invalid(self.kind, [(("weights",), 'can\'t stand beside a "cardinality_distribution"')])
        return self

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        odd = odd_index(self.cardinality_distribution, len(self.values))
        if odd:
            yield ("cardinality_distribution",), odd
        if all(isinstance(value, dict) and _WEIGHTS & value.keys() and len(value) == 2 for value in self.values):
            yield ("values",), 'look like weights, but are values like any other; the key "weights" is for these'

    @cached_property
    def _array(self) -> pa.Array:
        return from_json(self.values)

    @cached_property
    def _choice(self) -> Choice:
        return Choice(len(self.values), self.weights)

    def extent(self) -> Extent:
        lengths = [len(value) if isinstance(value, str) else 1 for value in self.values]
        return Extent(sum(lengths) / len(lengths), max(lengths))

    def recipe(self, rows: Rows) -> Recipe | None:
        picker = self.cardinality_distribution
        if picker is None or (len(self.values) == 1 and isinstance(picker, Distribution)):
            return self._choice.recipe(rows.key("pick"))
        return of_index(picker, rows.key("pick"), len(self.values))

    def make(self, rows: Rows) -> pa.Array:
        picker = self.cardinality_distribution
        if picker is None or (len(self.values) == 1 and isinstance(picker, Distribution)):
            return pa.DictionaryArray.from_arrays(pa.array(self._choice.of(rows.keys, rows.key("pick"))), self._array)
        index, there = picked(picker, rows, "pick", len(self.values))
        codes = pa.array(index, mask=None if there is None else ~there)
        return pa.DictionaryArray.from_arrays(codes, self._array)
