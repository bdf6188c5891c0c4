"""``least`` and ``most``: what is left of a distribution is what lies between, in the same proportions."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from datagen.draw import Floats
from datagen.plugin.distribution import Distribution
from tests.distributions.kinds import COUNTS, ENDS, SMOOTH, made, named, numbers
from tests.distributions.test_distributions import LEAST_P
from tests.worlds import exponential, integer, normal, state, steps_of, uniform, values_of, world

BASIC = [
    (normal(10, 2), stats.norm(10, 2)),
    (exponential(3), stats.expon(scale=3)),
    (uniform(-2, 6), stats.uniform(-2, 8)),
]
PARTS = [(0.0, 0.3), (0.2, 0.9), (0.999, 1.0)]  # of a distribution, by its quantiles
FEW = [case for case in COUNTS if 1 < case[1].ppf(0.9) - case[1].ppf(0.2) < 30]  # counts that are all common


class Root(Distribution):
    """A plug-in that only knows how to sample."""

    kind = "root"

    def sample(self, u: Floats) -> Floats:
        return np.sqrt(u)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("described", "theory"), [*BASIC, *SMOOTH], ids=named([*BASIC, *SMOOTH]))
def test_quantiles_are_stretched_to_what_is_kept(described: dict, theory, part: tuple[float, float]) -> None:
    low, high = part
    least, most = (float(theory.ppf(share)) if 0 < share < 1 else None for share in part)
    drawn = made({**described, "least": least, "most": most}).drawn(u := numbers(3000))
    # The last part has 1000 times fewer numbers to be made of: 1e-13, a hundred thousandth of a hundred millionth.
    np.testing.assert_allclose(drawn, theory.ppf(low + u * (high - low)), rtol=2e-8, atol=1e-12)


@pytest.mark.parametrize(("described", "theory"), FEW, ids=named(FEW))
def test_counts_that_are_kept_stay_in_proportion(described: dict, theory) -> None:
    kept = np.arange(theory.ppf(0.2), theory.ppf(0.9) + 1)
    drawn = made(described | {"least": float(kept[0]) - 0.5, "most": float(kept[-1])}).drawn(numbers())
    found, share = [(drawn == count).sum() for count in kept], theory.pmf(kept) / theory.pmf(kept).sum()
    assert sum(found) == len(drawn)
    assert stats.chisquare(found, share * len(drawn)).pvalue > LEAST_P


@pytest.mark.parametrize(
    "described", [normal(10, 2), exponential(3), {"type": "gamma", "shape": 2, "scale": 1}], ids=str
)
def test_no_draw_is_outside_and_the_ends_are_reached(described: dict) -> None:
    drawn = made(described | {"least": 2.5, "most": 7.25}).drawn(np.concatenate([ENDS, numbers()]))
    assert drawn.min() == pytest.approx(2.5, rel=1e-12)
    assert drawn.max() == pytest.approx(7.25, rel=1e-12)
    assert 2.5 <= drawn.min() <= drawn.max() <= 7.25


def test_bounds_of_counts_are_included() -> None:
    drawn = made({"type": "poisson", "mean": 3, "least": 2, "most": 4}).drawn(numbers())
    assert set(drawn) == {2, 3, 4}


def test_a_mixture_is_truncated_as_a_whole() -> None:
    members = [normal(0, 1), exponential(2), {"type": "mixture", "of": [uniform(3, 4), normal(9, 1)]}]
    mixture = {"type": "mixture", "of": members, "weights": [5, 3, 2], "least": 1, "most": 3.5}
    theories = [stats.norm(), stats.expon(scale=2), stats.uniform(3, 1), stats.norm(9, 1)]

    def below(x: Floats) -> Floats:
        return sum(weight * theory.cdf(x) for weight, theory in zip([5, 3, 1, 1], theories, strict=True))

    first, last = below(np.array([1, 3.5]))
    drawn = made(mixture).drawn(numbers())
    assert stats.kstest(drawn, lambda x: (below(x) - first) / (last - first)).pvalue > LEAST_P
    assert 1 <= drawn.min() <= drawn.max() <= 3.5


def test_a_mixture_turned_round_is_truncated_as_a_whole() -> None:
    mixture = {"type": "mixture", "of": [{"type": "poisson", "mean": 2}, {"type": "discrete", "values": [0, 3, 9]}]}
    drawn = made({"type": "scaled", "of": mixture, "times": -1, "least": -3, "most": -1}).drawn(numbers())
    shares = stats.poisson(2).pmf([3, 2, 1]) / 2 + [1 / 6, 0, 0]
    assert set(drawn) == {-3, -2, -1}
    found = np.bincount((drawn + 3).astype(int))
    assert stats.chisquare(found, shares / shares.sum() * len(drawn)).pvalue > LEAST_P


def test_a_plug_in_is_truncated_by_its_samples() -> None:
    drawn = Root(least=0.25, most=0.5).drawn(u := numbers())
    np.testing.assert_allclose(drawn, np.sqrt(0.0625 + u * (0.25 - 0.0625)), rtol=1e-12)


def test_a_truncated_uniform_still_has_every_whole_number_equally_often() -> None:
    found = values_of(integer("v", uniform(1, 6) | {"least": 2.5, "most": 5}), 3000)
    assert set(found) == {3, 4, 5}
    assert stats.chisquare(np.bincount(found)[3:]).pvalue > LEAST_P


def test_a_truncated_delay_follows_what_is_left() -> None:
    delay = exponential(5) | {"least": 2, "most": 8}
    steps = steps_of(world(states=[state("s", "s", delay=delay)], gap=1e8), 5000, max_workers=1)
    delays = np.diff([time for time, *_ in steps]) / 1e9
    assert stats.kstest(delays, stats.truncexpon(6 / 5, 2, 5).cdf).pvalue > LEAST_P
    assert made(delay).mean_wait() == pytest.approx(stats.truncexpon(6 / 5, 2, 5).mean(), rel=1e-3)


def test_times_are_truncated_by_times() -> None:
    drawn = normal("2024-03-01T12:00:00", 86400) | {"least": "2024-03-01", "most": "2024-03-02T00:00:00"}
    found = values_of({"name": "v", "type": "timestamp", "distribution": drawn}, 2000)
    assert "2024-03-01T00:00:00.000" <= min(found) < "2024-03-01T00:10" < "2024-03-01T23:50" < max(found)
    assert max(found) <= "2024-03-02T00:00:00.000"


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (normal(0, 1) | {"least": 2, "most": 1}, '"least" (2) must not be above "most" (1)'),
        (normal(0, 1) | {"least": 30}, 'hardly one draw in four billion lies above "least" (30)'),
        (uniform(1, 6) | {"most": 0.5}, 'hardly one draw in four billion lies below "most" (0.5)'),
        ({"type": "poisson", "mean": 1, "least": 2.2, "most": 2.8}, 'lies between "least" (2.2) and "most" (2.8)'),
        ({"type": "constant", "value": 3, "least": 4}, 'lies above "least" (4)'),
    ],
)
def test_a_truncation_that_leaves_nothing_is_refused(described: dict, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(described)
    assert message in caught.value.errors()[0]["msg"]
