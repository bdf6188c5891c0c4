"""The rows of a ready-made table as they are drawn, column by column, from pools."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.draw import Codes, Floats, Integers
from datagen.plugin import fake
from datagen.plugin.world import World
from datagen.problems import path_part

_POOL = 10_000
# The country that each locale of mimesis is of, where its name does not end in it.
_COUNTRIES = {
    "cs": "CZ", "da": "DK", "el": "GR", "en": "US", "et": "EE", "fa": "IR", "ja": "JP", "kk": "KZ", "ko": "KR",
    "sv": "SE", "uk": "UA", "zh": "CN",
}  # fmt: skip


class Drawn:
    """Draws for the rows of a table, each for a purpose; the first rows of a longer table are those of a shorter one."""

    def __init__(self, name: str, size: int, world: World) -> None:
        self._path, self._world = f"table/{path_part(name)}", world
        self._keys = draw.numbered(draw.purpose_key(world.seed, f"{self._path}/row"), np.arange(size))

    def number(self, purpose: str, count: int) -> Integers:
        """Return one of so many numbers from 0 for each row, (n,), each as likely."""
        return draw.evenly(self._keys, self._key(purpose), 0, count)

    def unit(self, purpose: str) -> Floats:
        """Return a number in (0, 1) for each row, (n,)."""
        return draw.unit(draw.bits(self._keys, self._key(purpose)))

    def weighted(self, purpose: str, weights: draw.Weighted) -> Codes:
        """Return one of several numbers for each row, (n,), by their weights."""
        return weights.of(self._keys, self._key(purpose))

    def of(self, purpose: str, values: Sequence[Any]) -> pa.Array:
        """Return one of some values for each row, (n,), each as likely."""
        return pa.array(values).take(pa.array(self.number(purpose, len(values))))

    def fake(self, provider: str, locale: str, arguments: str = "{}", purpose: str = "") -> pa.Array:
        """Return one value of a pool of the library mimesis for each row, (n,)."""
        return self.of(purpose or f"{provider}{arguments}", fake.pool(provider, _POOL, locale, arguments))

    def address(self, locale: str) -> dict[str, pa.Array]:
        """Return where each row is, by columns."""
        country = _COUNTRIES.get(locale, locale.rpartition("-")[2].upper())
        return {
            "phone": self.fake("person.phone_number", locale),
            "street": self.fake("address.address", locale),
            "city": self.fake("address.city", locale),
            "postcode": self.fake("address.postal_code", locale),
            "country": pa.repeat(country, len(self._keys)),
        }

    def _key(self, purpose: str) -> np.uint64:
        return draw.purpose_key(self._world.seed, f"{self._path}/{purpose}")
