"""How long workers wait for resources, and how busy these are: by queueing theory, or as a pilot has measured it."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from datagen.draw import EXPONENTIAL, Floats
from datagen.graph import reached
from datagen.language.population import Population
from datagen.language.state import STOP, State
from datagen.plugin.arrival import Arrival


@dataclass(frozen=True)
class Line:
    """What is to be expected of a resource and of those who wait for it."""

    capacity: float  # units that there are, of rows their places, and
    busy: float  # units that are in use, on average
    waiting: float  # workers who wait for it, on average
    seconds: float  # that they wait
    grows: bool = False  # those who wait are more and more


@dataclass(frozen=True)
class Waiting:
    """What is to be expected of waits. Of those who enter a state, some give up, and of a line that grows some stay."""

    seconds: Floats  # (states,) from entering a state to being served or giving up
    served: Floats  # (states,) share of those who enter who get what they wait for
    late: Floats  # (states,) share who give up
    items: Floats  # (states,) steps that each makes who gets it: one, or one for each item
    lines: dict[str, Line] = field(default_factory=dict)
    is_measured: bool = False  # by a pilot

    @classmethod
    def for_nothing(cls, states: int) -> Self:
        """Return the waits where there are no resources."""
        return cls(np.zeros(states), np.ones(states), np.zeros(states), np.ones(states))


def asks(population: Population) -> bool:
    """Return whether workers may wait for resources, or for each other."""
    return any(state.waits for state in population.states)


def has_items(population: Population) -> bool:
    """Return whether workers may go through items, of which a pilot has to find out how many there are."""
    return any(state.each is not None for state in population.states)


def is_by_theory(population: Population) -> bool:
    """Return whether waits are those of M/M/c, as long as no line grows.

    So it is where all who come to a resource come independently of each other, once each, for one unit, stay
    exponentially long in one state, and never leave the line, and there is always the same number of units.
    """
    if not all(map(_is_random, population.sources)) or any(
        one.is_conditional or one.spawn or one.gather or one.each or one.follows_the_instant
        for one in population.states
    ):
        return False
    if any(one.capacity_profile is not None or one.rows is not None for one in population.resources.values()):
        return False
    ways = {state.name: [way.next for way in state.ways if way.next != STOP] for state in population.states}
    asking = [state for state in population.states if state.requests]
    if any(not _is_served_at_random(state) or state.name in reached(ways, *ways[state.name]) for state in asking):
        return False
    return len({state.use[0].resource for state in asking}) == len(asking)


def by_theory(population: Population, flows: Floats) -> Waiting | None:
    """Return the waits by the formula of M/M/c (A. K. Erlang, 1917); None when a line grows.

    So many workers a second enter each state (states,).
    """
    seconds, lines = np.zeros(len(flows)), {}
    for number, state in enumerate(population.states):
        if state.drawn_delay is None or not state.use:
            continue
        name, flow = state.use[0].resource, float(flows[number])
        servers, mean = int(population.resources[name].most), state.mean_delay
        load = flow * mean
        if load >= servers:
            return None
        seconds[number] = wait = delayed(load, servers) * mean / (servers - load)
        lines[name] = Line(servers, load, flow * wait, wait)
    return Waiting(seconds, np.ones(len(flows)), np.zeros(len(flows)), np.ones(len(flows)), lines)


def lost(load: Floats, places: int) -> Floats:
    """Return the share of a Poisson process that finds all places taken (A. K. Erlang, 1917), by its load (n,)."""
    from scipy import special  # takes a while to import

    load = np.maximum(load, 1e-12)
    below = special.gammaincc(places + 1, load)  # that no more than so many come
    exactly = np.exp(places * np.log(load) - load - special.gammaln(places + 1))
    return np.asarray(np.where(below > 1e-200, exactly / np.maximum(below, 1e-200), 1 - places / load))


def delayed(load: float, servers: int) -> float:
    """Return the share of a Poisson process that waits for a server, by its load, which they can bear."""
    blocked = float(lost(np.array(load), servers))
    return blocked / (1 - load / servers * (1 - blocked))


def _is_random(source: Arrival) -> bool:
    """Return whether workers of a source come independently of each other, equally fast all the time."""
    steady = ("profile", "from_", "until", "max_workers", "most")
    return source.kind == "poisson" and source.count == 1 and all(getattr(source, key) is None for key in steady)


def _is_served_at_random(state: State) -> bool:
    drawn = None if state.drawn_delay is None else state.drawn_delay.in_core()
    is_exponential = drawn is not None and drawn.family == EXPONENTIAL and drawn.offset == 0
    is_one = len(state.use) == 1 and state.use[0].units == 1 and not state.acquire
    return is_exponential and is_one and state.timeout is None
