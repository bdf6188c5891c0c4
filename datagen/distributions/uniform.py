"""The distribution ``uniform``."""

from collections.abc import Callable, Iterator, Mapping
from math import ceil, floor
from typing import Any, ClassVar

from pydantic import Field

from datagen.draw import UNIFORM, Floats
from datagen.plugin.columnar import Columnar, Flat
from datagen.plugin.distribution import Distribution, Linear
from datagen.plugin.model import Number
from datagen.problems import Path_


class Uniform(Distribution):
    """Flat between `min` and `max`.

    Where whole numbers are wanted (`int`, `ipaddress`, a length, an index), every whole number from `min` to `max`,
    both included, is equally likely; where real numbers are wanted, it is continuous.

    Example: {"type": "uniform", "min": 1, "max": 6}
    """

    kind: ClassVar[str] = "uniform"
    min: Number = Field(description="lowest value")
    max: Number = Field(description="highest value")

    def problems(self) -> Iterator[tuple[Path_, str]]:
        if self.min > self.max:
            yield (), f'"min" ({self.min}) must not be above "max" ({self.max})'

    def sample(self, u: Floats) -> Floats:
        return self.min + (self.max - self.min) * u

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar:
        return Flat(given["min"], given["max"])

    def linear(self) -> Linear:
        return Linear(UNIFORM, float(self.min), float(self.max - self.min))

    def lowest(self) -> float:
        return self.min

    def highest(self) -> float:
        return self.max

    def expected(self) -> float:
        return float(self.min + (self.max - self.min) * 0.5)

    def evenly(self) -> tuple[int, int]:
        low, high = self._whole_bounds()
        return low, high - low + 1

    def problem_as_whole(self) -> str | None:
        low, high = self._whole_bounds()
        if low > high:
            least, most = self.bounds()
            return f'there is no whole number between "min" ({least}) and "max" ({most})'
        if low < -(2**63) or high >= 2**63:
            return f'"min" ({self.min}) and "max" ({self.max}) must fit into 64 bits'
        return None

    def _whole_bounds(self) -> tuple[int, int]:
        least, most = self.bounds()
        return ceil(least), floor(most)
