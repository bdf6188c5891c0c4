"""The distribution ``mixture``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen import draw
from datagen.draw import Floats, Integers, Keys, Marks
from datagen.plugin.choice import OF_WEIGHTS, Weights, odd_weights
from datagen.plugin.columnar import Columnar, to_whole
from datagen.plugin.distribution import AnyDistribution, Distribution
from datagen.plugin.truncation import BITS, LARGEST
from datagen.problems import Path_


class Mixture(Distribution):
    """A draw of one of several distributions, which is chosen by weights.

    For what has more than one kind of cause: hits of a cache and misses, private customers and firms, and outliers.
    The number that a draw is made of chooses the member, and what it leaves open is drawn by it. With `least` and
    `most` the whole is truncated: a member most of which lies outside becomes rarer.

    Example: {"type": "mixture", "of": [{"type": "lognormal", "median": 0.02, "sigma": 0.3}, {"type": "lognormal", "median": 0.9, "sigma": 0.5}], "weights": [95, 5]}
    """

    kind: ClassVar[str] = "mixture"
    draws_times: ClassVar[bool] = False
    of: list[AnyDistribution] = Field(min_length=1, description="its members")
    weights: Weights | None = Field(None, description=OF_WEIGHTS)

    def problems(self) -> Iterator[tuple[Path_, str]]:
        yield from odd_weights(self.weights, len(self.of), "members")

    def sample(self, u: Floats) -> Floats:
        return self._by_members(u, Distribution.drawn)

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        if self._is_truncated:
            return super().rounded(u, down=down)
        return self._by_members(u, lambda member, inner: member.rounded(inner, down=down))

    def _integers(self, rows: Keys, purpose: np.uint64, least: int, most: int, *, down: bool) -> Integers:
        drawn = self.rounded(draw.unit(draw.bits(rows, purpose)), down=down)
        return to_whole(drawn, least, most, down=down)

    @cached_property
    def _ends(self) -> Floats:
        """Return where in [0, 1) each member's part ends, as multiples of 2**-53."""
        return draw.bounds(self._weights()).astype(np.float64)

    def _weights(self) -> list[float]:
        return self.weights or [1.0] * len(self.of)

    def _by_members(self, u: Floats, drawn: Callable[[Distribution, Floats], Floats | Integers]) -> Floats:
        return _by_members(self._ends, u, lambda number, rows, inner: drawn(self.of[number], inner))

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar | None:
        members = [one for part in given["of"] if (one := inner(part)) is not None]
        weights = given.get("weights") or [1.0] * len(members)
        are_known = all(isinstance(weight, int | float) for weight in weights)
        if len(members) < len(given["of"]) or not are_known or any(odd_weights(weights, len(members), "members")):
            return None
        return _Mixture(tuple(members), draw.bounds(weights).astype(np.float64))

    def stretch(self, u: Floats) -> Integers:
        first = np.cumsum([0] + [member.stretches() for member in self.of])
        chosen = np.searchsorted(self._ends, u * 2.0**BITS, side="right")
        return first[chosen] + self._by_members(u, Distribution.place).astype(np.int64)

    def stretches(self) -> int:
        return sum(member.stretches() for member in self.of)

    def lowest(self) -> float:
        return min(member.bounds().least for member in self.of)

    def highest(self) -> float:
        return max(member.bounds().most for member in self.of)

    def expected(self) -> float | None:
        means = [member.average() for member in self.of]
        known = [mean for mean in means if mean is not None]
        return float(np.average(known, weights=self._weights())) if len(known) == len(means) else None


@dataclass(frozen=True)
class _Mixture(Columnar):
    of: tuple[Columnar, ...]
    ends: Floats

    def __len__(self) -> int:
        return len(self.of[0])

    def sound(self) -> Marks:
        return np.logical_and.reduce([member.sound() for member in self.of])

    def at(self, rows: Integers) -> "_Mixture":
        return _Mixture(tuple(member.at(rows) for member in self.of), self.ends)

    def sample(self, u: Floats) -> Floats:
        return _by_members(self.ends, u, lambda number, rows, inner: self.of[number].at(rows).sample(inner))

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        def drawn(number: int, rows: Integers, inner: Floats) -> Floats:
            return self.of[number].at(rows).rounded(inner, down=down)

        return _by_members(self.ends, u, drawn)


def _by_members(ends: Floats, u: Floats, drawn: Callable[[int, Integers, Floats], Floats | Integers]) -> Floats:
    """Return what members make of their parts of [0, 1), which end somewhere, each stretched to all of it.

    ``drawn`` returns what the member with a number makes for rows.
    """
    places = u * 2.0**BITS
    chosen = np.searchsorted(ends, places, side="right")
    made = np.empty(len(u))
    begin = 0.0
    for number, end in enumerate(ends.tolist()):
        rows = np.flatnonzero(chosen == number)
        if len(rows):
            made[rows] = drawn(number, rows, np.minimum((places[rows] - begin) / (end - begin), LARGEST))
        begin = end
    return made
