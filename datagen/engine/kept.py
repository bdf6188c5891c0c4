"""What the walk keeps of each worker, one thing beside the other: where it is, and what it is at first."""

from dataclasses import dataclass, field

from datagen.plugin.arrival import BATCH, BATCHES, WORKER
from datagen.plugin.life import AGE, GATHERED, ITEM

OF_BATCH = [f"{BATCH}.{part}" for part in BATCHES]
_LEFT, _GIFT, _KEY = "items left", "gift", "key of the gift"


@dataclass
class Kept:
    """Where things are kept that are asked for by name, or are somebody's own."""

    first: list[bool] = field(default_factory=list)  # of each thing that is kept, whether it has a value at first: 0
    _places: dict[str, int] = field(default_factory=dict)  # where it is, by name

    def __len__(self) -> int:
        return len(self.first)

    def at(self, what: str) -> int:
        """Return where something is kept; -1: it is not."""
        return self._places.get(what, -1)

    def place(self, what: str, *, has_value: bool = True) -> int:
        """Return where something is kept from now on."""
        if what not in self._places:
            self._places[what] = self.room(has_value=has_value)
        return self._places[what]

    def room(self, *, has_value: bool) -> int:
        """Return where one more thing is kept."""
        self.first.append(has_value)
        return len(self.first) - 1

    @property
    def number(self) -> int:
        """Return where the number of a worker in its source is kept; -1: it is not."""
        return self.at(WORKER)

    @property
    def begin(self) -> int:
        """Return where the time of a worker's birth is kept; -1: it is not."""
        return self.at(AGE)

    @property
    def batch(self) -> list[tuple[int, int]]:
        """Return where it is kept what is known of the batch that a worker is of, each with the number of the part."""
        return [(self._places[name], part) for part, name in enumerate(OF_BATCH) if name in self._places]

    @property
    def gathered(self) -> list[int]:
        """Return where it is kept what is known of who has gathered; -1: it is not."""
        return [self.at(name) for name in GATHERED]

    @property
    def item(self) -> list[int]:
        """Return where the place of a worker's item is kept, and how many it is still to go through; -1: it is not."""
        return [self.at(ITEM), self.at(_LEFT)]

    def keep_items(self) -> None:
        """Keep what has to be known of workers who go through items."""
        self.place(ITEM, has_value=False)
        self.place(_LEFT)

    @property
    def gift(self) -> tuple[int, int]:
        """Return where it is kept what a worker is to be given, and with which key; -1: there is nothing."""
        return self.at(_GIFT), self.at(_KEY)

    def keep_gifts(self) -> None:
        """Keep what has to be known of workers who are to be given something."""
        self.place(_GIFT)
        self.place(_KEY)
