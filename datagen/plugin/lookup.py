"""What a field generator is that looks up what records before it had."""

from abc import abstractmethod
from collections.abc import Iterator

from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.namespace import EmitterName
from datagen.plugin.world import Seen
from datagen.problems import Path_


class Lookup(Dimension):
    """A field generator that looks up records that were emitted before."""

    emitter: EmitterName = Field(min_length=1, description="name of the emitter whose records are looked up")

    @property
    @abstractmethod
    def depth(self) -> int | None:
        """Return how many of the last records it looks at, whoever's they are; None for all."""

    @property
    @abstractmethod
    def sees_lives(self) -> bool:
        """Return whether it looks at the records of workers alive."""

    @property
    @abstractmethod
    def follows_draws(self) -> bool:
        """Return whether which record it looks up follows from draws alone."""

    @abstractmethod
    def looked_up(self) -> Iterator[tuple[Path_, str]]:
        """Yield the dimensions that it reads of those records, each with its path from here."""

    @abstractmethod
    def numbers(self, rows: Rows, seen: Seen) -> Integers:
        """Return which record each row (n,) looks up, of those that it sees; -1 where there is none."""

    def counts(self) -> bool:
        return True

    def of_workers(self) -> Iterator[Path_]:
        yield ()
