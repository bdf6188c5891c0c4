"""Randomness: the only module that makes any.

A draw is a pure function of (seed, purpose, row). A *row* is a 64-bit key that stands for one step of one worker, one
item of a list, or one value of a pool; a *purpose* is a name path such as ``emitter/click/user_id/value``. Nothing
here remembers anything, so draws may be made in any order, in any grouping, on any machine, with the same result to
the last bit: only operations that IEEE 754 rounds exactly are used (numpy's own ``log`` differs between processors).
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from math import isqrt

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# 2**64 divided by the golden ratio: the increment of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
GAMMA = np.uint64(0x9E3779B97F4A7C15)
_CHUNK = 4096
_ROUNDS = 8
_SMALLEST_UNIT = 2.0**-53


@lru_cache(maxsize=4096)
def purpose_key(seed: int, purpose: str) -> np.uint64:
    """Hash a seed and a name path to the key of a purpose."""
    digest = blake2b(f"{seed}/{purpose}".encode(), digest_size=8)
    return np.uint64(int.from_bytes(digest.digest(), "little"))


def mix(keys: Keys) -> Keys:
    """Scramble 64-bit keys: the finalizer of SplitMix64 (variant 13 of D. Stafford's mixers)."""
    z = keys ^ (keys >> np.uint64(30))
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def numbered(keys: Keys | np.uint64, numbers: npt.NDArray[np.integer]) -> Keys:
    """Return the row keys of numbered parts of other rows: workers of a run, steps of a worker, items of a list."""
    return mix(keys + (numbers.astype(np.uint64) + np.uint64(1)) * GAMMA)


def worker_keys(seed: int, workers: Integers, purpose: str = "worker") -> Keys:
    """Return the keys of workers (n,), by their numbers; ``numbered`` makes the row keys of their steps of them."""
    return numbered(np.full(1, purpose_key(seed, purpose)), workers)


def new_seed() -> int:
    """Return a seed, short enough to be typed; the only result here that differs from call to call."""
    import secrets  # takes 5 ms

    return secrets.randbelow(10**9)


def fingerprint(content: str | bytes) -> str:
    """Return a short name of a content, another one for another content: 64 bits, as 16 hexadecimal digits."""
    data = content.encode() if isinstance(content, str) else content
    digest = blake2b(b"0/" + data, digest_size=8).digest()  # that of purpose 'content' and seed 0
    return f"{int.from_bytes(digest, 'little'):016x}"


def bits(rows: Keys, purpose: np.uint64) -> Keys:
    """Draw 64 random bits for each row."""
    return mix(rows ^ purpose)


def unit(random: Keys) -> Floats:
    """Turn random bits into numbers in [0, 1), multiples of 2**-53."""
    unscaled: Floats = (random >> np.uint64(11)).astype(np.float64)
    return unscaled * _SMALLEST_UNIT


def below(random: Keys, size: int) -> Keys:
    """Turn random bits into whole numbers in [0, size), 1 <= size <= 2**64: the high word of ``random * size``.

    Source: D. Lemire, Fast random integer generation in an interval, 2019. The bias is at most size / 2**64.
    """
    if size == 2**64:
        return random
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    size_high, size_low = np.uint64(size >> 32), np.uint64(size & 0xFFFFFFFF)
    high, low = random >> half, random & mask
    middle = high * size_low + ((low * size_low) >> half)
    if not size_high:
        return middle >> half
    other = low * size_high + (middle & mask)
    return high * size_high + (middle >> half) + (other >> half)


def shuffled(places: Integers, size: int, key: np.uint64) -> Integers:
    """Return which of the numbers 0 to ``size`` - 1 stand at some places of a shuffle of them, whose key is given.

    A Feistel network on pairs below a side of about the square root, walked on until a number below the size comes: J.
    Black, P. Rogaway, Ciphers with arbitrary finite domains, 2002.
    """
    side = isqrt(size - 1) + 1
    rounds = numbered(np.full(1, key), np.arange(_ROUNDS))
    numbers = places.astype(np.uint64)
    todo = np.arange(len(numbers))
    while len(todo):
        left, right = np.divmod(numbers[todo], np.uint64(side))
        for round_key in rounds:
            left, right = right, (left + below(numbered(round_key, right), side)) % np.uint64(side)
        numbers[todo] = left * np.uint64(side) + right
        todo = todo[numbers[todo] >= size]
    return numbers.view(np.int64)


def exponential(u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws of the exponential distribution with mean 1."""
    return -_in_chunks(_log, 1.0 - u)


def normal(u: Floats) -> Floats:
    """Turn numbers in [0, 1) into draws of the standard normal distribution.

    The inverse of its distribution function, algorithm AS 241 (PPND16): M. J. Wichura, Applied Statistics 37, 1988.
    """
    return _in_chunks(_inverse_normal, u + (_SMALLEST_UNIT / 2 - 0.5))


def _in_chunks(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    """Apply a function to parts that fit into the processor's cache, which is twice as fast."""
    result = np.empty(len(x))
    for start in range(0, len(x), _CHUNK):
        result[start : start + _CHUNK] = function(x[start : start + _CHUNK])
    return result


def _inverse_normal(q: Floats) -> Floats:
    """Return the normal quantiles of q + 1/2."""
    r = 0.180625 - q * q
    values = q * (_polynomial(_CENTRE_OVER, r) / _polynomial(_CENTRE_UNDER, r))
    tail = np.flatnonzero(np.abs(q) > 0.425)
    sign = np.where(q[tail] < 0, -1.0, 1.0)
    r = np.sqrt(-_log(0.5 - np.abs(q[tail])))
    near = _polynomial(_TAIL_OVER, r - 1.6) / _polynomial(_TAIL_UNDER, r - 1.6)
    far = _polynomial(_FAR_OVER, r - 5.0) / _polynomial(_FAR_UNDER, r - 5.0)
    values[tail] = sign * np.where(r <= 5.0, near, far)
    return values


def _log(x: Floats) -> Floats:
    """Return the natural logarithm of normal positive numbers, to within one unit in the last place.

    The method of FreeBSD's msun/e_log.c: log(2**k * (1 + f)) with s = f / (2 + f) and a polynomial in s**2.
    """
    bit_patterns = np.ascontiguousarray(x).view(np.int64)
    k = (bit_patterns - 0x3FE6A09E667F3BCD) >> 52  # so that 1 + f lies between sqrt(1/2) and sqrt(2)
    f = (bit_patterns - (k << 52)).view(np.float64) - 1.0
    s = f / (f + 2.0)
    half_square = f * f * 0.5
    square = s * s
    rest = half_square + square * _polynomial(_LOG, square)
    exponent = k.astype(np.float64)
    low = s * rest + exponent * 1.90821492927058770002e-10
    return exponent * 6.93147180369123816490e-01 - ((half_square - low) - f)


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """Evaluate a polynomial, lowest power first, by Horner's rule."""
    result = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result *= x
        result += coefficient
    return result


_LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_CENTRE_OVER = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
_CENTRE_UNDER = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
_TAIL_OVER = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
_TAIL_UNDER = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
_FAR_OVER = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
_FAR_UNDER = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)
