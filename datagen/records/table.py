"""The table that the core writes lines from: constants, and values in the buffers of Arrow arrays.

It knows buffers and kinds of entries, and nothing of formats.
"""

from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers
from datagen.native import lines as native
from datagen.records.lines import Lines

_SLACK = bytes(64)  # behind the constants, which are copied 16 bytes at a time


class _Kind(IntEnum):
    """Kinds of entries, as in ``datagen/native/entry.pxd``."""

    CONSTANT = 0
    OPEN = auto()
    CLOSE = auto()
    CELL = auto()
    CELL_END = auto()
    MAYBE = auto()
    LIST = auto()
    CODES = auto()
    TEXT = auto()
    STRING = auto()
    INTEGER = auto()
    UNSIGNED = auto()
    FLOAT = auto()
    TIME = auto()
    BOOLEAN = auto()
    NUMBER = auto()
    DOUBLE = auto()
    SIZED = auto()
    SIZED_END = auto()
    DECIMAL = auto()


class Style(IntEnum):
    """How binary formats write numbers and lengths, as in ``datagen/native/entry.pxd``."""

    PLAIN = 0  # no length at all
    AVRO = auto()
    PROTOBUF = auto()
    MESSAGE = auto()  # of MessagePack, but for
    NATURAL = auto()  # uint64, and
    GROUP = auto()  # maps and lists


_ENDS: dict[int, _Kind] = {_Kind.OPEN: _Kind.CLOSE, _Kind.CELL: _Kind.CELL_END, _Kind.SIZED: _Kind.SIZED_END}
_FIELDS, _SAID = 24, 14  # numbers in an entry, and how many of them are said here
_SPAN = 5  # where in an entry it stands how many belong to it


@dataclass(frozen=True)
class Texts:
    """Texts, one after the other in one buffer."""

    data: pa.Buffer
    cuts: Integers  # (n + 1,) where in the buffer each begins, and the last ends

    def lines(self, end: int = 1) -> Lines:
        """Return texts, each with a line end of some bytes, as lines."""
        return Lines(memoryview(self.data)[: int(self.cuts[-1])], self.cuts[1:], end)

    def array(self) -> pa.Array:
        """Return the texts as a string array, without a copy."""
        type_, width = (pa.string(), np.int32) if self.cuts[-1] < 2**31 else (pa.large_string(), np.int64)
        buffers = [None, pa.py_buffer(self.cuts.astype(width)), self.data]
        return pa.Array.from_buffers(type_, len(self.cuts) - 1, buffers)


class Table:
    """Says what rows look like, one thing after the other; then the rows can be written.

    The rows are those of one part or of several, which may look different.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[int, ...]] = []
        self._constants = bytearray()
        self._parts: list[tuple[int, int, int, int]] = []
        self._said = b""  # goes before the next value
        self._begun: list[int] = []  # entries that others are inside of
        self._kept: list[object] = []  # what the entries point to

    def text(self, text: str | bytes) -> None:
        """Say a text, the same in each row."""
        self._said += _octets(text)

    def codes(self, codes: pa.Array, texts: Texts) -> None:
        """Say the texts of codes, int32 without nulls."""
        self._kept.append(texts)
        pointers = (texts.cuts.ctypes.data, 8, texts.data.address, texts.data.size)
        self._add(_Kind.CODES, codes, _address(codes, 4), pointers=pointers, extra=len(texts.cuts) - 1)

    def strings(self, array: pa.Array, length: Style = Style.PLAIN) -> None:
        """Say strings as they are, each behind its length where that has a style."""
        self._strings(_Kind.TEXT, array, length)

    def json_strings(self, array: pa.Array) -> None:
        """Say strings as JSON."""
        self._strings(_Kind.STRING, array)

    def integers(self, array: pa.Array) -> None:
        """Say integers, int64 or uint64."""
        self._add(_Kind.UNSIGNED if pa.types.is_uint64(array.type) else _Kind.INTEGER, array, _address(array, 8))

    def floats(self, array: pa.Array) -> None:
        """Say floats, float64."""
        self._add(_Kind.FLOAT, array, _address(array, 8))

    def decimals(self, array: pa.Array) -> None:
        """Say exact decimals of 18 digits, with all that their type has after the point."""
        self._add(_Kind.DECIMAL, array, _address(array, 16), extra=array.type.scale)

    def times(self, array: pa.Array, ahead: int, suffix: str) -> None:
        """Say times, in ms since 1970 in UTC, on clocks that are ``ahead`` ms of it; ``suffix`` follows each."""
        self._add(_Kind.TIME, array, _address(array, 8), after=suffix, extra=ahead)

    def booleans(self, array: pa.Array) -> None:
        """Say ``true`` or ``false``."""
        self._add(_Kind.BOOLEAN, array, _address(array, 0), first=array.offset)

    def numbers(self, array: pa.Array, style: Style) -> None:
        """Say integers, int64 or uint64, in binary."""
        self._add(_Kind.NUMBER, array, _address(array, 8), extra=style)

    def doubles(self, array: pa.Array, style: Style) -> None:
        """Say floats, float64, in binary."""
        self._add(_Kind.DOUBLE, array, _address(array, 8), extra=style)

    def begin_valid(self, array: pa.Array, instead: str | bytes) -> None:
        """Begin what is said where an array is not null; where it is, a text is said instead."""
        self._begin(_Kind.MAYBE, array, array.buffers()[0].address, after=instead, first=array.offset)

    def begin_list(self, array: pa.Array, between: str = ",", length: Style = Style.PLAIN) -> pa.Array:
        """Begin what is said of each item of lists, with a text in between; return the items.

        Each list stands behind its length where that has a style.
        """
        begin, end = (array.offsets[number].as_py() for number in (0, -1)) if len(array) else (0, 0)
        pointers = (0, int(length), 0, 0)
        self._begin(
            _Kind.LIST, array, _address(array, 4), after=between, first=begin, pointers=pointers, extra=end - begin
        )
        return array.values.slice(begin, end - begin)

    def begin_object(self) -> None:
        """Begin the members of an object, each said with a comma before it."""
        self._begin(_Kind.OPEN, extra=ord("{"))

    def begin_joined(self) -> None:
        """Begin members, each said with an octet before it, which the first of those that are there loses."""
        self._begin(_Kind.OPEN)

    def begin_cell(self, separator: str) -> None:
        """Begin what is quoted together where a table of cells with a separator in between needs it."""
        self._begin(_Kind.CELL, extra=ord(separator))

    def begin_sized(self) -> None:
        """Begin what is put behind its length, a varint."""
        self._begin(_Kind.SIZED)

    def end(self) -> None:
        """End what was begun last."""
        self._flush()
        number = self._begun.pop()
        begun = self._entries[number]
        if begun[0] in _ENDS:
            self._add(_ENDS[begun[0]], span=len(self._entries) - number, extra=begun[-1])
        if begun[0] == _Kind.OPEN and begun[-1]:
            self._said = b"}"
        self._entries[number] = (*begun[:_SPAN], len(self._entries) - number - 1, *begun[_SPAN + 1 :])

    def end_part(self, rows: int) -> None:
        """End what is said of a part, which has some rows."""
        self._flush()
        self._parts.append((self._parts[-1][1] if self._parts else 0, len(self._entries), rows, 0))

    def write(self, owners: npt.NDArray[np.int32]) -> Texts:
        """Write the rows of all parts; ``owners`` (n,) says to which part each belongs, in whose order they come."""
        entries = np.zeros((len(self._entries), _FIELDS), np.int64)
        entries[:, :_SAID] = np.array(self._entries, np.int64).reshape(-1, _SAID)
        cuts = np.zeros(len(owners) + 1, np.int64)
        parts = np.array(self._parts, np.int64).reshape(-1, 4)
        constants = bytes(self._constants + _SLACK)
        return Texts(native.write(entries, parts, owners, constants, cuts[1:], pa.allocate_buffer), cuts)

    def _flush(self) -> None:
        if self._said:
            self._add(_Kind.CONSTANT)

    def _begin(self, kind: _Kind, array: pa.Array | None = None, values: int = 0, **said: Any) -> None:
        self._begun.append(len(self._entries))
        self._add(kind, array, values, **said)

    def _strings(self, kind: _Kind, array: pa.Array, length: Style = Style.PLAIN) -> None:
        _, offsets, data = array.buffers()
        width = 8 if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type) else 4
        start = 0 if offsets is None else offsets.address + array.offset * width
        pointers = (start, width, 0, 0) if data is None else (start, width, data.address, data.size)
        self._add(kind, array, pointers=pointers, extra=length)

    def _add(
        self,
        kind: _Kind,
        array: pa.Array | None = None,
        values: int = 0,
        *,
        after: str | bytes = b"",
        span: int = 0,
        first: int = 0,
        pointers: tuple[int, int, int, int] = (0, 0, 0, 0),
        extra: int = 0,
    ) -> None:
        size = 0 if array is None else len(array)
        said, self._said = self._constant(self._said), b""
        self._entries.append(
            (kind, *said, *self._constant(_octets(after)), span, size, values, first, *pointers, extra)
        )
        self._kept.append(array)

    def _constant(self, text: bytes) -> tuple[int, int]:
        if not text:
            return 0, 0
        begin = len(self._constants)
        self._constants += text
        return begin, len(self._constants) - begin


def _octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _address(array: pa.Array, width: int) -> int:
    """Return where the values of an array begin, each of some bytes."""
    buffer = array.buffers()[1]
    return 0 if buffer is None else buffer.address + array.offset * width
