"""Texts made of numbers and of random bits, as string arrays: what generators of addresses and identifiers share."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.native import draws, token

Ends = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


def texts(ends: Ends, data: Bytes) -> pa.Array:
    """Return the texts (n,) whose bytes in UTF-8 stand side by side, with where they end, (n + 1,) from 0 on."""
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(data))


def octets(words: Keys, count: int) -> Bytes:
    """Return the first octets of words (n, m), the highest of each word first, (n, count)."""
    return words.astype(">u8").view(np.uint8).reshape(len(words), 8 * words.shape[1])[:, :count]


def hexadecimal(octets: Bytes, gaps: tuple[int, ...] = (), separator: str = " ") -> pa.Array:
    """Return the digits of octets (n, m), with a separator before those whose places are ``gaps``."""
    before = np.zeros(octets.shape[1], np.uint8)
    before[list(gaps)] = 1
    width = 2 * octets.shape[1] + len(gaps)
    data = draw.column(len(octets) * width, np.uint8)
    token.hexadecimal(octets, before, ord(separator), data)
    return of_width(data, len(octets), width)


def uuids(words: Keys, version: int) -> pa.Array:
    """Return UUIDs of a version, of words (n, 2)."""
    data = draw.column(36 * len(words), np.uint8)
    token.uuids(words.reshape(-1), version, data)
    return of_width(data, len(words), 36)


def base64(octets: Bytes) -> pa.Array:
    """Return octets (n, m) in base64."""
    width = -(-octets.shape[1] // 3) * 4
    data = draw.column(len(octets) * width, np.uint8)
    token.base64(octets, data)
    return of_width(data, len(octets), width)


def of_width(data: Bytes, size: int, width: int) -> pa.Array:
    """Return texts (size,) that are all of one width in bytes."""
    return texts(np.arange(size + 1, dtype=np.int32) * np.int32(width), data)


def dotted(numbers: Integers) -> pa.Array:
    """Return the low 32 bits of numbers (n,) as dotted quads."""
    ends, data = draw.column(len(numbers) + 1, np.int32), draw.column(16 * len(numbers), np.uint8)
    return texts(ends, data[: draws.dotted(numbers, ends, data)])


def colons(words: Keys) -> pa.Array:
    """Return the IPv6 addresses of words (n, 2)."""
    ends, data = draw.column(len(words) + 1, np.int32), draw.column(39 * len(words), np.uint8)
    return texts(ends, data[: token.colons(words.reshape(-1), ends, data)])


def with_check_digit(numbers: Integers) -> pa.Array:
    """Return numbers (n,) with the digit behind that makes them right by the formula of Luhn."""
    ends, data = draw.column(len(numbers) + 1, np.int32), draw.column(20 * len(numbers), np.uint8)
    return texts(ends, data[: token.luhn(numbers, ends, data)])
