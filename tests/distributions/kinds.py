"""The distributions with their equals in scipy, for the tests of all of them."""

from typing import Any

import numpy as np
from scipy import stats

from datagen.plugin.distribution import Distribution
from datagen.plugin.registry import Registry

REGISTRY = Registry.load()
SMOOTH: list[tuple[dict, Any]] = [
    ({"type": "lognormal", "median": 12, "sigma": 0.8}, stats.lognorm(0.8, scale=12)),
    ({"type": "lognormal", "mean": 5, "sigma": 1.5}, stats.lognorm(1.5, scale=5 * np.exp(-(1.5**2) / 2))),
    ({"type": "gamma", "shape": 3, "scale": 0.4}, stats.gamma(3, scale=0.4)),
    ({"type": "gamma", "shape": 0.3, "scale": 100}, stats.gamma(0.3, scale=100)),
    ({"type": "gamma", "shape": 2500, "scale": 0.01}, stats.gamma(2500, scale=0.01)),
    ({"type": "weibull", "shape": 1.5, "scale": 60}, stats.weibull_min(1.5, scale=60)),
    ({"type": "weibull", "shape": 0.5, "scale": 2}, stats.weibull_min(0.5, scale=2)),
    ({"type": "pareto", "min": 10, "alpha": 2.5}, stats.pareto(2.5, scale=10)),
    ({"type": "pareto", "min": 1, "alpha": 0.8}, stats.pareto(0.8)),
    ({"type": "triangular", "min": 5, "mode": 8, "max": 30}, stats.triang(3 / 25, 5, 25)),
    ({"type": "triangular", "min": -2, "mode": 6, "max": 6}, stats.triang(1, -2, 8)),
    ({"type": "beta", "a": 2, "b": 5}, stats.beta(2, 5)),
    ({"type": "beta", "a": 0.5, "b": 0.5}, stats.beta(0.5, 0.5)),
    ({"type": "beta", "a": 300, "b": 0.4}, stats.beta(300, 0.4)),
    ({"type": "scaled", "of": {"type": "beta", "a": 2, "b": 5}, "times": 4, "plus": 1}, stats.beta(2, 5, 1, 4)),
    ({"type": "scaled", "of": {"type": "beta", "a": 2, "b": 5}, "times": -4}, stats.beta(5, 2, -4, 4)),
]
COUNTS: list[tuple[dict, Any]] = [
    ({"type": "poisson", "mean": 2.5}, stats.poisson(2.5)),
    ({"type": "poisson", "mean": 1234.5}, stats.poisson(1234.5)),
    ({"type": "poisson", "mean": 0.01}, stats.poisson(0.01)),
    ({"type": "binomial", "n": 50, "p": 0.02}, stats.binom(50, 0.02)),
    ({"type": "binomial", "n": 7, "p": 0.9}, stats.binom(7, 0.9)),
    ({"type": "binomial", "n": 10**6, "p": 0.3}, stats.binom(10**6, 0.3)),
    ({"type": "geometric", "p": 0.3}, stats.geom(0.3)),
    ({"type": "geometric", "p": 1}, stats.randint(1, 2)),
    ({"type": "zipf", "s": 1.1, "n": 30}, stats.zipfian(1.1, 30)),
    ({"type": "zipf", "s": 0, "n": 4, "first": 0}, stats.randint(0, 4)),
]
STEP = 2.0**-53
ENDS = np.array([0.0, STEP, 1 - STEP])


def made(described: dict) -> Distribution:
    found = REGISTRY.make("distribution", described)
    assert isinstance(found, Distribution)
    return found


def numbers(size: int = 20_000, seed: int = 1) -> np.ndarray:
    """Numbers in [0, 1) as they are drawn, in no order."""
    return np.floor(np.random.default_rng(seed).random(size) / STEP) * STEP


def named(cases: list[tuple[dict, Any]]) -> list[str]:
    return [", ".join(str(value) for value in described.values()) for described, *_ in cases]
