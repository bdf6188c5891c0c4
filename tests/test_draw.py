"""Keyed draws: as good as a random generator, and exact."""

import math
from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy import stats

from datagen import draw
from datagen.native import inversion

SIZE = 100_000
LEAST_P = 1e-4  # seeds are fixed; a right generator is below this once in ten thousand seeds


def rows(seed: int = 1, workers: int = SIZE, step: int = 0) -> draw.Keys:
    return draw.numbered(draw.worker_keys(seed, np.arange(workers)), np.full(workers, step))


def drawn(seed: int = 1, purpose: str = "p", step: int = 0, workers: int = SIZE) -> draw.Keys:
    return draw.bits(rows(seed, workers, step), draw.purpose_key(seed, purpose))


def of_one_worker(seed: int = 1, purpose: str = "p", steps: int = SIZE) -> draw.Keys:
    keys = draw.numbered(draw.worker_keys(seed, np.zeros(1, np.int64)), np.arange(steps))
    return draw.bits(keys, draw.purpose_key(seed, purpose))


SERIES: dict[str, Callable[[], draw.Keys]] = {
    "over workers": drawn,
    "over steps": of_one_worker,
    "over places": lambda: draw.bits(draw.numbered(rows(workers=1), np.arange(SIZE)), draw.purpose_key(1, "p")),
    "over seeds": lambda: np.array([drawn(seed, workers=1)[0] for seed in range(20_000)]),
    "over names": lambda: np.array([drawn(purpose=f"emitter/e/{n}", workers=1)[0] for n in range(20_000)]),
}


@cache
def keys(series: str) -> draw.Keys:
    return SERIES[series]()


@pytest.mark.parametrize("series", SERIES)
def test_draws_are_uniform(series: str) -> None:
    assert stats.kstest(draw.unit(keys(series)), stats.uniform.cdf).pvalue > LEAST_P
    cells = np.bincount((keys(series) >> np.uint64(54)).astype(int), minlength=1024)
    assert stats.chisquare(cells).pvalue > LEAST_P
    low = np.bincount((keys(series) & np.uint64(1023)).astype(int), minlength=1024)
    assert stats.chisquare(low).pvalue > LEAST_P


@pytest.mark.parametrize("series", SERIES)
def test_every_bit_is_set_half_of_the_time(series: str) -> None:
    bits = np.unpackbits(keys(series).view(np.uint8).reshape(-1, 8), axis=1)
    share = bits.mean(axis=0)
    assert np.abs(share - 0.5).max() < 4.5 * 0.5 / math.sqrt(len(bits))  # 64 bits: 4.5 standard deviations
    correlation = np.corrcoef(bits.T.astype(float)) - np.eye(64)
    assert np.abs(correlation).max() < 5.5 / math.sqrt(len(bits))  # 2016 pairs


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("lag", [1, 2, 3, 7, 64, 100])
def test_neighbours_are_not_correlated(series: str, lag: int) -> None:
    u = draw.unit(keys(series))
    assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 4.5 / math.sqrt(len(u))
    pairs = np.histogram2d(u[:-lag], u[lag:], bins=16)[0].ravel()
    assert stats.chisquare(pairs).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (drawn(1), drawn(2)),
        (drawn(0), drawn(1)),
        (drawn(purpose="a"), drawn(purpose="b")),
        (drawn(purpose="emitter/e/a"), drawn(purpose="state/e/a")),
        (drawn(purpose="delay"), drawn(purpose="transition")),
        (drawn(step=0), drawn(step=1)),
        (drawn(step=1)[:-1], drawn(step=0)[1:]),
        (drawn()[1:], of_one_worker()[1:]),  # they share step 0 of worker 0
        (drawn(seed=-1), drawn(seed=2**70)),
    ],
    ids=["seeds", "seeds 0, 1", "names", "paths", "walk", "steps", "diagonal", "workers and steps", "far seeds"],
)
def test_draws_for_different_things_are_independent(one: draw.Keys, other: draw.Keys) -> None:
    u, v = draw.unit(one), draw.unit(other)
    assert abs(np.corrcoef(u, v)[0, 1]) < 4.5 / math.sqrt(len(u))
    assert stats.chisquare(np.histogram2d(u, v, bins=16)[0].ravel()).pvalue > LEAST_P
    assert len(np.intersect1d(one, other)) == 0  # 100 000 of 2**64 meet by chance once in a billion


def test_a_changed_bit_of_a_key_changes_half_of_the_bits() -> None:
    keys = drawn(workers=2000)
    for bit in range(64):
        changed = draw.bits(keys, np.uint64(0)) ^ draw.bits(keys, np.uint64(1 << bit))
        flips = np.unpackbits(changed.view(np.uint8)).mean()
        assert 0.49 < flips < 0.51  # 128 000 bits: 7 standard deviations


def test_no_two_workers_and_steps_share_a_key() -> None:
    keys = draw.numbered(draw.worker_keys(1, np.arange(1000)), np.arange(1000)[:, None])
    assert len(np.unique(keys)) == 1_000_000


def test_a_draw_does_not_depend_on_which_others_are_made() -> None:
    together = drawn(workers=1000)
    alone = [draw.bits(rows()[number : number + 1], draw.purpose_key(1, "p"))[0] for number in (0, 1, 500, 999)]
    assert together[[0, 1, 500, 999]].tolist() == list(map(int, alone))


GOLDEN = [17639871552768755190, 16478876747103038161, 9951666859975611557, 870607135909500789]


def test_a_draw_stays_what_it_was() -> None:
    """A change here would change every record of every seed."""
    assert drawn(1, "emitter/e/a", 3, 4).tolist() == GOLDEN


# Numbers from bits

# What ``unit`` gives are multiples of 2**-53, so 1 - u is exact.
GRID = np.floor(np.concatenate([np.linspace(0, 1 - 2**-53, 1001), 10.0 ** -np.arange(1, 16)]) * 2**53) / 2**53
GRID = np.concatenate([GRID, 1 - GRID[1:], draw.unit(drawn())])
EDGES = np.array([0, 1, 2, 3, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1], np.uint64)
SIZES = [
    1,
    2,
    3,
    7,
    10,
    1000,
    2**16,
    2**31 - 1,
    2**32 - 1,
    2**32,
    2**32 + 1,
    10**12,
    2**52 + 3,
    2**63 - 1,
    2**63,
    2**64 - 1,
]


@pytest.mark.parametrize("size", [*SIZES, 2**64])
def test_below_is_the_high_word_of_the_product(size: int) -> None:
    random = np.concatenate([EDGES, drawn(workers=1000)])
    assert draw.below(random, size).tolist() == [number * size >> 64 for number in random.tolist()]


@pytest.mark.parametrize("size", [2, 3, 10, 95, 1000])
def test_below_is_equally_likely_everywhere(size: int) -> None:
    counted = np.bincount(draw.below(drawn(), size).astype(int), minlength=size)
    assert stats.chisquare(counted).pvalue > LEAST_P


def test_unit_lies_in_0_to_1_and_1_is_excluded() -> None:
    u = draw.unit(EDGES)
    assert u.min() == 0
    assert u.max() == 1 - 2**-53
    assert (u * 2**53 == np.floor(u * 2**53)).all()


def test_exponential_is_the_inverse_of_the_theory() -> None:
    theory = np.where(GRID < 0.5, -np.log1p(-GRID), -np.log(1 - GRID))
    np.testing.assert_allclose(draw.exponential(GRID), theory, rtol=1e-14, atol=1e-18)
    assert draw.exponential(np.zeros(1))[0] == 0


def test_normal_is_the_inverse_of_the_theory() -> None:
    theory = np.where(GRID < 0.5, stats.norm.ppf(GRID + 2**-54), stats.norm.isf(1 - GRID - 2**-54))
    np.testing.assert_allclose(draw.normal(GRID), theory, rtol=2e-13, atol=1e-15)


def test_normal_is_finite_everywhere_and_ascends() -> None:
    u = np.concatenate([[0, 2**-53], np.linspace(0.001, 0.999, 999), [1 - 2**-53]])
    values = draw.normal(u)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()
    assert values[0] == pytest.approx(-values[-1])
    assert -8.5 < values[0] < -8.0


@pytest.mark.parametrize("make", [draw.exponential, draw.normal, draw.unit, lambda keys: draw.below(keys, 5)])
def test_nothing_drawn_gives_nothing(make) -> None:
    empty = np.zeros(0, np.float64 if make in (draw.exponential, draw.normal) else np.uint64)
    assert len(make(empty)) == 0


@pytest.mark.parametrize("seed", [0, -1, 1, 2**64, -(10**30), 10**9 - 1])
def test_any_whole_number_is_a_seed_of_its_own(seed: int) -> None:
    assert drawn(seed, workers=5).tolist() == drawn(seed, workers=5).tolist()
    assert drawn(seed, workers=5).tolist() != drawn(seed + 2**64, workers=5).tolist()


@pytest.mark.parametrize("workers", [[2**40], [2**62], [0, 2**31, 2**32, 2**33]])
def test_large_worker_numbers_have_keys_of_their_own(workers: list[int]) -> None:
    keys = draw.worker_keys(1, np.array([*workers, 1, 2, 3]))
    assert len(np.unique(keys)) == len(workers) + 3


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1000, 1023, 1025])
def test_a_shuffle_has_each_number_once(size: int) -> None:
    for seed in range(5):
        found = draw.shuffled(np.arange(size), size, draw.purpose_key(seed, "x"))
        assert sorted(found.tolist()) == list(range(size))


def test_every_order_of_a_few_numbers_is_about_equally_likely() -> None:
    orders = [draw.shuffled(np.arange(4), 4, draw.purpose_key(seed, "x")).tolist() for seed in range(12_000)]
    counts = Counter(map(tuple, orders))
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > LEAST_P


def test_neighbours_of_a_shuffle_are_not_alike() -> None:
    size = 100_003
    found = draw.shuffled(np.arange(size), size, draw.purpose_key(1, "x"))
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.01
    assert abs(np.corrcoef(np.arange(size), found)[0, 1]) < 0.01
    assert stats.chisquare(np.histogram(found[:10_000], 100, (0, size))[0]).pvalue > LEAST_P


def test_exp_power_and_sine_are_those_of_mathematics() -> None:
    x = np.linspace(-700, 700, 100_001)
    assert np.allclose(draw.exp(x), np.exp(x), rtol=4e-16, atol=0)
    assert np.allclose(draw.power(1.1, x), 1.1**x, rtol=1e-13, atol=0)
    turns = np.linspace(-3, 3, 100_001)
    assert np.allclose(draw.sine(turns), np.sin(2 * np.pi * turns), rtol=0, atol=1e-14)


def test_logarithms_and_powers_of_columns_are_those_of_mathematics() -> None:
    x = np.geomspace(1e-300, 1e300, 20_001)
    assert np.allclose(draw.log(x), np.log(x), rtol=3e-16, atol=0)
    assert np.allclose(draw.raised(x, 0.37), x**0.37, rtol=1e-13, atol=0)
    assert draw.raised(np.zeros(2), 0.5).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("a", "b"), [(0.01, 0), (0.5, 0), (40, 0), (1e6, 0), (0.1, 0.1), (0.1, 1e6), (700, 700), (1e6, 3)]
)
def test_skewed_draws_are_quantiles_over_the_whole_range_of_shapes(a: float, b: float) -> None:
    u = np.arange(1, 4000) / 4096
    places = draw.skewed(draw.quantile_table(a, b), u)
    below = stats.beta(a, b).cdf(1 / (1 + np.exp(-places))) if b else stats.gamma(a).cdf(np.exp(places))
    off = (below - u) / np.gradient(u, places)  # of a place: the relative error of the draw
    says = (places > -700) & (places < 15)  # where the number itself has enough digits for scipy
    assert np.abs(off[says]).max() < 1e-9


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="another size"):
        inversion.tabulate(1.0, 0.0, np.empty((5, 6)))
    with pytest.raises(ValueError, match="different lengths"):
        inversion.places(np.empty((533, 6)), np.empty(3), np.empty(2))


def test_exp_power_and_sine_are_exact_where_they_can_be() -> None:
    assert draw.exp(np.array([0.0, -0.0, 1e9, -1e9])).tolist() == [1, 1, np.inf, 0]
    assert np.isnan(draw.exp(np.array([np.nan]))).all()
    assert draw.power(7.5, np.zeros(1)).tolist() == [1]
    assert draw.sine(np.arange(-8, 9) / 4).tolist() == [0, 1, 0, -1] * 4 + [0]
