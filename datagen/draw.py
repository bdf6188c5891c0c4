"""Randomness: the only module that makes any.

A draw is a pure function of (seed, purpose, row). A *row* is a 64-bit key that stands for one step of one worker, one
item of a list, or one value of a pool; a *purpose* is a name path such as ``emitter/click/user_id/value``. Nothing
here remembers anything, so draws may be made in any order, in any grouping, on any machine, with the same result to
the last bit: only operations that IEEE 754 rounds exactly are used (the ``log`` of a C library differs between
processors). The work is done by ``datagen.native.draws``, this module gives it the arrays.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b, sha256
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.native import choice, curve, draws, inversion, shuffle, token

Keys = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]

CONSTANT, UNIFORM, EXPONENTIAL, NORMAL = range(4)  # the families of distributions that the compiled core knows
LEAST, MOST = -(2**63), 2**63 - 1
_MOST_GUIDED = 16  # bits: a guide of 65 536 places still fits into a fast cache
_BITS = 53  # of a draw
_HALF, _LOW_WORD = np.uint64(32), np.uint64(2**32 - 1)


@lru_cache(maxsize=4096)
def purpose_key(seed: int, purpose: str) -> np.uint64:
    """Hash a seed and a name path to the key of a purpose."""
    return np.uint64(_hash(f"{seed}/{purpose}"))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def new_seed() -> int:
    """Return a seed, short enough to be typed; the only result here that differs from call to call."""
    import secrets  # takes 5 ms

    return secrets.randbelow(10**9)


def fingerprint(content: str | bytes) -> str:
    """Return a short name of a content, another one for another content: 64 bits, as 16 hexadecimal digits."""
    data = content.encode() if isinstance(content, str) else content
    digest = blake2b(b"0/" + data, digest_size=8).digest()  # that of purpose 'content' and seed 0
    return f"{int.from_bytes(digest, 'little'):016x}"


def digest(text: str) -> int:
    """Return the first 8 bytes of SHA-256 of a text as a whole number, without the highest bit."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") & MOST


def column(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an array to fill, in memory of Arrow's pool.

    The pool keeps its pages for the next column, where numpy's memory comes anew from the system: 3 ns a float.
    """
    dtype = np.dtype(dtype)
    return np.ndarray(size, dtype, pa.allocate_buffer(size * dtype.itemsize))


def _filled(size: int, dtype: npt.DTypeLike, kernel: Callable[..., None], *given: Any) -> npt.NDArray[Any]:
    """Return an array (size,) that a kernel of the core has filled; it takes this behind what else it is given."""
    made = column(size, dtype)
    kernel(*given, made)
    return made


def numbered(keys: Keys | np.uint64, numbers: npt.NDArray[np.integer]) -> Keys:
    """Return the row keys of numbered parts of other rows: workers of a run, steps of a worker, items of a list."""
    of, parts = np.broadcast_arrays(keys, numbers.astype(np.uint64, copy=False))
    return _filled(parts.size, np.uint64, draws.part_keys, of.reshape(-1), parts.reshape(-1)).reshape(parts.shape)


def worker_keys(seed: int, workers: Integers, purpose: str = "worker") -> Keys:
    """Return the keys of workers (n,), by their numbers; ``numbered`` makes the row keys of their steps of them."""
    return numbered(purpose_key(seed, purpose), workers)


def item_keys(rows: Keys, purpose: np.uint64, lengths: Integers) -> Keys:
    """Return the row keys of the items of lists, of which each row has so many (n,), in order."""
    return _filled(int(lengths.sum()), np.uint64, draws.item_keys, rows, purpose, lengths)


def text_keys(texts: pa.Array) -> Keys:
    """Return row keys (n,) that stand for texts; equal texts have equal ones. It takes 1 µs for each that differs."""
    encoded = texts.dictionary_encode()
    keys = np.array([_hash(text) for text in encoded.dictionary.to_pylist()], np.uint64)
    return keys[encoded.indices.to_numpy()]


def text_number(text: str) -> int:
    """Return a whole number from 0 on, below 2**63, that stands for a text; equal texts have equal ones."""
    return _hash(text) >> 1


def bits(rows: Keys, purpose: np.uint64) -> Keys:
    """Draw 64 random bits for each row."""
    return _filled(rows.size, np.uint64, draws.bits, rows.reshape(-1), purpose).reshape(rows.shape)


def words(rows: Keys, purpose: np.uint64, count: int) -> Keys:
    """Draw so many times 64 random bits for each row, (n, count)."""
    drawn = column(len(rows) * count, np.uint64)
    token.words(rows, purpose, count, drawn)
    return drawn.reshape(len(rows), count)


def unit(random: Keys) -> Floats:
    """Turn random bits into numbers in [0, 1), multiples of 2**-53."""
    return _filled(random.size, np.float64, draws.units, random.reshape(-1)).reshape(random.shape)


def below(random: Keys, size: int) -> Keys:
    """Turn random bits into whole numbers in [0, size), 1 <= size <= 2**64, each about equally likely."""
    return _filled(len(random), np.uint64, draws.below, random, size % 2**64)


def below_each(random: Keys, sizes: Keys) -> Keys:
    """Do the same with a size for each, (n,), all of them below 2**64."""
    low, high = random & _LOW_WORD, random >> _HALF
    small, large = sizes & _LOW_WORD, sizes >> _HALF
    middle = high * small + (low * small >> _HALF)
    return high * large + (middle >> _HALF) + ((low * large + (middle & _LOW_WORD)) >> _HALF)


def bounds(weights: Iterable[float]) -> Keys:
    """Return cumulative weights, scaled to 1, as the numbers of 53 bits that are below them."""
    sums = np.cumsum([float(weight) for weight in weights])
    return np.ceil(sums / sums[-1] * 2.0**53).astype(np.uint64)


class Weighted:
    """Draws numbers below a size by weights: how often each comes, as a share of their sum."""

    def __init__(self, weights: Iterable[float]) -> None:
        self.bounds = bounds(weights)
        bits_ = min(len(self.bounds).bit_length(), _MOST_GUIDED)
        self.shift = _BITS - bits_
        starts = np.arange(1 << bits_, dtype=np.uint64) << np.uint64(self.shift)
        self.guide = np.searchsorted(self.bounds, starts, side="right").astype(np.int32)

    def of(self, rows: Keys, purpose: np.uint64) -> Codes:
        """Return a number for each row, (n,)."""
        chosen = column(len(rows), np.int32)
        choice.weighted(rows, purpose, self.bounds, self.guide, self.shift, chosen)
        return chosen


def standard(family: int, u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws of the standard form of a family."""
    return _filled(len(u), np.float64, draws.standards, family, u)


def exponential(u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws of the exponential distribution with mean 1."""
    return standard(EXPONENTIAL, u)


def normal(u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws of the standard normal distribution."""
    return standard(NORMAL, u)


def exp(x: Floats) -> Floats:
    """Return e**x of numbers (n,), the same on every processor; 0 below -708."""
    return _filled(len(x), np.float64, curve.exponentials, x)


def power(base: float, x: Floats) -> Floats:
    """Return a base above 0 to the power of numbers (n,), the same on every processor."""
    return _filled(len(x), np.float64, curve.powers, base, x)


def log(x: Floats) -> Floats:
    """Return the natural logarithms of normal positive numbers (n,), the same on every processor."""
    return _filled(len(x), np.float64, curve.logarithms, x)


def raised(x: Floats, exponent: float) -> Floats:
    """Return numbers (n,), 0 or normal positive ones, to the power of an exponent above 0, the same everywhere."""
    return _filled(len(x), np.float64, curve.raise_all, x, exponent)


def sine(turns: Floats) -> Floats:
    """Return the sines of angles (n,) in turns, the same on every processor."""
    return _filled(len(turns), np.float64, curve.sines, turns)


def quantile_table(a: float, b: float = 0.0) -> Floats:
    """Return a table of the gamma distribution of shape ``a`` or, with ``b``, of the beta distribution, for ``skewed``.

    It takes 1 to 20 ms.
    """
    table = column(533 * 6, np.float64).reshape(533, 6)
    inversion.tabulate(a, b, table)
    return table


def skewed(table: Floats, u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws by a table: the logarithms of a gamma's, or of the odds of a beta's."""
    return _filled(len(u), np.float64, inversion.places, table, normal(u))


def angle(y: Floats, x: Floats) -> Floats:
    """Return the directions of points (n,) in degrees, from -180 to 180, the same on every processor."""
    return _filled(len(y), np.float64, curve.angles, y, x)


def real(family: int, offset: float, scale: float, rows: Keys, purpose: np.uint64) -> Floats:
    """Draw ``offset + scale * x`` for each row, with x from the standard form of a family."""
    return _filled(len(rows), np.float64, draws.real, family, offset, scale, rows, purpose)


def evenly(rows: Keys, purpose: np.uint64, first: int, count: int, least: int = LEAST, most: int = MOST) -> Integers:
    """Draw one of ``count`` whole numbers from ``first`` on for each row, held between ``least`` and ``most``."""
    return _filled(len(rows), np.int64, draws.evenly, rows, purpose, first, count % 2**64, least, most)


class Absences(NamedTuple):
    """Which rows have no value."""

    missing: Marks  # (n,) those that have none at all
    absent: Marks  # (n,) those and the ones with a null
    rows: Integers  # (m,) the numbers of all others
    places: npt.NDArray[np.int32]  # (n,) the place of each row among these, of any number where it is absent


def absences(rows: Keys, purposes: tuple[np.uint64, np.uint64], percents: tuple[float, float]) -> Absences:
    """Draw which rows are missing and which are null: for these two, in this order, a purpose and a percentage."""
    size = len(rows)
    missing, absent = column(size, np.uint8), column(size, np.uint8)
    there, places = column(size, np.int64), column(size, np.int32)
    count = draws.absences(rows, purposes[0], percents[0], purposes[1], percents[1], missing, absent, there, places)
    return Absences(missing.view(np.bool_), absent.view(np.bool_), there[:count], places)


def shuffled(places: Integers, size: int, key: np.uint64) -> Integers:
    """Return which of the numbers 0 to ``size`` - 1 stand at some places of a shuffle of them, whose key is given.

    A Feistel network on pairs below a side of about the square root, walked on until a number below the size comes: J.
    Black, P. Rogaway, Ciphers with arbitrary finite domains, 2002.
    """
    return _filled(len(places), np.int64, shuffle.shuffled, places, size, isqrt(size - 1) + 1, key)
