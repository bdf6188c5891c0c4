"""What is kept of each worker, thing by thing, for the walk: where each has its place."""

from dataclasses import dataclass, field

from datagen.engine.scheme import Scheme
from datagen.language.delay import Next
from datagen.language.state import Gift
from datagen.plugin.arrival import BATCH, BATCHES, WORKER
from datagen.plugin.life import AGE, GATHERED, ITEM, VISITS
from datagen.records.expression.name import called

OF_BATCH = [f"{BATCH}.{part}" for part in BATCHES]
_LEFT = "items left"


@dataclass
class Room:
    """The room for what is kept of a worker."""

    plan: Scheme
    first: list[bool] = field(default_factory=list)  # of each thing that is kept, whether it has a value at first: 0
    _places: dict[str, int] = field(default_factory=dict)  # where it is, by name

    @property
    def number(self) -> int:
        """Return where the number of a worker in its source is kept; -1: it is not."""
        return self._places.get(WORKER, -1)

    @property
    def begin(self) -> int:
        """Return where the time of a worker's birth is kept; -1: it is not."""
        return self._places.get(AGE, -1)

    @property
    def batch(self) -> list[tuple[int, int]]:
        """Return where it is kept what is known of the batch that a worker is of, each with the number of the part."""
        return [(self._places[name], part) for part, name in enumerate(OF_BATCH) if name in self._places]

    @property
    def gathered(self) -> list[int]:
        """Return where it is kept what is known of who has gathered; -1: it is not."""
        return [self._places.get(name, -1) for name in GATHERED]

    @property
    def item(self) -> list[int]:
        """Return where the place of a worker's item is kept, and how many it is still to go through; -1: it is not."""
        return [self._places.get(ITEM, -1), self._places.get(_LEFT, -1)]

    def keep_items(self) -> None:
        """Keep what has to be known of workers who go through items."""
        self.place(ITEM, has_value=False)
        self.place(_LEFT)

    def counter(self, state: int) -> int:
        """Return where the visits to a state are counted; -1: they are not."""
        return self._places.get(called(VISITS, self.plan.own_names[state]), -1)

    @property
    def taken(self) -> dict[int, int]:
        """Return where it is kept how many of the times that a state waits for a worker has taken, by the states."""
        return {number: self._places[f"next {number}"] for number in self._waiting_for_times()}

    @property
    def gift(self) -> tuple[int, int]:
        """Return where it is kept what a worker is to be given, and with which key; -1: there is nothing."""
        return self._places.get("gift", -1), self._places.get("key of the gift", -1)

    def keep_times(self) -> None:
        """Keep what has to be known of workers who wait for the times of sources."""
        for number in self._waiting_for_times():
            self.place(f"next {number}")
        if any(isinstance(entry, Gift) for _, entry in self.plan.spawns):
            self.place("gift")
            self.place("key of the gift")

    def _waiting_for_times(self) -> list[int]:
        states = enumerate(self.plan.population.states)
        return [number for number, state in states if isinstance(state.delay, Next)]

    def place(self, what: str, *, has_value: bool = True) -> int:
        """Return where something is kept."""
        if what not in self._places:
            self._places[what] = self.another(has_value=has_value)
        return self._places[what]

    def another(self, *, has_value: bool = False) -> int:
        """Return where another thing is kept."""
        self.first.append(has_value)
        return len(self.first) - 1
