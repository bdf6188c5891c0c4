"""Why a worker can't go on, in words."""

from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.engine.plan import Plan
from datagen.moment import Moment
from datagen.problems import show
from datagen.records.worker import own_numbers, populations_of


def called(plan: Plan, worker: Any) -> str:
    """Return who a worker is (of WORKER in ``engine.slot``), and when its event is."""
    since = min(int(worker["time"]), NEVER) - plan.warm_up
    moment = Moment(plan.start.microseconds + since // 1000, plan.start.zone)
    crowd = plan.population.crowds[int(populations_of(worker["number"]))]
    return f"worker {own_numbers(worker['number'])}{crowd and f' of {show(crowd)}'} at {moment.text}"


def fault(plan: Plan, workers: npt.NDArray[Any], culprit: tuple[int, str]) -> str:
    """Return who of workers (n,) can't go on, and why; ``culprit`` is as ``Sharing.asked_twice`` returns it."""
    states = plan.population.states
    slot, resource = culprit
    if slot >= 0:
        state = states[int(workers["state"][slot])]
        return (
            f"walking on: {called(plan, workers[slot])} comes to state {show(state.name)} and asks for "
            f"{show(resource)}, which it has already; release it before"
        )
    leaving = np.flatnonzero(workers["state"] > len(states))
    slot = int(leaving[np.lexsort((workers["number"][leaving], workers["time"][leaving]))[0]])
    state = states[int(workers["state"][slot]) - len(states) - 1]
    return (
        f"walking on: weights of the transitions of state {show(state.name)} are all 0, or one is negative, or "
        f"they are too large, for {called(plan, workers[slot])}"
    )
