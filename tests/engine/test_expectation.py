"""What is to be expected of a population, against theory and against long runs."""

from math import inf, sqrt
from time import process_time

import numpy as np
import pytest

import datagen
from datagen.engine.expectation import Expectation
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from datagen.plugin.distribution import quantiles
from datagen.plugin.registry import Registry
from tests.worlds import READY, START, constant, exponential, normal, state, uniform, world


def expected(spec: dict) -> Expectation:
    return Expectation(datagen.load(spec).spec)


def test_visits_and_life_are_those_of_the_chain() -> None:
    states = [
        state("a", {"b": 0.5, "stop": 0.5}, delay=constant(1)),
        state("b", {"a": 0.5, "b": 0.25, "stop": 0.25}, delay=exponential(8)),
    ]
    found = expected(world(states=states, gap=exponential(2)))
    assert found.visits == pytest.approx([1.5, 1])  # a = 1 + b / 2, b = a / 2 + b / 4
    assert (found.life, found.alive) == (pytest.approx(1.5 + 8, rel=1e-3), pytest.approx(4.75, rel=1e-3))


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [
        (constant(3), 3),
        (constant(-3), 0),
        (uniform(1, 4), 2.5),
        (uniform(-1, 1), 0.25),
        (exponential(7), 7),
        (normal(5, 1), 5),
        (normal(0, 1), 0.398942),
    ],
)
def test_a_mean_delay_counts_what_is_below_0_as_0(distribution: dict, mean: float) -> None:
    made = Registry.load().make("distribution", distribution)
    assert np.maximum(quantiles(made), 0).mean() == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(
    "states",
    [
        [state("a", {"a": 1}, delay=constant(1))],
        [state("a", {"b": 0.01, "stop": 0.99}), state("b", {"c": 1}, delay=constant(1)), state("c", {"b": 1})],
    ],
)
def test_workers_that_may_never_stop_are_more_and_more(states: list) -> None:
    found = expected(world(states=states))
    assert (found.always_stops, found.life, found.alive, found.sufficient_limit) == (False, inf, inf, inf)


def test_a_circle_that_nobody_gets_to_does_not_count() -> None:
    found = expected(
        world(states=[state("a", {"stop": 1}, delay=constant(2)), state("b", {"b": 1}, delay=constant(1))])
    )
    assert (found.always_stops, found.alive) == (True, 2)


def test_very_many_states_are_not_solved_for() -> None:
    found = expected(world(states=chain(10_000)))
    assert (found.always_stops, found.life, found.alive, found.sufficient_limit) == (True, None, None, None)


def test_many_states_are_walked_through() -> None:
    found = expected(world(states=chain(1500), gap=2))
    assert (found.life, found.alive) == (pytest.approx(1), pytest.approx(0.5))
    assert found.visits == pytest.approx([1] * 1500)


def chain(size: int) -> list[dict]:
    return [state(f"s{n}", f"s{n + 1}") for n in range(size - 1)] + [state(f"s{size - 1}", delay=constant(1))]


def hub(size: int) -> list[dict]:
    return [state("hub", dict.fromkeys([f"s{n}" for n in range(size)], 1 / size)), *chain(size)]


@pytest.mark.parametrize("states", [chain(40_000), hub(10_000)], ids=["chain", "hub"])
def test_whether_workers_stop_is_soon_known_of_very_many_states(states: list[dict]) -> None:
    """With time that grew with the square it took 6 s for the chain and 5 s for the hub; now 0.2 s at most."""
    found = expected(world(states=states))
    begun = process_time()  # of processors: others may use this machine meanwhile
    assert found.always_stops
    assert process_time() - begun < 2


@pytest.mark.parametrize("name", sorted({name for name, spec in READY.items() if "interarrival" in spec} - {"sensors"}))
def test_the_number_alive_is_that_of_a_long_run(name: str) -> None:
    """Counted every third of a mean life, from the tenth life on: within 2 % or four standard errors."""
    spec = datagen.load(READY[name]).spec
    expectation = Expectation(spec)
    every = int(expectation.life * 1e9 / 3)
    walk = Walk(Plan(spec, parse_moment(START)), seed=5, max_workers=10**6)
    counts = []
    for number in range(2000):
        while walk.next_time < number * every:
            walk.advance(number * every)
        counts.append(walk.alive)
    found = np.array(counts[30:])
    error = 4 * sqrt(3) * found.std() / sqrt(len(found))  # three counts in a life are about one
    assert found.mean() == pytest.approx(expectation.alive, abs=max(0.02 * expectation.alive, error))
    assert expectation.alive < found.max() < 1.2 * expectation.sufficient_limit
