"""What a limit of workers costs: which share of those who come is born under it.

Closed forms by queueing theory where there are any, minute by minute of a week; else a pilot measures it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import special

from datagen.clock import time_left
from datagen.draw import EXPONENTIAL, Floats
from datagen.engine.expectation import Expectation, Inflow
from datagen.engine.pilot import MOST_STEPS
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.plugin.arrival import TurnedAway
from datagen.plugin.week import MINUTES

_CROWDED = 1.25  # times the limit are alive: from there on somebody always waits

Shares = list[Floats]  # for each source (MINUTES,): which share of its workers is born


@dataclass(frozen=True)
class Outcome:
    """What becomes, under a limit, of workers who stop some time."""

    shares: Shares
    binds: bool = False
    grows: bool = False  # those who wait are more and more
    is_measured: bool = False  # by a pilot


def under(expectation: Expectation, limit: int, measure: Callable[[], float]) -> Outcome | None:
    """Return what a limit does; ``measure`` returns the share of workers who are born in a pilot. None: unknown."""
    flows, enough = expectation.inflows, expectation.sufficient_limit
    curves = [flow.alive for flow in flows]
    if enough is None or any(curve is None for curve in curves):
        return None
    alive = [curve for curve in curves if curve is not None]
    ones = [np.ones(MINUTES) for _ in flows]
    is_tight = enough - 1 > limit
    own = [
        number
        for number, flow in enumerate(flows)
        if flow.rate and flow.source.max_workers and _exceeds(float(alive[number].max()), flow.source.max_workers)
    ]
    if not is_tight and not own:
        return Outcome(ones)
    groups = [(list(range(len(flows))), limit)] if is_tight else []
    groups += [([number], flows[number].source.max_workers or limit) for number in own]
    shares, grows = ones, False
    for numbers, places in groups:
        members = [flows[number] for number in numbers if flows[number].rate]
        total = np.asarray(sum(alive[number] for number in numbers))
        share = None if is_tight and own else _share(members, total, places) if members else ones[0]
        if share is None:
            measured = np.full(MINUTES, measure())
            return Outcome([measured for _ in flows], binds=True, is_measured=True)
        grows = grows or (float(total.mean()) >= places and not any(flow.source.counts_from_birth for flow in members))
        grows = grows and all(flow.source.when_full == "wait" for flow in members)
        for number in numbers:
            shares[number] = share
    return Outcome(shares, binds=True, grows=grows)


def born(plan: Plan, seed: int, limit: int, expected: float) -> float:
    """Return the share of workers expected a second who are born in a pilot, in the second half of its time."""
    walk, end = Walk(plan, seed, limit), time_left(plan.start)
    births = [np.zeros(0, np.int64)]
    steps = 0
    while steps < MOST_STEPS and walk.next_time < end:
        taken = walk.advance(end)
        steps += len(taken)
        births.append(taken.time[taken.step == 0])
        last = int(taken.time[-1])
    times = np.concatenate(births)
    late = times >= last // 2
    return min(float(late.sum()) / max((last - last // 2) / 1e9, 1e-9) / expected, 1.0)


def _exceeds(alive: float, limit: int) -> bool:
    """Return whether a limit may hold somebody back where so many are alive on average."""
    return alive + 4 * sqrt(alive) > limit


def _share(flows: Sequence[Inflow], alive: Floats, limit: int) -> Floats | None:
    """Return the share of workers born in each minute (MINUTES,), by how many would be alive; None: no formula."""
    sources = [flow.source for flow in flows]
    if all(source.counts_from_birth for source in sources) and all(at.when_full == "wait" for at in sources):
        crowded = np.minimum(limit / np.maximum(alive, 1e-12), 1.0)
        if len(sources) > 1:
            return crowded if alive.min() > _CROWDED * limit else None
        linear = getattr(sources[0], "distribution").linear()  # noqa: B009  # of every source that counts from birth
        if linear is None or linear.family != EXPONENTIAL:
            return crowded if alive.min() > _CROWDED * limit else None
        more = _loss(alive, limit) * alive / limit  # one more waits, and while he does no gap runs
        return np.asarray(1 / (1 + more))
    if all(
        at.kind == "poisson" and at.count == 1 and (at.when_full == "drop" or isinstance(at.when_full, TurnedAway))
        for at in sources
    ):
        return 1 - _loss(alive, limit)
    if all(at.when_full == "wait" and not at.counts_from_birth for at in sources):
        return np.full(MINUTES, min(limit / float(alive.mean()), 1.0))
    return None


def _loss(load: Floats, places: int) -> Floats:
    """Return the share of a Poisson process that finds all places taken (A. K. Erlang, 1917), by its load (n,)."""
    load = np.maximum(load, 1e-12)
    below = special.gammaincc(places + 1, load)  # that no more than so many come
    exactly = np.exp(places * np.log(load) - load - special.gammaln(places + 1))
    return np.asarray(np.where(below > 1e-200, exactly / np.maximum(below, 1e-200), 1 - places / load))
