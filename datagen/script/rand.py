"""What users' code draws from: ``rand``, its functions by what they make, each call with numbers of its own."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, ip_network
from itertools import accumulate
from math import sqrt
from typing import Any

import numpy as np

from datagen import draw
from datagen.script.numbers import Numbers

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_CODES = {
    "a": _LOWER,
    "A": _LOWER.upper(),
    "l": _LOWER + _LOWER.upper(),
    "d": _DIGITS,
    "n": _DIGITS[1:],
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "p": _PUNCTUATION,
    "w": _LOWER + _LOWER.upper() + _DIGITS,
    "%": "%",
}
# What is no address of a host that the world can reach: RFC 6890, and multicast with all above it.
_NOT_PUBLIC = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


class Offered:
    """What the code of users is offered: all but what begins with an underscore may be used, and changes nothing."""

    def __str__(self) -> str:
        raise TypeError(f"{type(self).__name__} can't be printed: only what its functions give can")


class Rand(Offered):
    """Draws for a record: functions that choose, and others that stand under what they make.

    Every call of a record is keyed by its number, so a call more behind the others leaves those as they were.
    """

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self.number = _OfNumbers(numbers)
        self.string = _OfTexts(numbers)
        self.network = _OfAddresses(numbers)
        self.crypto = _OfTokens(numbers)
        self.datetime = _OfTimes(numbers)

    def __call__(self) -> float:
        """Return a number in [0, 1)."""
        return self._numbers.unit()

    def chance(self, p: float) -> bool:
        """Return true with a probability."""
        return self._numbers.unit() < p

    def choice(self, items: Any) -> Any:
        """Return one of some items."""
        items = _items(items)
        return items[self._numbers.below(len(items))]

    def choices(self, items: Any, n: int) -> list[Any]:
        """Return so many of some items, each of which may come again."""
        items = _items(items)
        return [items[bits * len(items) >> 64] for bits in self._numbers.many(n)]

    def shuffle(self, items: Any) -> Any:
        """Return the items in another order; of a text its letters."""
        found = list(items)
        for place, bits in zip(range(len(found) - 1, 0, -1), self._numbers.many(len(found) - 1), strict=True):
            other = bits * (place + 1) >> 64
            found[place], found[other] = found[other], found[place]
        return "".join(found) if isinstance(items, str) else found

    def weighted_choice(self, items: Any, weights: Any = None) -> Any:
        """Return one of some items by their weights, or one of the keys of an object whose values are weights."""
        return self._weighted(items, weights, [self._numbers.bits()])[0]

    def weighted_choices(self, items: Any, weights: Any, n: int | None = None) -> list[Any]:
        """Return so many of them; of an object with ``(object, n)``."""
        if n is None:
            weights, n = None, weights
        return self._weighted(items, weights, self._numbers.many(n))

    def _weighted(self, items: Any, weights: Any, drawn: list[int]) -> list[Any]:
        if weights is None and isinstance(items, Mapping):
            items, weights = list(items), list(items.values())
        found = _items(items)
        return [found[place] for place in by_weights(sums_of(weights, len(found)), drawn)]


class _OfNumbers(Offered):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def integer(self, a: int, b: int) -> int:
        """Return a whole number from a to b, both included."""
        if b < a:
            raise ValueError(f"there is no whole number from {a} to {b}")
        return a + self._numbers.below(b - a + 1)

    def floating(self, a: float, b: float) -> float:
        """Return a number between a and b."""
        return a + (b - a) * self._numbers.unit()

    def gauss(self, mu: float, sigma: float) -> float:
        """Return a draw of the normal distribution."""
        return mu + sigma * float(draw.normal(self._units())[0])

    def lognormal(self, mu: float, sigma: float) -> float:
        """Return a number whose logarithm is a draw of the normal distribution."""
        return float(draw.exp(np.array([self.gauss(mu, sigma)]))[0])

    def exponential(self, lambd: float) -> float:
        """Return a draw of the exponential distribution of a rate."""
        return float(draw.exponential(self._units())[0]) / lambd

    def pareto(self, alpha: float, xmin: float = 1.0) -> float:
        """Return a draw of the Pareto distribution."""
        return xmin * float(draw.exp(draw.exponential(self._units()) / alpha)[0])

    def triangular(self, low: float, high: float, mode: float) -> float:
        """Return a draw of the triangular distribution."""
        u, share = self._numbers.unit(), (mode - low) / (high - low) if high > low else 1.0
        if u < share:
            return low + sqrt(u * (high - low) * (mode - low))
        return high - sqrt((1 - u) * (high - low) * (high - mode))

    def clamp(self, value: float, low: float, high: float) -> float:
        """Return a number, held between two others."""
        return max(low, min(high, value))

    def _units(self) -> draw.Floats:
        return np.array([self._numbers.unit()])


class _OfTexts(Offered):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def letters_lowercase(self, size: int) -> str:
        return self._of(_LOWER, size)

    def letters_uppercase(self, size: int) -> str:
        return self._of(_LOWER.upper(), size)

    def letters(self, size: int) -> str:
        return self._of(_LOWER + _LOWER.upper(), size)

    def digits(self, size: int) -> str:
        return self._of(_DIGITS, size)

    def punctuation(self, size: int) -> str:
        return self._of(_PUNCTUATION, size)

    def hex(self, size: int) -> str:
        return _hex(self._numbers, size)

    def pattern(self, text: str) -> str:
        """Return a text with characters in place of codes: ``%d``, or ``%d{4}`` for four of them.

        ``%a`` and ``%A`` are letters, small and large, ``%l`` both, ``%d`` digits, ``%n`` those from 1 on, ``%h`` and
        ``%H`` hexadecimal ones, ``%p`` punctuation, ``%w`` letters and digits, ``%%`` is a percent sign.
        """

        def drawn(code: re.Match[str]) -> str:
            letter, size = code[1], int(code[2] or 1)
            if letter not in _CODES:
                raise ValueError(f"%{letter} is no code of a pattern; {' '.join('%' + code for code in _CODES)} are")
            return "%" * size if letter == "%" else self._of(_CODES[letter], size)

        return re.sub(r"%(.?)(?:\{(\d+)\})?", drawn, text, flags=re.DOTALL)

    def _of(self, chars: str, size: int) -> str:
        return "".join([chars[bits * len(chars) >> 64] for bits in self._numbers.many(size)])


class _OfAddresses(Offered):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def ip_v4(self) -> str:
        return _dotted(self._numbers.bits() >> 32)

    def ip_v4_private(self) -> str:
        """Return an address of a private network: 10/8, 172.16/12 and 192.168/16 by 5 to 2 to 5."""
        [place] = by_weights((5, 7, 12), [self._numbers.bits()])
        return self._inside(_PRIVATE[place])

    def ip_v4_private_a(self) -> str:
        return self._inside(_PRIVATE[0])

    def ip_v4_private_b(self) -> str:
        return self._inside(_PRIVATE[1])

    def ip_v4_private_c(self) -> str:
        return self._inside(_PRIVATE[2])

    def ip_v4_public(self) -> str:
        """Return an address that the whole world could reach."""
        begins, ends = _public()
        place = self._numbers.below(ends[-1])
        network = bisect_right(ends, place)
        return _dotted(begins[network] + place - (ends[network - 1] if network else 0))

    def ip_v4_in_subnet(self, cidr: str) -> str:
        """Return the address of a host in a network."""
        first, size = _hosts(cidr)
        return _dotted(first + self._numbers.below(size))

    def ip_v6(self) -> str:
        return str(IPv6Address(_wide(self._numbers)))

    def ip_v6_global(self) -> str:
        return str(IPv6Address(0b001 << 125 | _wide(self._numbers) >> 3))

    def ip_v6_link_local(self) -> str:
        return str(IPv6Address(0xFE80 << 112 | self._numbers.bits()))

    def ip_v6_ula(self) -> str:
        return str(IPv6Address(0xFD << 120 | _wide(self._numbers) >> 8))

    def mac(self, oui: str | None = None) -> str:
        """Return a hardware address, of a maker whose first three octets are given, such as ``00:1b:63``."""
        octets = f"{self._numbers.bits() >> 16:012x}"
        parts = [octets[place : place + 2] for place in range(0, 12, 2)]
        return ":".join(parts if oui is None else [*oui.lower().replace("-", ":").split(":"), *parts[3:]])

    def _inside(self, network: str) -> str:
        """Return any address of a private network, but those that end in 0 or 255."""
        found = ip_network(network)
        size = found.num_addresses >> 8
        bits = self._numbers.bits()
        third = (bits >> 32) * size >> 32
        return _dotted(int(found.network_address) + (third << 8) + 1 + ((bits & 0xFFFFFFFF) * 254 >> 32))


class _OfTokens(Offered):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def uuid4(self) -> str:
        """Return a UUID of random bits (RFC 9562, version 4)."""
        bits = _wide(self._numbers) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def md5(self) -> str:
        return _hex(self._numbers, 32)

    def sha1(self) -> str:
        return _hex(self._numbers, 40)

    def sha256(self) -> str:
        return _hex(self._numbers, 64)


class _OfTimes(Offered):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def timestamp(self, start: datetime, end: datetime) -> datetime:
        """Return a time between two."""
        return start + (end - start) * self._numbers.unit()


def sums_of(weights: Any, size: int) -> list[float]:
    """Return the sums of weights up to each of some items. Raises ValueError when they are none."""
    numbers = [float(weight) for weight in weights or ()]
    sums = list(accumulate(numbers))
    if len(sums) != size or not size:
        raise ValueError(f"there are {len(sums)} weights for {size} items")
    if not 0 < sums[-1] < float("inf") or min(numbers) < 0:
        raise ValueError("weights must be numbers from 0 on, and not all 0")
    return sums


def by_weights(sums: Sequence[float], drawn: Sequence[int]) -> list[int]:
    """Return the places that are drawn by sums of weights, for random bits each."""
    return [min(bisect_right(sums, (bits >> 11) * 2.0**-53 * sums[-1]), len(sums) - 1) for bits in drawn]


def _items(items: Any) -> Any:
    found = list(items) if isinstance(items, Mapping) or not hasattr(items, "__getitem__") else items
    if not found:
        raise ValueError("there is nothing to choose from")
    return found


def _hex(numbers: Numbers, size: int) -> str:
    return "".join([f"{bits:016x}" for bits in numbers.many(-(-size // 16))])[:size]


def _wide(numbers: Numbers) -> int:
    """Return 128 random bits, of two calls."""
    return numbers.bits() << 64 | numbers.bits()


def _dotted(address: int) -> str:
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"


@lru_cache(maxsize=256)
def _hosts(cidr: str) -> tuple[int, int]:
    """Return the first address of a host in a network, and how many there are (RFC 3021 for the smallest)."""
    network = IPv4Network(cidr, strict=False)
    size = network.num_addresses
    first = int(network.network_address)
    return (first + 1, size - 2) if size > 2 else (first, size)


@lru_cache(maxsize=1)
def _public() -> tuple[list[int], list[int]]:
    """Return where the stretches of public addresses begin, and how many addresses there are up to the end of each."""
    begins, sizes, begin = [], [], 0
    for cidr in _NOT_PUBLIC.split():
        network = ip_network(cidr)
        first = int(network.network_address)
        if first > begin:
            begins.append(begin)
            sizes.append(first - begin)
        begin = first + network.num_addresses
    return begins, list(accumulate(sizes))
