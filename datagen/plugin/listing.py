"""What a field generator is that makes lists, of which the walk may have to know how many items they have."""

from math import inf

from datagen.plugin.dimension import Dimension


class Listing(Dimension):
    """A field generator of lists."""

    def skeleton(self) -> Dimension:
        """Return a generator of lists that are as long, drawn as its own are, which reads no more than that needs."""
        return self

    def is_never_empty(self) -> bool:
        """Return whether each of its lists surely has an item."""
        return False

    def most_items(self) -> float:
        """Return how many items a list has at most."""
        return inf
