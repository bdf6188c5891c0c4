"""The distribution ``scaled``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.draw import Floats, Integers, Marks
from datagen.plugin.columnar import Columnar, allowed
from datagen.plugin.distribution import AnyDistribution, Bounds, Distribution, endless
from datagen.plugin.model import Number
from datagen.plugin.truncation import LARGEST
from datagen.problems import Path_


class Scaled(Distribution):
    """The real draws of another distribution, times a number, plus a number.

    For other units, another range or a least time before a random one: 0.2 s and then an exponential wait. A negative
    `times` turns it round.

    Example: {"type": "scaled", "of": {"type": "beta", "a": 2, "b": 5}, "times": 100}
    """

    kind: ClassVar[str] = "scaled"
    draws_times: ClassVar[bool] = False
    of: AnyDistribution = Field(description="what is drawn")
    times: Number = Field(1, description="what the draws are multiplied with")
    plus: Number = Field(0, description="what is added to that")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from endless(self)

    def sample(self, u: Floats) -> Floats:
        return self.of.drawn(self._turned(u)) * self.times + self.plus

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar | None:
        of = inner(given["of"])
        if of is None:
            return None
        times, plus = (given.get(key, np.full(len(of), default)) for key, default in (("times", 1.0), ("plus", 0.0)))
        return _Scaled(of, times, plus, allowed(cls, {"times": times, "plus": plus}, "times", "plus"))

    def _turned(self, u: Floats) -> Floats:
        """Return numbers in [0, 1) in the other order where the draws would fall else."""
        return LARGEST - u if self.times < 0 else u

    def stretch(self, u: Floats) -> Integers:
        places = self.of.place(self._turned(u))
        return self.stretches() - 1 - places if self.times < 0 else places

    def stretches(self) -> int:
        return self.of.stretches()

    def lowest(self) -> float:
        return self._ends().least

    def highest(self) -> float:
        return self._ends().most

    def _ends(self) -> Bounds:
        if not self.times:
            return Bounds(self.plus, self.plus)
        return Bounds(*sorted(end * self.times + self.plus for end in self.of.bounds()))

    def expected(self) -> float | None:
        mean = self.of.average()
        return None if mean is None else mean * self.times + self.plus


@dataclass(frozen=True)
class _Scaled(Columnar):
    of: Columnar
    times: Floats
    plus: Floats
    is_allowed: Marks

    def __len__(self) -> int:
        return len(self.times)

    def sound(self) -> Marks:
        ends = [self.sample(np.full(len(self), u)) for u in (0.0, LARGEST)]
        return self.of.sound() & self.is_allowed & np.isfinite(ends).all(axis=0)

    def at(self, rows: Integers) -> "_Scaled":
        return _Scaled(self.of.at(rows), self.times[rows], self.plus[rows], self.is_allowed[rows])

    def sample(self, u: Floats) -> Floats:
        with np.errstate(all="ignore"):  # of rows that are not sound
            return self.of.sample(np.where(self.times < 0, LARGEST - u, u)) * self.times + self.plus
