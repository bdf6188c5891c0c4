"""Rows that something is drawn for: each has a key, and all have the name path of what it is. Knows no dimension."""

from dataclasses import dataclass

import numpy as np

from datagen import draw
from datagen.draw import Keys
from datagen.plugin.world import World


@dataclass(frozen=True)
class KeyedRows:
    """Rows to draw for, at a name path; what is drawn is a pure function of these and the seed."""

    keys: Keys  # (n,) row keys
    path: str
    world: World

    def __len__(self) -> int:
        return len(self.keys)

    def bits(self, purpose: str = "value") -> Keys:
        """Draw 64 random bits for each row; different purposes are independent."""
        return draw.bits(self.keys, self.key(purpose))

    def key(self, purpose: str = "value") -> np.uint64:
        """Return the key of a purpose, for draws of a distribution."""
        return draw.purpose_key(self.world.seed, f"{self.path}/{purpose}")

    def words(self, count: int, purpose: str = "value") -> Keys:
        """Draw so many times 64 random bits for each row, (n, count)."""
        return draw.words(self.keys, self.key(purpose), count)

    def unit(self, purpose: str = "value") -> draw.Floats:
        """Draw a number in [0, 1) for each row."""
        return draw.unit(self.bits(purpose))
