"""Weights: how likely some things are, one beside the other."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from datagen.draw import Floats
from datagen.problems import Path_

Weights = list[Annotated[int | float, Field(ge=0, le=10**9)]]


def odd_weights(weights: Sequence[float] | None, count: int, of: str) -> Iterator[tuple[Path_, str]]:
    """Yield what is wrong about the key ``weights`` beside a key ``of`` so many things."""
    if weights is not None and len(weights) != count:
        yield ("weights",), f'must be as many as "{of}", {count}, found {len(weights)}'
    elif weights is not None and not any(weights):
        yield ("weights",), "must not all be 0"


def shares(weights: Sequence[float] | None, count: int) -> Floats:
    """Return the share of each thing (count,), of weights or equal ones; their sum is 1 but for rounding."""
    given = np.ones(count) if weights is None else np.array(weights, np.float64)
    return given / np.cumsum(given)[-1]


def bounds(weights: Floats) -> Floats:
    """Return the share of each thing and all before it, (n,), the last 1: one added to the other, in their order."""
    sums = np.cumsum(weights)
    return sums / sums[-1]
