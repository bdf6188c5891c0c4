"""The kernels of the draws against plain arithmetic on Python's integers, which have no end."""

import math
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from datagen.native import draws, shuffle

WORD = 2**64 - 1
LEAST, MOST = -(2**63), 2**63 - 1
LARGEST_FLOAT = 2**63 - 1024  # that fits into 64 bits
EDGES = [0, 1, 2**11, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, WORD]
words = st.integers(0, WORD) | st.sampled_from(EDGES)
signed = st.integers(LEAST, MOST) | st.sampled_from([LEAST, -1, 0, 1, MOST])
floats = (
    st.floats() | st.integers(-20, 20).map(lambda number: number / 2) | st.sampled_from([2.0**52, 2.0**63, -(2.0**63)])
)


def mix(z: int) -> int:
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
    return z ^ z >> 31


def numbered(key: int, number: int) -> int:
    return mix(key + (number + 1) * 0x9E3779B97F4A7C15 & WORD)


def unit(random: int) -> float:
    return (random >> 11) / 2**53


def held(number: int, least: int, most: int) -> int:
    return max(least, min(number, most))


def to_whole(x: float, down: bool) -> int:
    if math.isinf(x):
        return LEAST if x < 0 else LARGEST_FLOAT
    return held(math.floor(x) if down else round(x), LEAST, LARGEST_FLOAT)


def rounded(x: float, scale: float) -> float:
    return round(x * scale) / scale + 0.0 if abs(x) < 2.0**53 / scale else x


def shuffled(place: int, size: int, side: int, key: int) -> int:
    while True:
        left, right = divmod(place, side)
        for turn in range(8):
            step = numbered(numbered(key, turn), right) * side >> 64
            left, right = right, (left + step) % side
        place = left * side + right
        if place < size:
            return place


def u64(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, np.uint64)


class Case(NamedTuple):
    """A call of a kernel: what goes in, the types of the columns that it fills, and what must come out."""

    kernel: Callable[..., Any]
    inputs: list[Any]
    types: list[Any]
    filled: list[list[Any]]
    returned: Any = None


Draw = Callable[..., Any]
keys = st.lists(words, max_size=5)


def bits(draw: Draw) -> Case:
    rows, purpose = draw(keys), draw(words)
    return Case(draws.bits, [u64(rows), purpose], [np.uint64], [[mix(row ^ purpose) for row in rows]])


def part_keys(draw: Draw) -> Case:
    pairs = draw(st.lists(st.tuples(words, words), max_size=5))
    inputs = [u64([key for key, _ in pairs]), u64([number for _, number in pairs])]
    return Case(draws.part_keys, inputs, [np.uint64], [[numbered(*pair) for pair in pairs]])


def item_keys(draw: Draw) -> Case:
    rows, purpose = draw(keys), draw(words)
    lengths = [draw(st.integers(0, 4)) for _ in rows]
    made = [numbered(mix(row ^ purpose), item) for row, size in zip(rows, lengths, strict=True) for item in range(size)]
    return Case(draws.item_keys, [u64(rows), purpose, np.array(lengths, np.int64)], [np.uint64], [made])


def units(draw: Draw) -> Case:
    random = draw(keys)
    return Case(draws.units, [u64(random)], [np.float64], [[unit(one) for one in random]])


def below(draw: Draw) -> Case:
    random, size = draw(keys), draw(words)
    return Case(draws.below, [u64(random), size], [np.uint64], [[one * (size or 2**64) >> 64 for one in random]])


def standards(draw: Draw) -> Case:
    u, family = [unit(one) for one in draw(keys)], draw(st.integers(0, 1))
    return Case(draws.standards, [family, np.array(u, np.float64)], [np.float64], [[u, [0.0] * len(u)][family == 0]])


def absences(draw: Draw) -> Case:
    rows, purposes, percents = draw(keys), draw(st.tuples(words, words)), draw(st.tuples(*[st.floats(0, 100)] * 2))
    missing, null = (
        [unit(mix(row ^ purpose)) * 100 < percent for row in rows]
        for purpose, percent in zip(purposes, percents, strict=True)
    )
    absent = [one or other for one, other in zip(missing, null, strict=True)]
    there = [row for row in range(len(rows)) if not absent[row]]
    places = [sum(not one for one in absent[:row]) for row in range(len(rows))]
    inputs = [u64(rows), purposes[0], percents[0], purposes[1], percents[1]]
    types = [np.uint8, np.uint8, np.int64, np.int32]
    return Case(draws.absences, inputs, types, [missing, absent, there, places], len(there))


def real(draw: Draw) -> Case:
    rows, purpose, family = draw(keys), draw(words), draw(st.integers(0, 1))
    offset, scale = draw(st.tuples(*[st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, -1.0])] * 2))
    made = [offset + scale * (family * unit(mix(row ^ purpose))) + 0.0 for row in rows]
    return Case(draws.real, [family, offset, scale, u64(rows), purpose], [np.float64], [made])


def evenly(draw: Draw) -> Case:
    rows, purpose, (least, most) = draw(keys), draw(words), sorted(draw(st.tuples(signed, signed)))
    first = draw(signed)
    count = draw(st.integers(1, 2**63 - first))
    made = [held(first + (mix(row ^ purpose) * count >> 64), least, most) for row in rows]
    inputs = [u64(rows), purpose, first, count % 2**64, least, most]
    return Case(draws.evenly, inputs, [np.int64], [made])


def whole(draw: Draw) -> Case:
    values, down, (least, most) = (
        draw(st.lists(floats, max_size=5)),
        draw(st.booleans()),
        draw(st.tuples(signed, signed)),
    )
    least, most = sorted((least, most))
    valid = not any(map(math.isnan, values))
    made = [held(to_whole(x, down), least, most) for x in values] if valid else []
    return Case(draws.whole, [np.array(values, np.float64), down, least, most], [np.int64], [made], valid)


def characters(draw: Draw) -> Case:
    rows, place, purpose = draw(keys), draw(words), draw(words)
    chars = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5))
    lengths = [draw(st.integers(0, 4)) for _ in rows]
    texts = [
        "".join(
            chars[mix(numbered(mix(row ^ place), item) ^ purpose) * len(chars) >> 64] for item in range(size)
        ).encode()
        for row, size in zip(rows, lengths, strict=True)
    ]
    table = [int.from_bytes(char.encode(), "little") | len(char.encode()) << 32 for char in chars]
    ends = [sum(map(len, texts[:count])) for count in range(len(texts) + 1)]
    inputs = [u64(rows), place, purpose, np.array(lengths, np.int64), u64(table)]
    widest = len(max(chars).encode())
    room = [np.uint8, sum(lengths) * widest]
    return Case(draws.characters, inputs, [np.int32, room], [ends, list(b"".join(texts))], ends[-1])


def dotted(draw: Draw) -> Case:
    numbers = draw(st.lists(signed, max_size=5))
    texts = [str(IPv4Address(number & 0xFFFFFFFF)).encode() for number in numbers]
    ends = [sum(map(len, texts[:count])) for count in range(len(texts) + 1)]
    types = [np.int32, [np.uint8, 16 * len(numbers)]]
    return Case(draws.dotted, [np.array(numbers, np.int64)], types, [ends, list(b"".join(texts))], ends[-1])


def shuffled_(draw: Draw) -> Case:
    size, key = draw(st.integers(1, 10**9)), draw(words)
    places, side = draw(st.lists(st.integers(0, size - 1), max_size=3)), math.isqrt(size - 1) + 1
    made = [shuffled(place, size, side, key) for place in places]
    return Case(shuffle.shuffled, [np.array(places, np.int64), size, side, key], [np.int64], [made])


CASES = [bits, part_keys, item_keys, units, below, standards, absences, real, evenly, whole, characters, dotted]
CASES.append(shuffled_)


def columns(case: Case) -> list[np.ndarray]:
    """Columns to fill, each as long as what must come out unless its type says how long."""
    sizes = [len(filled) for filled in case.filled]
    if case.kernel in (draws.absences, draws.whole):
        sizes = [len(case.inputs[0])] * len(sizes)
    types = [one if isinstance(one, list) else [one, size] for one, size in zip(case.types, sizes, strict=True)]
    return [np.full(size, 7, type_) for type_, size in types]


@pytest.mark.parametrize("make", CASES)
@settings(deadline=None)
@given(data=st.data())
def test_a_kernel_makes_what_plain_arithmetic_makes(make: Callable[[Draw], Case], data: st.DataObject) -> None:
    case = make(data.draw)
    made = columns(case)
    assert case.kernel(*case.inputs, *made) == case.returned
    for column, filled in zip(made, case.filled, strict=True):
        assert column[: len(filled)].tobytes() == np.array(filled, column.dtype).tobytes()  # 0.0 is not -0.0


@pytest.mark.parametrize("make", CASES)
@settings(deadline=None)
@given(data=st.data())
def test_a_kernel_writes_nothing_where_lengths_do_not_fit(make: Callable[[Draw], Case], data: st.DataObject) -> None:
    case = make(data.draw)
    made = columns(case)
    some = [number for number, column in enumerate(made) if len(column)]
    assume(some)
    wrong = data.draw(st.sampled_from(some))
    made[wrong] = made[wrong][:-1]
    with pytest.raises(ValueError, match=r" in place of |that do not fit|of another size"):
        case.kernel(*case.inputs, *made)
    assert all((column == 7).all() for column in made)


@settings(deadline=None)
@given(st.lists(floats, max_size=5), st.integers(0, 15))
def test_numbers_are_rounded_as_far_as_they_have_digits(values: list[float], precision: int) -> None:
    made, scale = np.array(values, np.float64), 10.0**precision
    draws.round_off(made, scale)
    assert made.tobytes() == np.array([rounded(x, scale) for x in values], np.float64).tobytes()


@settings(deadline=None)
@given(words)
def test_exponential_and_normal_draws_are_those_of_the_theory(row: int) -> None:
    made = np.empty(1)
    draws.real(2, 0.0, 1.0, u64([row]), 0, made)
    assert made[0] == pytest.approx(-math.log1p(-unit(mix(row))), rel=1e-14, abs=1e-18)
    draws.real(3, 0.0, 1.0, u64([row]), 0, made)
    assert made[0] == pytest.approx(stats.norm.ppf(unit(mix(row)) + 2**-54), rel=1e-12, abs=1e-14)


NOTHING = u64([])


@pytest.mark.parametrize(
    ("kernel", "inputs"),
    [
        (draws.item_keys, (u64([1, 2]), 0, np.array([-1, 2]), u64([7]))),
        (draws.item_keys, (u64([1, 2]), 0, np.array([MOST, MOST]), u64([7]))),
        (draws.item_keys, (u64([1, 2]), 0, np.array([1]), u64([7]))),
        (draws.part_keys, (u64([1, 2]), u64([1]), u64([7]))),
        (
            draws.characters,
            (NOTHING, 0, 0, np.array([1]), u64([97 | 1 << 32]), np.zeros(1, np.int32), np.zeros(9, "u1")),
        ),
        (
            draws.characters,
            (u64([1]), 0, 0, np.array([-1]), u64([97 | 1 << 32]), np.zeros(2, np.int32), np.zeros(9, "u1")),
        ),
        (draws.characters, (u64([1]), 0, 0, np.array([1]), NOTHING, np.zeros(2, np.int32), np.zeros(9, "u1"))),
        (draws.characters, (u64([1]), 0, 0, np.array([1]), u64([5 << 32]), np.zeros(2, np.int32), np.zeros(9, "u1"))),
        (shuffle.shuffled, (np.array([-1]), 9, 3, 0, np.array([7]))),
        (shuffle.shuffled, (np.array([9]), 9, 3, 0, np.array([7]))),
        (shuffle.shuffled, (np.array([1]), 10, 3, 0, np.array([7]))),
        (shuffle.shuffled, (np.array([1]), 10, 2**32, 0, np.array([7]))),
        (draws.bits, (NOTHING, 2**64, NOTHING)),
        (draws.bits, (NOTHING, 0, np.array([7]))),
    ],
)
def test_what_no_caller_may_ask_for_is_refused(kernel: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        kernel(*inputs)
