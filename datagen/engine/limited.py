"""What a limit of workers costs: which share of those who come is born under it.

Closed forms by queueing theory where there are any, minute by minute of a week; else a pilot measures it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from datagen.clock import time_left
from datagen.draw import EXPONENTIAL, Floats
from datagen.engine.crowd import Limits
from datagen.engine.expectation import Expectation, Inflow
from datagen.engine.plan import Plan
from datagen.engine.waiting import asks, lost
from datagen.engine.walk import Walk
from datagen.engine.watched import watched, with_cradles
from datagen.plugin.arrival import Arrival, TurnedAway
from datagen.plugin.distribution import Distribution
from datagen.records.worker import populations_of

_MOST_STEPS = 200_000  # of a pilot
_CROWDED = 1.25  # times the limit are alive: from there on somebody always waits,
_MOSTLY = 0.9  # of the time, but while a run fills up


@dataclass(frozen=True)
class Outcome:
    """What becomes, under a limit, of workers who stop some time."""

    flows: list[Inflow]  # with those who are born, in place of those who come
    binds: bool = False
    grows: bool = False  # those who wait are more and more
    is_measured: bool = False  # by a pilot


def under(expectation: Expectation, limit: int, measure: Callable[[], float]) -> Outcome | None:
    """Return what a limit does; ``measure`` returns the share of workers who are born in a pilot. None: unknown."""
    flows, enough = expectation.inflows, expectation.sufficient_limit
    alive = [curve for flow in flows if (curve := flow.alive) is not None]
    if enough is None or len(alive) < len(flows):
        return None
    is_tight = enough - 1 > limit
    own = [number for number, flow in enumerate(flows) if flow.rate and _is_too_many(alive[number], flow.source)]
    if (is_tight and own) or ((is_tight or own) and asks(expectation.population)):
        return _measured(flows, measure)
    groups = [(list(range(len(flows))), limit)] if is_tight else []
    groups += [([number], flows[number].source.max_workers or limit) for number in own]
    left, grows = list(flows), False
    for numbers, places in groups:
        sources = [flows[number].source for number in numbers if flows[number].rate]
        total = np.asarray(sum(alive[number] for number in numbers))
        load = sum(flows[number].rate * (flows[number].chain.life or 0.0) for number in numbers)
        if load >= places and _queues(sources):
            is_full = np.maximum.accumulate(total >= places) | expectation.timeline.comes_round
            for number in numbers:
                flow = flows[number]
                left[number] = replace(flow, rates=np.where(is_full, flow.rate * places / load, flow.rates))
            grows = True
            continue
        share = _share(sources, total, places)
        if share is None:
            return _measured(flows, measure)
        for number in numbers:
            left[number] = replace(flows[number], rates=flows[number].rates * share)
    return Outcome(left, binds=bool(groups), grows=grows)


def _measured(flows: Sequence[Inflow], measure: Callable[[], float]) -> Outcome:
    share = measure()
    return Outcome([replace(flow, rates=flow.rates * share) for flow in flows], binds=True, is_measured=True)


def born(plan: Plan, seed: int, limits: Limits, expected: float, span: int | None, only: str | None = None) -> float:
    """Return the share of workers expected a second who are born in a pilot, in the second half of its time.

    Of a run of a ``span`` (ns) that takes no more steps than a pilot, it is that of the whole run. Those who are turned
    away are told by the state that they are born in, where no source begins there. Of several populations
    ``only`` one may be meant.
    """
    population, cradles = with_cradles(plan.population)  # which children are told by, who take no place
    plan = replace(plan, population=watched(population).population)  # a birth that waits is a step, too
    sources = plan.population.sources
    begins = {plan.state_number(source.state) for source in sources}
    turned = {plan.state_number(at.when_full.state) for at in sources if isinstance(at.when_full, TurnedAway)} - begins
    elsewhere = [*turned, *cradles.values()]
    walk, end = Walk(plan, seed, limits), time_left(plan.start) if span is None else span
    births = [np.zeros(0, np.int64)]
    steps = last = 0
    for taken in walk.windows(end):
        steps += len(taken)
        own = True if only is None else populations_of(taken.worker) == plan.population.crowds.index(only)
        births.append(taken.time[(taken.step == 0) & ~np.isin(taken.state, elsewhere) & own])
        last = int(taken.time[-1])
        if steps >= _MOST_STEPS:
            break
    times = np.concatenate(births)
    first, last = (0, span) if span is not None and walk.next_time >= span else (last // 2, last)
    late = times >= first
    return min(float(late.sum()) / max((last - first) / 1e9, 1e-9) / expected, 1.0)


def _is_too_many(alive: Floats, source: Arrival) -> bool:
    """Return whether the limit of a source itself may hold its workers back."""
    most = float(alive.max())
    return source.max_workers is not None and most + 4 * sqrt(most) > source.max_workers


def _queues(sources: Sequence[Arrival]) -> bool:
    """Return whether all who find no place wait, and others come meanwhile."""
    return all(source.when_full == "wait" and not source.counts_from_birth for source in sources)


def _share(sources: Sequence[Arrival], alive: Floats, limit: int) -> Floats | None:
    """Return the share of workers born in each part of time (n,), by how many would be alive; None: no formula."""
    if _queues(sources):
        return np.ones(len(alive))  # who waits is born in the end
    if all(source.counts_from_birth and source.when_full == "wait" for source in sources):
        if len(sources) == 1 and _family(sources[0]) == EXPONENTIAL:
            more = lost(alive, limit) * alive / limit  # one more waits, and while he does no gap runs
            return np.asarray(1 / (1 + more))
        crowded = alive > _CROWDED * limit
        filled = crowded[int(np.argmax(crowded)) :]
        if len(filled) < _MOSTLY * len(alive) or not filled.all():
            return None
        return np.minimum(limit / np.maximum(alive, 1e-12), 1.0)
    if all(source.kind == "poisson" and source.count == 1 and source.when_full != "wait" for source in sources):
        return 1 - lost(alive, limit)
    return None


def _family(source: Arrival) -> int | None:
    """Return the family of the gaps of a source that counts them from births."""
    distribution = getattr(source, "distribution", None)
    linear = distribution.in_core() if isinstance(distribution, Distribution) else None
    return None if linear is None else linear.family
