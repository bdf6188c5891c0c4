"""Which of several: by weights, or each equally likely; and the values of rows that are made by several generators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.draw import Codes, Integers, Keys
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import pick
from datagen.plugin.model import Number, invalid
from datagen.plugin.recipe import EVENLY, WEIGHED, Recipe
from datagen.problems import Path_
from datagen.records.conversion import as_type
from datagen.records.types import common_type

Weights = list[Annotated[Number, Field(ge=0)]]
OF_WEIGHTS = "how often each comes, as a share of their sum; without it, each is equally likely"


def check_weights(kind: str, weights: Sequence[float] | None, size: int, what: str) -> None:
    """Raise pydantic's ValidationError when weights, if there are any, don't belong to so many things."""
    lines = list(odd_weights(weights, size, what))
    if lines:
        raise invalid(kind, lines)


def odd_weights(weights: Sequence[float] | None, size: int, what: str) -> Iterator[tuple[Path_, str]]:
    """Yield what is wrong about the key ``weights`` of so many things, with its path."""
    if weights is None:
        return
    if len(weights) != size:
        yield ("weights",), f"must be one for each of the {size} {what}, found {len(weights)}"
    elif not any(weights):
        yield ("weights",), "must not all be 0"


@dataclass(frozen=True)
class Choice:
    """Chooses one of several for each row."""

    size: int
    weights: Sequence[float] | None = None

    def of(self, rows: Keys, purpose: np.uint64) -> Codes:
        """Return the number of what is chosen for each row, (n,)."""
        if self.size == 1:
            return np.zeros(len(rows), np.int32)
        if self._weighted is None:
            return pick(None, rows, purpose, self.size)
        return self._weighted.of(rows, purpose)

    def recipe(self, purpose: np.uint64) -> Recipe:
        """Return how the core draws the number of what is chosen."""
        if self.size == 1 or self._weighted is None:
            return Recipe(EVENLY, purpose, count=self.size)
        return Recipe(WEIGHED, purpose, weighted=self._weighted)

    @cached_property
    def _weighted(self) -> draw.Weighted | None:
        return None if self.weights is None else draw.Weighted(self.weights)


def made_by(dimensions: Sequence[Dimension], choice: Codes, rows: Rows) -> pa.Array:
    """Return a value for each row, made by the dimension that is chosen for it, (n,); null behind the last of them."""
    chosen = [np.flatnonzero(choice == number) for number in range(len(dimensions))]
    made = [rows.at(own).make(dimension) for dimension, own in zip(dimensions, chosen, strict=True)]
    rest = len(rows) - sum(map(len, chosen))
    if rest:
        chosen.append(np.flatnonzero(choice == len(dimensions)))
        made.append(pa.nulls(rest))
    order = np.empty(len(rows), np.int32)
    if all(map(_is_coded, made)) and sum(len(values.dictionary) for values in made) <= len(rows):
        return _of_dictionaries(made, chosen, order)
    order[np.concatenate(chosen)] = np.arange(len(rows), dtype=np.int32)
    return together(made).take(pa.array(order))


def _is_coded(values: pa.Array) -> bool:
    """Return whether all values are in a dictionary, null too where there is any."""
    return pa.types.is_dictionary(values.type) and not values.indices.null_count


def _of_dictionaries(
    made: Sequence[pa.DictionaryArray], chosen: Sequence[Integers], codes: Codes
) -> pa.DictionaryArray:
    """Return values (n,) of several dictionaries, each at its rows, as one of all.

    A `case` of two constants takes 21 ns a value for it, and 40 without.
    """
    size = 0
    for values, own in zip(made, chosen, strict=True):
        codes[own] = values.indices.to_numpy() + np.int32(size)
        size += len(values.dictionary)
    return pa.DictionaryArray.from_arrays(pa.array(codes), together([values.dictionary for values in made]))


def together(arrays: Sequence[pa.Array]) -> pa.Array:
    """Return the values of arrays one after the other, as a type that holds all of them."""
    type_ = common_type(array.type for array in arrays)
    return pa.concat_arrays([as_type(array, type_) for array in arrays])
