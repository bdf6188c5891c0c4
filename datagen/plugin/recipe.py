"""How the core draws a value by itself, where a field generator and its distribution are plain enough for that.

A recipe makes what ``make`` makes, with the same draws; it is for the walk, which needs one value at a time.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from datagen import draw
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.pooled import PooledDimension

EVENLY, NEAREST, DOWN, REAL, WEIGHED, TRUTH = range(6)
_NOTHING = Linear(draw.CONSTANT, 0.0, 0.0)


@dataclass(frozen=True)
class Recipe:
    """What is drawn by the key of a purpose; a place in a list where all values are from one."""

    kind: int
    purpose: np.uint64
    first: int = 0  # EVENLY: each of ``count`` whole numbers from here on
    count: int = 1
    linear: Linear = _NOTHING  # NEAREST, DOWN or REAL; TRUTH: its offset is how often it is true
    least: int = draw.LEAST  # of whole numbers, which are held between
    most: int = draw.MOST
    digits: int | None = None  # REAL: so many after the point; None: all there are
    weighted: draw.Weighted | None = None  # WEIGHED


@runtime_checkable
class InCore(Protocol):
    """A field generator that has a recipe, at least with some of its keys."""

    def recipe(self, rows: Rows) -> Recipe | None:
        """Return how the core draws what ``make`` makes for rows; None where only that knows."""


def recipe_of(dimension: Dimension, rows: Rows) -> Recipe | None:
    """Return how the core draws the values of a field generator that are there; None where only Python can."""
    if isinstance(dimension, PooledDimension) and dimension.cardinality:
        return of_index(dimension.cardinality_distribution, rows.key("pick"), dimension.cardinality)
    return dimension.recipe(rows) if isinstance(dimension, InCore) else None


def of_index(picker: object, purpose: np.uint64, size: int) -> Recipe | None:
    """Return how an index into a list of a size is drawn, as ``pick`` does."""
    if picker is None:
        return Recipe(EVENLY, purpose, count=size)
    return of_whole(picker, purpose, 0, size - 1, down=True)


def of_whole(
    distribution: object, purpose: np.uint64, least: int = draw.LEAST, most: int = draw.MOST, *, down: bool = False
) -> Recipe | None:
    """Return how whole numbers of a distribution are drawn, held between bounds."""
    if not isinstance(distribution, Distribution):
        return None
    evenly, linear = distribution.evenly(), distribution.in_core()
    if evenly:
        return Recipe(EVENLY, purpose, *evenly, least=least, most=most)
    return linear and Recipe(DOWN if down else NEAREST, purpose, linear=linear, least=least, most=most)


def of_real(distribution: object, purpose: np.uint64, digits: int | None) -> Recipe | None:
    """Return how real numbers of a distribution are drawn, with so many digits after the point."""
    linear = distribution.in_core() if isinstance(distribution, Distribution) else None
    return linear and Recipe(REAL, purpose, linear=linear, digits=digits)
