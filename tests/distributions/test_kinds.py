"""Every kind of distribution against scipy, quantile by quantile, and what it says of itself."""

import numpy as np
import pytest
from scipy import integrate

from datagen.language.schema import examples
from tests.distributions.kinds import COUNTS, ENDS, REGISTRY, SMOOTH, STEP, made, named, numbers

EXAMPLES = [example for kind in REGISTRY.of("distribution").values() for example in examples(kind)]
EMPIRICAL = {"type": "empirical", "quantiles": [[0, -1], [0.5, 3], [0.5, 4], [1, 8]]}
# A member with a heavy tail, nested ones, and one that is turned round.
MIXTURE = {
    "type": "mixture",
    "of": [
        {"type": "pareto", "min": 1, "alpha": 1.5, "most": 50},
        {"type": "mixture", "of": [{"type": "normal", "mean": 3, "stddev": 2}, {"type": "poisson", "mean": 4}]},
        {"type": "scaled", "of": {"type": "exponential", "mean": 2}, "times": -1, "plus": 9},
    ],
    "weights": [2, 5, 1],
}


@pytest.mark.parametrize(("described", "theory"), SMOOTH, ids=named(SMOOTH))
def test_quantiles_are_those_of_scipy(described: dict, theory) -> None:
    u = np.concatenate([numbers(5000), 10.0 ** np.arange(-6, 0), 1 - 10.0 ** np.arange(-6, 0)])
    expected = np.where(u < 0.5, theory.ppf(u), theory.isf(1 - u))
    # Half a step of the numbers, 5e-17, is 5e-11 of one in a million: some kinds draw from the middle of a step.
    np.testing.assert_allclose(made(described).drawn(u), expected, rtol=1e-9)


@pytest.mark.parametrize(("described", "theory"), SMOOTH[:-2], ids=named(SMOOTH[:-2]))
def test_quantiles_are_those_of_scipy_down_to_the_last_bits(described: dict, theory) -> None:
    tail = 2.0 ** -np.arange(20, 53)
    middle = STEP / 2 if described["type"] in ("lognormal", "gamma", "beta") else 0  # which makes it finite at 0
    distribution = made(described)
    np.testing.assert_allclose(distribution.drawn(tail), theory.ppf(tail + middle), rtol=1e-9)
    np.testing.assert_allclose(distribution.drawn(1 - tail), theory.isf(tail - middle), rtol=1e-9)


@pytest.mark.parametrize(("described", "theory"), COUNTS, ids=named(COUNTS))
def test_quantiles_of_counts_are_those_of_scipy(described: dict, theory) -> None:
    u = np.concatenate([numbers(5000), 10.0 ** np.arange(-9, 0), 1 - 10.0 ** np.arange(-9, 0)])
    found = made(described).drawn(u)
    # Where the share up to a number is u but for rounding, either of two numbers is right.
    assert (theory.cdf(found) >= u * (1 - 1e-9)).all()
    assert (theory.sf(found - 1) >= (1 - u) * (1 - 1e-9)).all()


@pytest.mark.parametrize("described", [*EXAMPLES, EMPIRICAL, MIXTURE], ids=str)
def test_draws_at_the_ends_are_finite_and_inside_of_the_bounds(described: dict) -> None:
    distribution = made(described)
    least, most = distribution.bounds()
    drawn = distribution.drawn(np.concatenate([ENDS, numbers()]))
    assert np.isfinite(drawn).all()
    assert least <= drawn.min() <= drawn.max() <= most


@pytest.mark.parametrize("described", [*EXAMPLES, EMPIRICAL], ids=str)
def test_draws_rise_within_each_stretch(described: dict) -> None:
    distribution, u = made(described), np.sort(numbers())
    stretch, drawn = distribution.stretch(u), distribution.drawn(u)
    assert (np.diff(stretch) >= 0).all()
    falls = (np.diff(drawn) < -1e-12 * np.abs(drawn[1:])) & (np.diff(stretch) == 0)  # but for rounding
    assert not falls.any()
    assert stretch.max() < distribution.stretches()


@pytest.mark.parametrize("described", [*EXAMPLES, EMPIRICAL, MIXTURE], ids=str)
def test_a_draw_is_the_same_in_any_grouping(described: dict) -> None:
    distribution, u = made(described), numbers(1000)
    one_by_one = np.concatenate([distribution.drawn(u[row : row + 1]) for row in range(100)])
    halves = np.concatenate([made(described).drawn(half) for half in (u[:517], u[517:])])
    assert np.array_equal(distribution.drawn(u), halves)
    assert np.array_equal(one_by_one, halves[:100])


@pytest.mark.parametrize("described", [*EXAMPLES, EMPIRICAL], ids=str)
def test_the_mean_as_a_wait_is_that_of_the_draws(described: dict) -> None:
    distribution = made(described)
    cells = np.arange(2**18) + 0.5
    drawn = np.maximum(distribution.drawn(cells / 2**18), 0)
    tail = np.maximum(distribution.drawn(1 - cells / 2**36), 0)  # once more, for the last cell
    mean = (drawn[:-1].sum() + tail.mean()) / 2**18
    assert distribution.mean_wait() == pytest.approx(mean, rel=2e-3)  # what cells of 1/512 leave to be known


def test_a_mean_that_is_infinite_is_that_of_draws_held_to_all_time() -> None:
    longest = 2**62 / 1e9
    theory, _ = integrate.quad(lambda t: np.exp(t) ** -0.8 * np.exp(t), 0, np.log(longest))
    assert made({"type": "pareto", "min": 1, "alpha": 0.8}).mean_wait() == pytest.approx(1 + theory, rel=0.02)


def test_a_median_and_a_mean_say_the_same_lognormal() -> None:
    by_mean = made({"type": "lognormal", "mean": 3, "sigma": 0.5})
    by_median = made({"type": "lognormal", "median": 3 * np.exp(-0.125), "sigma": 0.5})
    np.testing.assert_allclose(by_mean.drawn(numbers(100)), by_median.drawn(numbers(100)), rtol=1e-14)


def test_a_zipf_of_ten_million_ranks_is_exact() -> None:
    drawn = made({"type": "zipf", "s": 1, "n": 10**7}).drawn(np.concatenate([ENDS, numbers(10**5)]))
    harmonic = (1 / np.arange(1, 10**7 + 1)).sum()
    assert (drawn[0], drawn[2]) == (1, 10**7)
    assert (drawn == 1).mean() == pytest.approx(1 / harmonic, abs=4 * np.sqrt(0.06 / 10**5))  # 4 standard deviations


def test_a_poisson_of_a_billion_is_normal() -> None:
    drawn = made({"type": "poisson", "mean": 1e9}).drawn(numbers())
    assert (drawn == np.rint(drawn)).all()
    assert drawn.mean() == pytest.approx(1e9, abs=4 * np.sqrt(1e9 / len(drawn)))
    assert drawn.std() == pytest.approx(np.sqrt(1e9), rel=4 / np.sqrt(2 * len(drawn)))


def test_the_rarest_success_takes_as_long_as_it_should() -> None:
    assert made({"type": "geometric", "p": 1e-15}).drawn(np.array([0.5])) == pytest.approx(np.log(2) * 1e15)


def test_values_of_a_sample_are_joined_by_straight_lines() -> None:
    drawn = made({"type": "empirical", "values": [8, 2, 4]}).drawn(np.array([0, 0.25, 0.5, 0.75]))
    assert drawn.tolist() == [2, 3, 4, 6]


def test_a_jump_between_quantiles_is_never_drawn_from() -> None:
    drawn = made(EMPIRICAL).drawn(numbers())
    assert not ((drawn > 3) & (drawn < 4)).any()


def test_discrete_values_come_in_any_order_and_some_never() -> None:
    drawn = made({"type": "discrete", "values": [5, -1, 2, 7], "weights": [1, 2, 1, 0]}).drawn(np.arange(4) / 4)
    assert drawn.tolist() == [-1, -1, 2, 5]


def test_a_member_of_a_mixture_draws_its_whole_numbers_evenly() -> None:
    dice = {"type": "uniform", "min": 1, "max": 6}
    mixture = made({"type": "mixture", "of": [dice, {"type": "constant", "value": 2**40 + 1}], "weights": [3, 1]})
    found = mixture.rounded(np.arange(24) / 24, down=False)
    assert found.tolist() == [*np.repeat([1, 2, 3, 4, 5, 6], 3), *[2**40 + 1] * 6]
