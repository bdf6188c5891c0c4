"""Draws for rows each of which has numbers of its own, of those kinds of distributions that can make them in columns.

It makes what one distribution after the other would make, with the same draws: a row takes 20 to 60 ns where a
distribution of its own takes 20 µs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from datagen import draw
from datagen.draw import Floats, Integers, Keys, Marks
from datagen.native import draws
from datagen.problems import RunFailed

_LIMITS = {"ge": np.greater_equal, "gt": np.greater, "le": np.less_equal, "lt": np.less}
_EXACT = 2.0**53  # up to here all whole numbers are floats


class Columnar(ABC):
    """A distribution with columns (n,) in place of its numbers."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many rows there are."""

    @abstractmethod
    def sound(self) -> Marks:
        """Return which rows have numbers that will do, (n,); of the others it knows nothing."""

    @abstractmethod
    def at(self, rows: Integers) -> "Columnar":
        """Return it for some of the rows, given by their indices (m,)."""

    @abstractmethod
    def sample(self, u: Floats) -> Floats:
        """Turn a number in [0, 1) for each row, (n,), into draws."""

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        """Return the whole draws of numbers (n,), not held inside bounds."""
        return np.floor(self.sample(u)) if down else np.rint(self.sample(u))

    def problem_as_whole(self) -> str | None:
        """Return why whole numbers can't be drawn for some row; None when they can."""
        return None

    def real(self, rows: Keys, purpose: np.uint64) -> Floats:
        """Draw real numbers (n,) for rows (n,)."""
        return self.sample(draw.unit(draw.bits(rows, purpose))) + 0.0

    def whole(self, rows: Keys, purpose: np.uint64, least: int = draw.LEAST, most: int = draw.MOST) -> Integers:
        """Draw whole numbers, held between bounds: real ones, rounded to the nearest."""
        return self.integers(draw.bits(rows, purpose), least, most, down=False)

    def length(self, rows: Keys, purpose: np.uint64) -> Integers:
        """Draw lengths: real numbers, rounded down; below 0 counts as 0."""
        return self.integers(draw.bits(rows, purpose), 0, draw.MOST, down=True)

    def index(self, rows: Keys, purpose: np.uint64, size: int) -> Integers:
        """Draw indices into a list of ``size`` items, rounded down; what is outside counts as the first or last."""
        return self.integers(draw.bits(rows, purpose), 0, size - 1, down=True)

    def integers(self, random: Keys, least: int, most: int, *, down: bool) -> Integers:
        """Turn random bits (n,) into whole numbers, held between bounds."""
        return to_whole(self.rounded(draw.unit(random), down=down), least, most, down=down)


@dataclass(frozen=True)
class Line(Columnar):
    """``offset + scale * x``, with x drawn from the standard form of a family."""

    family: int
    offset: Floats
    scale: Floats
    is_sound: Marks

    def __len__(self) -> int:
        return len(self.offset)

    def sound(self) -> Marks:
        return self.is_sound

    def at(self, rows: Integers) -> "Line":
        return Line(self.family, self.offset[rows], self.scale[rows], self.is_sound[rows])

    def sample(self, u: Floats) -> Floats:
        return self.offset + self.scale * draw.standard(self.family, u)


@dataclass(frozen=True)
class Flat(Columnar):
    """Flat between two numbers."""

    min: Floats
    max: Floats

    def __len__(self) -> int:
        return len(self.min)

    def sound(self) -> Marks:
        return (self.min <= self.max) & (self.min >= -_EXACT) & (self.max <= _EXACT)

    def at(self, rows: Integers) -> "Flat":
        return Flat(self.min[rows], self.max[rows])

    def sample(self, u: Floats) -> Floats:
        return self.min + (self.max - self.min) * u

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        return np.ceil(self.min) + np.floor(u * self._counts)

    def problem_as_whole(self) -> str | None:
        [empty] = np.nonzero(self._counts < 1)
        ends = [f'"{key}" ({column[empty[0]]})' for key, column in (("min", self.min), ("max", self.max)) if len(empty)]
        return f"there is no whole number between {' and '.join(ends)}" if ends else None

    def integers(self, random: Keys, least: int, most: int, *, down: bool) -> Integers:
        drawn = draw.below_each(random, self._counts.astype(np.uint64)).astype(np.int64)
        return np.clip(np.ceil(self.min).astype(np.int64) + drawn, least, most)

    @property
    def _counts(self) -> Floats:
        return np.floor(self.max) - np.ceil(self.min) + 1


def to_whole(values: Floats, least: int, most: int, *, down: bool) -> Integers:
    """Round numbers, to the nearest or down, and hold them between bounds; raises RunFailed when one is NaN."""
    made = draw.column(len(values), np.int64)
    if not draws.whole(values, down, least, most, made):
        raise RunFailed("drawing: a distribution gave what is not a number")
    return made


def allowed(kind: type[BaseModel], given: Mapping[str, Any], *keys: str) -> Marks:
    """Return which rows have numbers within the limits of their keys, (n,)."""
    limits = [(given[key], limit) for key in keys for limit in kind.model_fields[key].metadata]
    found = [
        compare(numbers, getattr(limit, word))
        for numbers, limit in limits
        for word, compare in _LIMITS.items()
        if hasattr(limit, word)
    ]
    return np.logical_and.reduce(found)
