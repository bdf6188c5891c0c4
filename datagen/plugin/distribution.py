"""What a distribution is: how numbers are drawn, for values, lengths, indices, delays and gaps."""

from abc import abstractmethod
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from datagen import draw
from datagen.draw import Floats, Integers, Keys
from datagen.plugin.model import Plugin, make_of_group
from datagen.problems import RunFailed

_LARGEST_INTEGER = np.nextafter(2.0**63, 0)
MOST_PLACES = 10_000_000  # in a list or a string


class Distribution(Plugin):
    """How numbers are drawn."""

    group: ClassVar[str] = "distribution"

    @abstractmethod
    def sample(self, u: Floats) -> Floats:
        """Turn numbers in [0, 1), each equally likely, into draws. Shapes (n,) and (n,); a pure function."""

    def highest(self) -> float:
        """Give a bound that no draw exceeds."""
        return float("inf")

    def unscaled(self) -> "tuple[float, Distribution]":
        """Give a factor and a distribution of which this one is the multiple, so that many can be drawn from as one."""
        return 1.0, self

    def real(self, random: Keys) -> Floats:
        """Draw real numbers from random bits."""
        return self.sample(draw.unit(random))

    def whole(self, random: Keys) -> Integers:
        """Draw whole numbers: real ones, rounded to the nearest."""
        return _to_integers(np.rint(self.real(random)))

    def whole_below(self, random: Keys) -> Integers:
        """Draw whole numbers for a length or an index: real ones, rounded down."""
        return _to_integers(np.floor(self.real(random)))

    def length(self, random: Keys) -> Integers:
        """Draw lengths; what is below 0 counts as 0."""
        return np.maximum(self.whole_below(random), 0)

    def index(self, random: Keys, size: int) -> Integers:
        """Draw indices of a list of a size, held inside it."""
        return np.minimum(np.maximum(self.whole_below(random), 0), size - 1)

    def problem_as_whole(self) -> str | None:
        """Say why whole numbers can't be drawn, if so."""
        return None


def _check_whole(distribution: Distribution) -> Distribution:
    problem = distribution.problem_as_whole()
    if problem:
        raise ValueError(problem)
    return distribution


def _to_integers(values: Floats) -> Integers:
    """Convert whole-valued floats, held inside what 64 bits can hold."""
    if np.isnan(values).any():
        raise RunFailed("drawing: a distribution gave what is not a number")
    return np.minimum(np.maximum(values, -(2.0**63)), _LARGEST_INTEGER).astype(np.int64)


def _check_length(distribution: Distribution) -> Distribution:
    if MOST_PLACES < distribution.highest() < float("inf"):
        raise ValueError(f"a length must not be above {MOST_PLACES}")
    return distribution


AnyDistribution = Annotated[
    Distribution,
    PlainValidator(partial(make_of_group, "distribution")),
    WithJsonSchema({"group": "distribution"}),
]
WholeDistribution = Annotated[AnyDistribution, AfterValidator(_check_whole)]
LengthDistribution = Annotated[WholeDistribution, AfterValidator(_check_length)]
