"""Ways in which texts come about as the tables that the core writes them from."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.dimensions.ways import Branch, Repeat, Sequence, Texts, Way
from datagen.draw import Integers, Keys
from datagen.native.ways import Program
from datagen.plugin.token import Bytes, Ends, texts

_TEXTS, _SEQUENCE, _BRANCH, _REPEAT = range(4)
_FEW = 1024  # ways of which all texts are kept: one step in place of many
_FEW_CHARACTERS = 16_384


@dataclass
class Tables:
    """The tables of a program, as far as they are made."""

    nodes: list[tuple[int, int, int, int]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=lambda: [0])
    letters: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, way: Way) -> "Tables":
        made = cls()
        made._add(way)
        return made

    def _add(self, way: Way) -> int:
        """Add a way; return the number of its node, which is that of all before it when it is the first."""
        way = _short(way)
        node = len(self.nodes)
        self.nodes.append((0, 0, 0, 0))
        self.counts.append(way.count if way.is_small else 0)
        match way:
            case Texts():
                self.nodes[node] = (_TEXTS, self._letters(way), way.count, 0)
            case Sequence():
                parts = [self._add(part) for part in way.parts]
                self.nodes[node] = (_SEQUENCE, self._parts(parts, [0] * len(parts)), len(parts), 0)
            case Branch():
                parts = [self._add(part) for part in way.parts]
                self.nodes[node] = (_BRANCH, self._parts(parts, _bounds(way, way.counts)), len(parts), 0)
            case Repeat():
                parts = [self._add(way.part)] * len(way.counts)
                self.nodes[node] = (_REPEAT, self._parts(parts, _bounds(way, way.counts)), len(parts), way.least)
        return node

    def _parts(self, parts: list[int], bounds: list[int]) -> int:
        first = len(self.parts)
        self.parts += parts
        self.bounds += bounds
        return first

    def _letters(self, way: Texts) -> int:
        """Add texts; return the place of the first among all offsets. Those of one node have an end of their own."""
        first = len(self.offsets) - 1
        for text in way.of:
            self.letters += text.encode()
            self.offsets.append(len(self.letters))
        return first

    def arrays(self) -> tuple[Ends, Keys, Ends, Keys, Ends, Bytes]:
        """Return them as the core takes them."""
        return (
            np.array(self.nodes, np.int32),
            np.array(self.counts, np.uint64),
            np.array(self.parts, np.int32),
            np.array(self.bounds, np.uint64),
            np.array(self.offsets, np.int32),
            np.frombuffer(bytes(self.letters) or b" ", np.uint8),
        )


class Writer:
    """Writes the texts of ways."""

    def __init__(self, way: Way) -> None:
        self._tables = Tables.of(way).arrays()
        self._widest = way.lengths[1] * max((len(char.encode()) for char in way.chars), default=1)  # bytes
        self._most_waiting = way.steps + 1

    def drawn(self, rows: Keys, purpose: np.uint64) -> pa.Array:
        """Draw a text for each row, (n,), each way equally likely."""
        ends, data = self._room(len(rows))
        return texts(ends, data[: self._program().draw(rows, purpose, ends, data)])

    def numbered(self, numbers: Integers) -> pa.Array:
        """Return the texts of ways, by their numbers (n,)."""
        ends, data = self._room(len(numbers))
        return texts(ends, data[: self._program().at(numbers, ends, data)])

    def _program(self) -> Program:
        waiting = np.zeros(self._most_waiting, np.int32), np.zeros(self._most_waiting, np.uint64)
        return Program(self._tables, self._widest, *waiting)

    def _room(self, size: int) -> tuple[Ends, Bytes]:
        return draw.column(size + 1, np.int32), draw.column(max(self._widest * size, 1), np.uint8)


def _bounds(way: Way, counts: list[int]) -> list[int]:
    """Return what chooses a part: its numbers, or where there are too many the same as 53 bits."""
    return counts if way.is_small else [-(-count * 2**53 // way.count) for count in counts]


def _short(way: Way) -> Way:
    """Return the same ways, in the same order, with all texts of what has few of them."""
    if isinstance(way, Texts) or not way.is_small:
        return way
    if _is_few(way):
        return Texts(tuple(way.texts()))
    if isinstance(way, Repeat) and way.least == way.most:
        return _joined([way.part] * way.least)
    return _joined(way.parts) if isinstance(way, Sequence) else way


def _is_few(way: Way) -> bool:
    return way.count <= _FEW and way.count * way.lengths[1] <= _FEW_CHARACTERS


def _joined(parts: list[Way] | tuple[Way, ...]) -> Way:
    """Return a sequence in which neighbours that have few texts together are one."""
    made: list[Way] = []
    for part in parts:
        both = Sequence((made[-1], part)) if made else part
        if made and _is_few(both):
            made[-1] = Texts(tuple(both.texts()))
        else:
            made.append(part)
    return Sequence(tuple(made))
