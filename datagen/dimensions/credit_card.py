"""The dimension ``credit_card``."""

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import with_check_digit

# How the numbers of each network begin, the first and the last of each stretch, and how many digits they have.
_NETWORKS = {
    "amex": ([(34, 34), (37, 37)], 15),
    "diners": ([(300, 305), (36, 36), (38, 39)], 14),
    "discover": ([(6011, 6011), (644, 649), (65, 65)], 16),
    "jcb": ([(3528, 3589)], 16),
    "mastercard": ([(51, 55), (2221, 2720)], 16),
    "visa": ([(4, 4)], 16),
}


class CreditCard(PooledDimension):
    """The number of a credit card, with the right check digit (Luhn). It may be that of a real card by chance.

    Example: {"type": "credit_card", "name": "card", "network": "mastercard"}
    """

    kind: ClassVar[str] = "credit_card"
    network: Literal["amex", "diners", "discover", "jcb", "mastercard", "visa"] = Field(
        "visa", description="whose card it is"
    )

    @cached_property
    def _stretches(self) -> list[tuple[int, int]]:
        """Return the first number, without the check digit, of each stretch, and how many follow on from it."""
        beginnings, digits = _NETWORKS[self.network]
        scales = [10 ** (digits - 1 - len(str(first))) for first, _ in beginnings]
        return [(a * scale, (z + 1 - a) * scale) for (a, z), scale in zip(beginnings, scales, strict=True)]

    def different_values(self) -> int:
        return sum(count for _, count in self._stretches)

    def range_size(self) -> int:
        return self.different_values()

    def of_range(self, places: Integers) -> pa.Array:
        firsts, counts = np.array(self._stretches).T
        ends = np.cumsum(counts)
        stretch = np.searchsorted(ends, places, side="right")
        return with_check_digit(places + (firsts - ends + counts)[stretch])

    def make(self, rows: Rows) -> pa.Array:
        return self.of_range(draw.evenly(rows.keys, rows.key(), 0, self.range_size()))
