"""The ways in which a text can come about, counted and numbered: what a regular expression is to ``regex``.

A way of a sequence is one of each part, the last part counting fastest; the ways of a branch are those of its parts,
one part after the other; those of a repetition are the sequences of so many, the shortest first.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, product, repeat
from math import prod

FEWER = 2**63  # ways are drawn by one number where they are fewer than this

Chars = frozenset[str]


class Way(ABC):
    """Ways in which a text can come about."""

    @property
    @abstractmethod
    def count(self) -> int:
        """Return how many there are."""

    @property
    @abstractmethod
    def lengths(self) -> tuple[int, int]:
        """Return how many characters the shortest and the longest text have."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Return how many parts a text has at most."""

    @property
    @abstractmethod
    def chars(self) -> Chars:
        """Return the characters that occur."""

    @property
    @abstractmethod
    def first(self) -> Chars:
        """Return the characters that a text can begin with."""

    @property
    @abstractmethod
    def is_clear(self) -> bool:
        """Return whether certainly no text comes about in two ways."""

    @abstractmethod
    def texts(self) -> Iterator[str]:
        """Yield the text of every way, in their order."""

    @property
    def is_small(self) -> bool:
        return self.count < FEWER

    @property
    def has_one_length(self) -> bool:
        return self.lengths[0] == self.lengths[1]


@dataclass(frozen=True)
class Texts(Way):
    """One of some texts."""

    of: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.of)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        lengths = [len(text) for text in self.of]
        return min(lengths), max(lengths)

    @property
    def steps(self) -> int:
        return 1

    @cached_property
    def chars(self) -> Chars:
        return frozenset("".join(self.of))

    @cached_property
    def first(self) -> Chars:
        return frozenset(text[0] for text in self.of if text)

    @cached_property
    def is_clear(self) -> bool:
        return len(set(self.of)) == len(self.of)

    def texts(self) -> Iterator[str]:
        return iter(self.of)


@dataclass(frozen=True)
class Sequence(Way):
    """One after the other."""

    parts: tuple[Way, ...]

    @cached_property
    def count(self) -> int:
        return prod(part.count for part in self.parts)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        return sum(part.lengths[0] for part in self.parts), sum(part.lengths[1] for part in self.parts)

    @cached_property
    def steps(self) -> int:
        return 1 + sum(part.steps for part in self.parts)

    @cached_property
    def chars(self) -> Chars:
        return frozenset().union(*(part.chars for part in self.parts))

    @cached_property
    def first(self) -> Chars:
        found: set[str] = set()
        for part in self.parts:
            found |= part.first
            if part.lengths[0]:
                break
        return frozenset(found)

    @cached_property
    def is_clear(self) -> bool:
        """Return whether it is certain where each part ends: by its length, or by the character that follows."""
        unsure = [place for place, part in enumerate(self.parts) if not part.has_one_length]
        rests = [(self.parts[place], Sequence(self.parts[place + 1 :])) for place in unsure[:-1]]
        ended = all(rest.lengths[0] and not part.chars & rest.first for part, rest in rests)
        return ended and all(part.is_clear for part in self.parts)

    def texts(self) -> Iterator[str]:
        return map("".join, product(*(tuple(part.texts()) for part in self.parts)))


@dataclass(frozen=True)
class Branch(Way):
    """One of several."""

    parts: tuple[Way, ...]

    @cached_property
    def counts(self) -> list[int]:
        """Return how many ways there are up to each part, and of it."""
        return list(accumulate(part.count for part in self.parts))

    @property
    def count(self) -> int:
        return self.counts[-1]

    @cached_property
    def lengths(self) -> tuple[int, int]:
        return min(part.lengths[0] for part in self.parts), max(part.lengths[1] for part in self.parts)

    @cached_property
    def steps(self) -> int:
        return 1 + max(part.steps for part in self.parts)

    @cached_property
    def chars(self) -> Chars:
        return frozenset().union(*(part.chars for part in self.parts))

    @cached_property
    def first(self) -> Chars:
        return frozenset().union(*(part.first for part in self.parts))

    @cached_property
    def is_clear(self) -> bool:
        """Return whether the parts are told apart by how they begin, and at most one text is empty."""
        begin_apart = len(self.first) == sum(len(part.first) for part in self.parts)
        empty = sum(part.lengths[0] == 0 for part in self.parts)
        return begin_apart and empty < 2 and all(part.is_clear for part in self.parts)

    def texts(self) -> Iterator[str]:
        return chain.from_iterable(part.texts() for part in self.parts)


@dataclass(frozen=True)
class Repeat(Way):
    """The same part some times."""

    part: Way
    least: int
    most: int

    @cached_property
    def counts(self) -> list[int]:
        """Return how many ways there are up to each number of times, and of it."""
        powers = accumulate(repeat(self.part.count, self.most), lambda power, count: power * count, initial=1)
        return list(accumulate(list(powers)[self.least :]))

    @property
    def count(self) -> int:
        return self.counts[-1]

    @property
    def lengths(self) -> tuple[int, int]:
        return self.least * self.part.lengths[0], self.most * self.part.lengths[1]

    @property
    def steps(self) -> int:
        return 1 + self.most * self.part.steps

    @property
    def chars(self) -> Chars:
        return self.part.chars if self.most else frozenset()

    @property
    def first(self) -> Chars:
        return self.part.first if self.most else frozenset()

    @cached_property
    def is_clear(self) -> bool:
        """Return whether it is certain where each time ends, and how many there are."""
        if self.most < 2:
            return self.part.is_clear and (self.least == self.most or self.part.lengths[0] > 0)
        return self.part.is_clear and self.part.has_one_length and self.part.lengths[0] > 0

    def texts(self) -> Iterator[str]:
        part = tuple(self.part.texts())
        times: Iterable[int] = range(self.least, self.most + 1)
        return chain.from_iterable(map("".join, product(part, repeat=count)) for count in times)
