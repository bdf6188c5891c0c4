"""Addresses: where in its target a record goes, such as a topic or a stream, as a text with places for dimensions.

The texts are made in columns, ahead of time, and only where there are places. A sink that has addresses puts their
texts first among those of its encoded records.
"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from datagen.moment import Moment
from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink, Undelivered
from datagen.problems import show
from datagen.records.batch import Batch, Layout
from datagen.records.pattern import TextPattern, patterned

_NOTHING = r"[^\s\S]"  # a regular expression that is found nowhere


class Address:
    """A text with places, and which of its texts the system takes."""

    def __init__(
        self,
        what: str,
        text: str,
        layout: Layout,
        start: Moment,
        *,
        forbidden: str = _NOTHING,
        longest: int = 2**31 - 1,
    ) -> None:
        """Take the text of ``what``, such as "a topic"; ``problems`` has what is wrong with it.

        The system takes no text in which the regular expression ``forbidden`` is found, and none of more bytes than
        ``longest``.
        """
        self._what = what
        self._pattern = TextPattern(text, layout.named())
        self._start = start
        self._forbidden = forbidden
        self._longest = longest
        self.problems = list(self._pattern.problems)
        if self.is_constant and not self.problems and self._first_refused(pa.array([text])) == 0:
            self.problems.append(self._refusal(text))

    @property
    def is_constant(self) -> bool:
        """Return whether all records have the same address."""
        return self._pattern.is_constant

    @property
    def places(self) -> list[str]:
        """Return the names of what its places stand for."""
        return self._pattern.names

    def filled(self, filling: str) -> str:
        """Return the text with something else in each of its places."""
        return self._pattern.filled(filling)

    def texts(self, batch: Batch) -> tuple[pa.Array, ...]:
        """Return the addresses (n,) of the records of a batch; nothing where all records have the same one."""
        return () if self.is_constant else (patterned(batch, self._pattern, self._start),)

    def names(self, encoded: Encoded) -> list[str]:
        """Return the address of each record."""
        return [self.filled("")] * len(encoded) if self.is_constant else encoded.texts[0].to_pylist()

    def taken(self, encoded: Encoded) -> int:
        """Return how many of the first records have addresses that the system takes."""
        refused = -1 if self.is_constant else self._first_refused(encoded.texts[0])
        return len(encoded) if refused < 0 else refused

    def refused(self, encoded: Encoded, number: int) -> Undelivered:
        """Return the error that the address of a record is not taken, and that the records before it are delivered."""
        return Undelivered(self._refusal(encoded.texts[0][number].as_py()), number, lasting=True)

    def _refusal(self, text: str) -> str:
        return f"{show(text)} can't be {self._what}"

    def _first_refused(self, texts: pa.Array) -> int:
        """Return the number of the first text that is not taken, -1 when all are; about 0.1 µs a text."""
        forbidden = pc.match_substring_regex(texts, self._forbidden)
        return pc.index(pc.or_(forbidden, pc.greater(pc.binary_length(texts), self._longest)), True).as_py()


class AddressedSink(Sink):
    """A sink of a system in which each record goes to an address."""

    def __init__(self, address: Address, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self._address = address

    def encode(self, batch: Batch) -> Encoded:
        return replace(super().encode(batch), texts=self._address.texts(batch))
