"""Whole runs against theory: Markov chains, Little's law, renewal processes.

Seeds are fixed; tolerances are 4 to 5 standard deviations of the theory where one is known, and said where not.
"""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tests.worlds import batches_of, constant, enum, exponential, normal, records_of, state, steps_of, uniform, world

ABSORBING = {
    "login": {"search": 0.7, "view": 0.2, "stop": 0.1},
    "search": {"search": 0.3, "view": 0.5, "stop": 0.2},
    "view": {"search": 0.2, "view": 0.3, "cart": 0.3, "stop": 0.2},
    "cart": {"view": 0.25, "stop": 0.75},
}
CIRCLE = {
    "a": {"a": 0.5, "b": 0.5},
    "b": {"a": 0.2, "c": 0.8},
    "c": {"a": 0.6, "b": 0.1, "c": 0.3},
}


def chain(ways: dict[str, dict[str, float]], delay: dict, gap: object) -> dict:
    """A spec in which every state emits its name."""
    states = [state(name, to, emitter=name, delay=delay) for name, to in ways.items()]
    emitters = [{"name": name, "dimensions": [enum("at", name)]} for name in ways]
    return world(states=states, gap=gap) | {"emitters": emitters}


def matrix(ways: dict[str, dict[str, float]]) -> np.ndarray:
    return np.array([[to.get(other, 0) for other in ways] for to in ways.values()])


def test_visits_of_a_worker_follow_the_fundamental_matrix() -> None:
    """Kemeny and Snell, Finite Markov Chains, 3.2.4 and 3.3.3: N = (I - Q)^-1, variances N(2 N_dg - I) - N²."""
    workers = 5000
    gap = 10_000  # one worker after the other
    found = records_of(chain(ABSORBING, constant(1), gap), duration=f"{workers * gap}S")
    counted = Counter(record["at"] for record in found)
    visits = np.linalg.inv(np.eye(4) - matrix(ABSORBING))
    variance = (visits @ (2 * np.diag(np.diag(visits)) - np.eye(4)) - visits**2)[0]
    for name, mean, spread in zip(ABSORBING, visits[0], variance, strict=True):
        assert counted[name] / workers == pytest.approx(mean, abs=4.5 * math.sqrt(spread / workers) + 1e-12)


def test_the_length_of_a_life_follows_the_chain() -> None:
    """The chance of more than k steps is the sum of the first row of Q^k."""
    lengths = Counter(worker for _, worker, _ in steps_of(chain(ABSORBING, constant(1), 1000), 30_000))
    lengths.popitem()  # the last life is cut off
    found = Counter(lengths.values())
    powers = [np.linalg.matrix_power(matrix(ABSORBING), k)[0].sum() for k in range(40)]
    chances = [before - after for before, after in pairwise(powers)]
    kept = [k for k, chance in enumerate(chances) if chance * len(lengths) >= 5]
    expected = [chances[k] * len(lengths) for k in kept]
    observed = [found[k + 1] for k in kept]
    rest = len(lengths) - sum(expected)
    assert stats.chisquare([*observed, len(lengths) - sum(observed)], [*expected, rest]).pvalue > 1e-4


@pytest.mark.parametrize("most", [1, 50])
def test_visits_of_an_endless_walk_are_stationary(most: int) -> None:
    records = records_of(chain(CIRCLE, exponential(1), 0.001), 60_000, max_workers=most)
    found = Counter(record["at"] for record in records)
    values, vectors = np.linalg.eig(matrix(CIRCLE).T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary /= stationary.sum()
    for name, share in zip(CIRCLE, stationary, strict=True):
        # Steps are correlated; the second eigenvalue of this chain is below 0.5, which at most triples the variance.
        assert found[name] / 60_000 == pytest.approx(share, abs=4.5 * math.sqrt(3 * share * (1 - share) / 60_000))


def test_transitions_have_their_probabilities() -> None:
    records = records_of(chain(CIRCLE, exponential(1), 10**9), 40_000, max_workers=1)
    pairs = Counter((one["at"], other["at"]) for one, other in pairwise(records))
    for name, ways in CIRCLE.items():
        counted = [pairs[name, other] for other in ways]
        assert stats.chisquare(counted, [sum(counted) * p for p in ways.values()]).pvalue > 1e-4


def mean_alive(spec: dict, seconds: int, most: int) -> tuple[float, int]:
    """Return how many workers were alive on average in the second half, and how many were born in all."""
    births: dict[int, int] = {}
    deaths: dict[int, int] = {}
    for batch in batches_of(spec, duration=f"{seconds}S", max_workers=most):
        for due, worker, step in zip(batch.due.tolist(), batch.worker.tolist(), batch.step.tolist(), strict=True):
            (deaths if step else births)[worker] = due
    low, high = seconds * 10**9 // 2, seconds * 10**9
    lived = sum(max(0, min(deaths.get(worker, high), high) - max(born, low)) for worker, born in births.items())
    return lived / (high - low), len(births)


@pytest.mark.parametrize(
    ("gap", "life", "mean_life"),
    [
        (exponential(0.5), exponential(10), 10),
        (exponential(0.2), uniform(0, 8), 4),
        (constant(0.5), exponential(10), 10),
        (normal(0.5, 0.1), normal(10, 2), 10),
    ],
)
def test_without_a_limit_as_many_are_alive_as_littles_law_says(gap: dict, life: dict, mean_life: float) -> None:
    """L = lambda W (J. D. C. Little, 1961)."""
    spec = world(states=[state("born", "dead", delay=life), state("dead")], gap=gap)
    alive, _ = mean_alive(spec, 20_000, most=10_000)
    expected = mean_life / (gap.get("mean") or gap.get("value"))
    # For Poisson arrivals the mean over T has variance about 2 L W / T; 4.5 standard deviations, doubled for safety.
    assert alive == pytest.approx(expected, abs=9 * math.sqrt(2 * expected * mean_life / 10_000))


@pytest.mark.parametrize("most", [1, 5, 20])
def test_a_limit_that_binds_is_used_to_the_full(most: int) -> None:
    """With arrivals far faster than stops every place is always taken, so births come at rate m / W."""
    spec = world(states=[state("born", "dead", delay=exponential(10)), state("dead")], gap=exponential(0.001))
    alive, births = mean_alive(spec, 20_000, most)
    assert alive == pytest.approx(most, rel=0.002)
    assert births == pytest.approx(most * 2000, abs=4.5 * math.sqrt(most * 2000) + most)


def test_spawns_with_exponential_gaps_are_a_poisson_process() -> None:
    times = np.array([time for time, _, _ in steps_of(world(gap=exponential(0.1)), 40_000)]) / 1e9
    counts = np.bincount(times.astype(int))[:-1]
    assert counts.mean() == pytest.approx(10, abs=0.25)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=4.5 * math.sqrt(2 / len(counts)))
    gaps = np.diff(times)
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 4.5 / math.sqrt(len(gaps))
