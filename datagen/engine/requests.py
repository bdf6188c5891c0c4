"""What states ask for of resources, as tables by index, and what is free."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen.draw import Floats, Integers
from datagen.engine.conditions import Programs
from datagen.engine.plan import Plan
from datagen.records.expression import Expression


@dataclass(frozen=True)
class Requests:
    """What the core reads of resources, and counts in."""

    begin: npt.NDArray[np.int32]  # (states + 1,) where the requests of each begin
    resource: npt.NDArray[np.int32]  # (requests,)
    units: Integers  # (requests,)
    priority: Floats  # (requests,) where there are no instructions for it
    priorities: npt.NDArray[np.int32]  # (requests, 2) begin and end of the instructions
    releases: npt.NDArray[np.int32]  # (states + 1,) where what each gives back on entry begins
    released: npt.NDArray[np.int32]  # (n,) resources
    uses: npt.NDArray[np.int32]  # (states + 1,) where what each gives back at its end begins
    used_up: npt.NDArray[np.int32]  # (n,) resources
    following: npt.NDArray[np.int32]  # (states,) where who has waited too long goes; -1: nobody has
    free: Integers  # (resources,) units: part of the facts of conditions,
    waiting: Integers  # (resources,) workers: part of them, too
    lines: Integers  # (resources,) room for the sizes of lines,
    timers: Integers  # (1,) and for how many wait no longer than until a time


def requests_of(plan: Plan, programs: Programs) -> Requests:
    """Return the requests of a plan, with all that there is free."""
    states, resources = plan.population.states, plan.population.resources
    number = {name: place for place, name in enumerate(resources)}
    asked = [request for state in states for request in state.requests]
    shared = programs.facts[len(programs.facts) - 2 * len(resources) :]
    free, waiting = shared[: len(resources)], shared[len(resources) :]
    free[:] = [resource.capacity for resource in resources.values()]
    return Requests(
        begin=_begins([len(state.requests) for state in states]),
        resource=np.array([number[request.resource] for request in asked], np.int32),
        units=np.array([request.units for request in asked], np.int64),
        priority=np.array([0.0 if isinstance(one.priority, Expression) else float(one.priority) for one in asked]),
        priorities=programs.priorities,
        releases=_begins([len(state.release) for state in states]),
        released=np.array([number[one.resource] for state in states for one in state.release], np.int32),
        uses=_begins([len(state.use) for state in states]),
        used_up=np.array([number[one.resource] for state in states for one in state.use], np.int32),
        following=np.array(
            [-1 if state.timeout is None else plan.state_after(state.timeout.next) for state in states], np.int32
        ),
        free=free,
        waiting=waiting,
        lines=np.zeros(len(resources), np.int64),
        timers=np.zeros(1, np.int64),
    )


def _begins(counts: list[int]) -> npt.NDArray[np.int32]:
    return np.cumsum([0, *counts]).astype(np.int32)
