"""Texts as letters: what slips of a finger, a cut or a wrong encoding make of them, in columns.

A letter is a code point. All letters of some texts stand in one array, one text after the other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers

_KEYS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")  # rows of a keyboard, the left ends above each other
_REPLACEMENT = 0xFFFD  # what decoders put where bytes make no sense
_UNUSED = b"\x81\x8d\x8f\x90\x9d"  # of Windows-1252; what is there is read as in Latin-1
WAYS = 4  # in which a finger slips

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Letters:
    """The letters of n texts."""

    points: Integers  # (m,) of all texts
    sizes: Integers  # (n,) how many each has

    @classmethod
    def of(cls, texts: pa.Array) -> "Letters":
        """Take texts (n,), none of them null."""
        octets, sizes = _octets(texts)
        begins = (octets & 0xC0) != 0x80
        ends = np.cumsum(begins)[np.cumsum(sizes) - 1] if len(octets) else np.zeros(len(sizes), np.int64)
        ends = np.maximum.accumulate(np.where(sizes > 0, ends, 0))
        points = np.frombuffer(octets.tobytes().decode().encode("utf-32-le"), np.uint32).astype(np.int64)
        return cls(points, np.diff(ends, prepend=0))

    @property
    def begins(self) -> Integers:
        """Return where each text begins, (n,)."""
        return np.cumsum(self.sizes) - self.sizes

    def texts(self) -> pa.Array:
        """Return them as strings (n,)."""
        data = self.points.astype("<u4").tobytes().decode("utf-32-le").encode()
        widths = 1 + (self.points > 0x7F) + (self.points > 0x7FF) + (self.points > 0xFFFF)
        places = np.concatenate([[0], np.cumsum(widths)])
        offsets = places[np.concatenate([[0], np.cumsum(self.sizes)])].astype(np.int32)
        return pa.StringArray.from_buffers(len(self.sizes), pa.py_buffer(offsets), pa.py_buffer(data))

    def spread(self, counts: Integers, points: Integers | None = None) -> "Letters":
        """Return them with each letter as often as its count (m,) says, as ``points`` (m,) if those are given."""
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        sizes = np.bincount(owners, counts, len(self.sizes)).astype(np.int64)
        return Letters(np.repeat(self.points if points is None else points, counts), sizes)


def cut(texts: pa.Array, kept: Integers) -> pa.Array:
    """Return texts (n,) of which only the first letters, so many (n,), are kept."""
    letters = Letters.of(texts)
    place = np.arange(len(letters.points)) - np.repeat(letters.begins, letters.sizes)
    return letters.spread((place < np.repeat(kept, letters.sizes)).astype(np.int64)).texts()


def mistyped(texts: pa.Array, places: Integers, ways: Integers) -> pa.Array:
    """Return texts (n,), none empty, each with a slip at the letter of a place (n,), in one of four ways (n,).

    It is left out (0), comes twice (1), changes places with the next one (2), or is the key beside it (3). Where that
    would change nothing, it comes twice.
    """
    letters = Letters.of(texts)
    at = letters.begins + places
    points, counts = letters.points.copy(), np.ones(len(letters.points), np.int64)
    following = np.where(places + 1 < letters.sizes, at + 1, at)
    beside = _beside(letters.points[at])
    swaps = (ways == 2) & (points[at] != points[following])
    slips = (ways == 3) & (beside != points[at])
    counts[at[ways == 0]] = 0
    counts[at[(ways != 0) & ~swaps & ~slips]] = 2
    points[at[swaps]], points[following[swaps]] = letters.points[following[swaps]], letters.points[at[swaps]]
    points[at[slips]] = beside[slips]
    return letters.spread(counts, points).texts()


def misread(texts: pa.Array, places: Integers) -> pa.Array:
    """Return texts (n,), none empty, as a reader with the wrong encoding has them.

    The bytes of their UTF-8 are read as Windows-1252, ``é`` as ``Ã©``. Where that changes nothing, one letter, at a
    place (n,), is the sign for what can't be read.
    """
    octets, sizes = _octets(texts)
    read = Letters(_READ[octets], sizes)
    beyond = np.bincount(np.repeat(np.arange(len(sizes)), sizes), octets > 0x7F, len(sizes)) > 0
    read.points[(read.begins + places)[~beyond]] = _REPLACEMENT
    return read.texts()


def _octets(texts: pa.Array) -> tuple[Bytes, Integers]:
    """Return the bytes of UTF-8 of texts (n,), and how many each has (n,)."""
    texts = texts.cast(pa.string())
    _, offsets, data = texts.buffers()
    cuts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    octets = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return octets[cuts[0] : cuts[-1]], np.diff(cuts)


def _beside(points: Integers) -> Integers:
    """Return the keys to the right of some letters, at the end of a row to the left; of others the letters."""
    return np.where(points < len(_BESIDE), _BESIDE[np.minimum(points, len(_BESIDE) - 1)], points)


def _neighbours() -> Integers:
    """Return the key beside each letter of ASCII, (128,); of what is no key, itself."""
    row = dict(zip("".join(_KEYS), "".join(keys[1:] + keys[-2] for keys in _KEYS), strict=True))
    row |= {key.upper(): other.upper() for key, other in row.items()}
    return np.array([ord(row.get(chr(point), chr(point))) for point in range(128)])


_BESIDE = _neighbours()
_READ = np.array([ord(bytes([each]).decode("latin-1" if each in _UNUSED else "cp1252")) for each in range(256)])
