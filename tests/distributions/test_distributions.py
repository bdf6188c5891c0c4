"""Distributions: what each draws, wherever a number is wanted.

Seeds are fixed, so a test passes always or never. At these sizes a p-value below 1e-4 comes from a wrong
distribution, not from bad luck: the right one is below it once in ten thousand seeds.
"""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.distributions.kinds import COUNTS, SMOOTH, named
from tests.worlds import (
    constant,
    enum,
    exponential,
    integer,
    normal,
    records_of,
    state,
    steps_of,
    uniform,
    values_of,
    world,
)

SIZE = 20_000
LEAST_P = 1e-4
CONTINUOUS = [
    (uniform(-2, 6), stats.uniform(-2, 8)),
    (uniform(3, 4), stats.uniform(3, 1)),
    (exponential(0.5), stats.expon(scale=0.5)),
    (exponential(1234), stats.expon(scale=1234)),
    (normal(10, 2), stats.norm(10, 2)),
    (normal(-5, 0.01), stats.norm(-5, 0.01)),
    *SMOOTH,
]
POSITIVE = [pair for pair in CONTINUOUS if pair[1].cdf(0) < 1e-6]


def floating(distribution: dict, **keys: object) -> dict:
    return {"name": "v", "type": "float", "distribution": distribution, **keys}


def lengths(distribution: dict, count: int = SIZE) -> list[int]:
    return list(map(len, values_of({"name": "v", "type": "string", "length_distribution": distribution}, count)))


def list_lengths(distribution: dict, count: int = SIZE) -> list[int]:
    elements = [enum("x", 0)]
    return list(
        map(
            len,
            values_of({"name": "v", "type": "list", "elements": elements, "length_distribution": distribution}, count),
        )
    )


def enum_indices(size: int, distribution: dict, count: int = SIZE) -> list[int]:
    return values_of(enum("v", *range(size), cardinality_distribution=distribution), count)


def pool_indices(size: int, distribution: dict, count: int = SIZE) -> list[int]:
    """The pool of a counter-like generator: an object whose counter numbers the values of the pool."""
    dimension = {"name": "v", "type": "object", "dimensions": [{"name": "i", "type": "counter"}]}
    found = values_of(dimension | {"cardinality": size, "cardinality_distribution": distribution}, count)
    return [value["i"] for value in found]


def selections(size: int, distribution: dict, count: int = SIZE) -> list[int]:
    elements = [enum(str(number), number) for number in range(size)]
    dimension = {"name": "v", "type": "list", "elements": elements, "length_distribution": constant(1)}
    return [value[0] for value in values_of(dimension | {"selection_distribution": distribution}, count)]


INDICES = {"enum": enum_indices, "pool": pool_indices, "selection": selections}
LENGTHS = {"string": lengths, "list": list_lengths}


def assert_follows(found: list[int], probability: dict[int, float]) -> None:
    """Chi-square over all outcomes that are expected at least 5 times, the rest as one."""
    counted = Counter(found)
    assert set(counted) <= {value for value, p in probability.items() if p > 0}
    often = [value for value, p in probability.items() if p * len(found) >= 5]
    expected = [probability[value] * len(found) for value in often]
    observed = [counted[value] for value in often]
    rest = len(found) - sum(expected)
    if rest > 1e-6:
        expected, observed = [*expected, rest], [*observed, len(found) - sum(observed)]
    if len(often) > 1:
        assert stats.chisquare(observed, expected).pvalue > LEAST_P


# Real numbers


@pytest.mark.parametrize(("distribution", "theory"), CONTINUOUS)
def test_a_float_follows_its_distribution(distribution: dict, theory: stats.rv_continuous) -> None:
    assert stats.kstest(values_of(floating(distribution), SIZE), theory.cdf).pvalue > LEAST_P


@pytest.mark.parametrize(("distribution", "theory"), POSITIVE)
def test_a_delay_follows_its_distribution(distribution: dict, theory: stats.rv_continuous) -> None:
    steps = steps_of(world(states=[state("s", "s", delay=distribution)], gap=1e8), SIZE, max_workers=1)
    delays = [(later[0] - earlier[0]) / 1e9 for earlier, later in pairwise(steps)]
    assert stats.kstest(delays, theory.cdf).pvalue > LEAST_P


@pytest.mark.parametrize(("distribution", "theory"), POSITIVE)
def test_an_interarrival_follows_its_distribution(distribution: dict, theory: stats.rv_continuous) -> None:
    gaps = [(later[0] - earlier[0]) / 1e9 for earlier, later in pairwise(steps_of(world(gap=distribution), SIZE))]
    assert stats.kstest(gaps, theory.cdf).pvalue > LEAST_P


@pytest.mark.parametrize("value", [0, 5, -3.25, 1e12])
def test_a_constant_is_its_value(value: float) -> None:
    assert set(values_of(floating(constant(value)), 50)) == {value}


@pytest.mark.parametrize("distribution", [uniform(4.5, 4.5), normal(4.5, 0), constant(4.5)])
def test_a_distribution_without_width_is_a_constant(distribution: dict) -> None:
    assert set(values_of(floating(distribution), 50)) == {4.5}


def test_a_uniform_float_is_continuous_and_stays_inside() -> None:
    values = values_of(floating(uniform(1, 4)), SIZE)
    assert len(set(values)) == SIZE
    assert 1 <= min(values) < 1.001 < 3.999 < max(values) <= 4


@pytest.mark.parametrize("name", ["Uniform", "UNIFORM", "uniForm"])
def test_a_type_is_matched_without_regard_to_case(name: str) -> None:
    assert values_of(floating(uniform(0, 1) | {"type": name}), 20) == values_of(floating(uniform(0, 1)), 20)


# Whole numbers


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 6, range(1, 7)),
        (-2, 2, range(-2, 3)),
        (3, 3, [3]),
        (0, 1, [0, 1]),
        (1.2, 3.8, [2, 3]),
        (-1.5, 0.5, [-1, 0]),
        (2**62, 2**62 + 3, range(2**62, 2**62 + 4)),
    ],
)
def test_a_uniform_int_is_every_whole_number_equally_likely(low: float, high: float, expected: range) -> None:
    found = values_of(integer("v", uniform(low, high)), SIZE)
    assert_follows(found, {value: 1 / len(expected) for value in expected})
    assert set(found) == set(expected)


@pytest.mark.parametrize(
    ("distribution", "theory"), [(exponential(4), stats.expon(scale=4)), (normal(3, 2), stats.norm(3, 2))]
)
def test_an_int_of_any_other_distribution_is_rounded_to_the_nearest(
    distribution: dict, theory: stats.rv_continuous
) -> None:
    probability = {k: theory.cdf(k + 0.5) - theory.cdf(k - 0.5) for k in range(-60, 200)}
    assert_follows(values_of(integer("v", distribution), SIZE), probability)


@pytest.mark.parametrize(("distribution", "theory"), COUNTS, ids=named(COUNTS))
def test_an_int_follows_a_distribution_of_counts(distribution: dict, theory: stats.rv_discrete) -> None:
    found = values_of(integer("v", distribution), SIZE)
    probability = {k: theory.pmf(k) for k in range(int(theory.ppf(1e-9)), int(theory.ppf(1 - 1e-9)) + 1)}
    assert_follows(found, probability)


@pytest.mark.parametrize(
    ("value", "expected"), [(2.6, 3), (2.4, 2), (-2.6, -3), (-2.4, -2), (-0.4, 0), (7, 7), (0.9999, 1), (-7.0, -7)]
)
@pytest.mark.parametrize("make", [constant, lambda value: normal(value, 0)], ids=["constant", "normal"])
def test_an_int_is_rounded(make, value: float, expected: int) -> None:
    assert set(values_of(integer("v", make(value)), 20)) == {expected}


@pytest.mark.parametrize("kind", LENGTHS)
@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (constant(2.9), 2),
        (constant(3), 3),
        (constant(-1), 0),
        (constant(-0.5), 0),
        (constant(0.9), 0),
        (normal(4.99, 0), 4),
    ],
)
def test_a_length_is_rounded_down_and_not_below_0(kind: str, distribution: dict, expected: int) -> None:
    assert set(LENGTHS[kind](distribution, 20)) == {expected}


@pytest.mark.parametrize("kind", LENGTHS)
def test_a_length_follows_its_distribution(kind: str) -> None:
    exponential_ = stats.expon(scale=2)
    bell = stats.norm(1, 2)
    floor = {k: exponential_.cdf(k + 1) - exponential_.cdf(k) for k in range(60)}
    clipped = {0: bell.cdf(1)} | {k: bell.cdf(k + 1) - bell.cdf(k) for k in range(1, 30)}
    assert_follows(LENGTHS[kind](uniform(0, 4)), dict.fromkeys(range(5), 0.2))
    assert_follows(LENGTHS[kind](uniform(-2, 2)), {0: 0.6, 1: 0.2, 2: 0.2})
    assert_follows(LENGTHS[kind](exponential(2)), floor)
    assert_follows(LENGTHS[kind](normal(1, 2)), clipped)


@pytest.mark.parametrize("kind", INDICES)
@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (constant(1), 1),
        (constant(1.99), 1),
        (constant(-1), 0),
        (constant(9), 3),
        (constant(1e12), 3),
        (normal(0.99, 0), 0),
    ],
)
def test_an_index_is_rounded_down_and_held_inside(kind: str, distribution: dict, expected: int) -> None:
    assert set(INDICES[kind](4, distribution, 20)) == {expected}


@pytest.mark.parametrize("kind", INDICES)
def test_an_index_follows_its_distribution(kind: str) -> None:
    scale = stats.expon(scale=1.5)
    floor = {k: scale.cdf(k + 1) - scale.cdf(k) for k in range(3)} | {3: 1 - scale.cdf(3)}
    bell = stats.norm(1.5, 1)
    clipped = {0: bell.cdf(1), 1: bell.cdf(2) - bell.cdf(1), 2: bell.cdf(3) - bell.cdf(2), 3: 1 - bell.cdf(3)}
    assert_follows(INDICES[kind](4, uniform(0, 3)), dict.fromkeys(range(4), 0.25))
    assert_follows(INDICES[kind](4, uniform(-1, 4)), {0: 1 / 3, 1: 1 / 6, 2: 1 / 6, 3: 1 / 3})
    assert_follows(INDICES[kind](4, exponential(1.5)), floor)
    assert_follows(INDICES[kind](4, normal(1.5, 1)), clipped)


# IP addresses


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (constant(0), "0.0.0.0"),
        (constant(1), "0.0.0.1"),
        (constant(2**32 - 1), "255.255.255.255"),
        (constant(167772161), "10.0.0.1"),
        (constant(2**32 + 258), "0.0.1.2"),
        (constant(-1), "255.255.255.255"),
        (uniform(3232235777, 3232235777), "192.168.1.1"),
        (normal(16909060, 0), "1.2.3.4"),
    ],
)
def test_an_ipaddress_is_the_low_32_bits_as_a_dotted_quad(distribution: dict, expected: str) -> None:
    assert set(values_of({"name": "v", "type": "ipaddress", "distribution": distribution}, 20)) == {expected}


def test_a_uniform_ipaddress_is_every_address_equally_likely() -> None:
    found = values_of({"name": "v", "type": "ipaddress", "distribution": uniform(167772160, 167772167)}, SIZE)
    assert_follows([int(address.rpartition(".")[2]) for address in found], dict.fromkeys(range(8), 1 / 8))
    assert {address.rpartition(".")[0] for address in found} == {"10.0.0"}


# Timestamps


def timestamps(distribution: dict, count: int = SIZE) -> np.ndarray:
    found = values_of({"name": "v", "type": "timestamp", "distribution": distribution}, count)
    return np.array([(datetime.fromisoformat(text) - datetime(2020, 1, 1)).total_seconds() for text in found])


def test_a_uniform_timestamp_is_flat_between_its_times() -> None:
    found = timestamps(uniform("2020-01-01T00:00:00", "2020-01-01T01:00:00"))
    assert stats.kstest(found, stats.uniform(0, 3600).cdf).pvalue > LEAST_P
    assert found.min() >= 0
    assert found.max() <= 3600


def test_the_stddev_of_a_timestamp_is_in_seconds() -> None:
    found = timestamps(normal("2020-01-01T12:00:00", 90))
    assert stats.kstest(found, stats.norm(12 * 3600, 90).cdf).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (constant("2020-02-29T10:11:12.5"), "2020-02-29T10:11:12.500"),
        (constant("2020-02-29"), "2020-02-29T00:00:00.000"),
        (constant("2020-02-29T10:11:12Z"), "2020-02-29T10:11:12.000Z"),
        (constant("2020-02-29T10:11:12+02:00"), "2020-02-29T10:11:12.000+02:00"),
        (constant("1901-01-01T00:00:00.001"), "1901-01-01T00:00:00.001"),
        (uniform("2020-02-29", "2020-02-29"), "2020-02-29T00:00:00.000"),
        (normal("2020-02-29", 0), "2020-02-29T00:00:00.000"),
    ],
)
def test_a_timestamp_is_iso_8601_with_milliseconds(distribution: dict, expected: str) -> None:
    assert set(values_of({"name": "v", "type": "timestamp", "distribution": distribution}, 20)) == {expected}


# Characters


def test_the_characters_of_a_string_are_equally_likely() -> None:
    text = "".join(values_of({"name": "v", "type": "string", "length_distribution": constant(10)}, 5000))
    printable = [chr(code) for code in range(0x20, 0x7F)]
    assert len(printable) == 95
    assert_follows(list(text), dict.fromkeys(printable, 1 / 95))


@pytest.mark.parametrize("chars", ["abc", "aab", "äö😀", "x", '"\\\n', "\u0000a"])
def test_a_string_is_made_of_its_chars(chars: str) -> None:
    text = "".join(values_of({"name": "v", "type": "string", "length_distribution": constant(20), "chars": chars}, 500))
    assert_follows(list(text), {char: count / len(chars) for char, count in Counter(chars).items()})
    assert len(text) == 10_000


# Independence


def test_dimensions_of_the_same_distribution_are_independent() -> None:
    names = ["a", "b", "c"]
    spec = world(*({**floating(uniform(0, 1)), "name": name} for name in names))
    columns = np.array([[record[name] for name in names] for record in records_of(spec, SIZE)])
    correlation = np.corrcoef(columns.T) - np.eye(3)
    assert np.abs(correlation).max() < 4 / np.sqrt(SIZE)  # 4 standard deviations


def test_the_records_of_one_worker_are_independent() -> None:
    spec = world(floating(uniform(0, 1)), states=[state("s", "s", delay=exponential(1))], gap=1e8)
    values = np.array([record["v"] for record in records_of(spec, SIZE)])
    for lag in (1, 2, 3):
        assert abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]) < 4 / np.sqrt(SIZE)


def test_delays_and_transitions_are_independent() -> None:
    states = [state("a", {"b": 0.5, "stop": 0.5}, delay=uniform(0, 1)), state("b")]
    steps = steps_of(world(states=states, gap=1), SIZE)
    after = [(time - worker * 10**9) / 1e9 for time, worker, step in steps if step == 1]
    assert stats.kstest(after, stats.uniform(0, 1).cdf).pvalue > LEAST_P
