"""Which share of workers takes each transition, where conditions say that: measured in a pilot.

From shares that are right on average follow visits that are, whatever the conditions read: what enters a state is what
leaves others for it.
"""

import numpy as np

from datagen.clock import NEVER, time_left
from datagen.draw import Floats
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.language.population import Population
from datagen.moment import Moment
from datagen.plugin.model import changed

_MOST_STEPS = 200_000


def has_conditions(population: Population) -> bool:
    """Return whether some transitions are by condition."""
    return any(state.is_conditional for state in population.states)


def settled(population: Population, start: Moment, seed: int) -> Population:
    """Return a population with probabilities that are always the same: those of a pilot where conditions say them.

    The pilot has no limit of workers.
    """
    if not has_conditions(population):
        return population
    numbers = {state.name: number for number, state in enumerate(population.states)}
    counts = _counted(Plan(population, start), seed)
    states = []
    for number, state in enumerate(population.states):
        ways = state.ways
        if state.is_conditional:
            found = counts[number, [numbers.get(way.next, len(numbers)) for way in ways]]
            found = np.ones(len(ways)) if not found.any() else found
            nexts = [way.next for way in ways]
            found = found / np.array([nexts.count(name) for name in nexts])  # who goes there, whichever way it is
            stays = counts[number, -1] if all(name in numbers for name in nexts) else 0.0  # with no transition left
            shares = [*found.tolist(), *([stays] if stays else [])]
            ways = [changed(way, when=None, probability=0.0) for way in ways]
            ways += [changed(ways[0], next="stop")] if stays else []
            ways = [changed(way, probability=p / sum(shares)) for way, p in zip(ways, shares, strict=True)]
        states.append(changed(state, transitions=ways, next=None, ordered=False))
    return changed(population, states=states)


def _counted(plan: Plan, seed: int) -> Floats:
    """Return how many workers of a pilot went from each state to each, (states, states + 1), behind all the stop."""
    stop = len(plan.population.states)
    steps, made = [], 0
    for taken in Walk(plan, seed, NEVER).windows(time_left(plan.start)):
        steps.append(taken)
        made += len(taken)
        if made >= _MOST_STEPS:
            break
    counts = np.zeros((stop, stop + 1))
    if not made:
        return counts
    steps = [taken.at(np.flatnonzero(taken.state < stop)) for taken in steps]  # without births alone
    worker = np.concatenate([taken.worker for taken in steps])
    state = np.concatenate([taken.state for taken in steps])
    order = np.argsort(worker, kind="stable")
    worker, state = worker[order], state[order]
    follows = worker[1:] == worker[:-1]
    np.add.at(counts, (state[:-1][follows], state[1:][follows]), 1)
    gone = np.concatenate([taken.stops.worker for taken in steps])
    last = np.flatnonzero(np.append(~follows, True))
    counts[:, stop] += np.bincount(state[last][np.isin(worker[last], gone)], minlength=stop)
    return counts
