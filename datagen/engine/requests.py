"""What states ask for of resources, as tables by index, and what is free."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen.draw import Floats, Integers
from datagen.engine.conditions import Programs
from datagen.engine.fleet import Fleet
from datagen.engine.plan import Plan
from datagen.engine.tables import numbers_of
from datagen.language.resource import Gather, Request
from datagen.native.machine import FACTS
from datagen.records.expression import Expression

CHILDREN, OTHERS = -1, -2  # what is asked for, instead of a resource, as the core has it
GATHERING, READY = -2, -4  # in place of a line: who waits for others, from there on, and who goes on with them
_HEADS = 2**16


@dataclass(frozen=True)
class Requests:
    """What the core reads of resources, and counts in."""

    begin: npt.NDArray[np.int32]  # (states + 1,) where the requests of each begin
    resource: npt.NDArray[np.int32]  # (requests,) or CHILDREN, or OTHERS that gather
    units: Integers  # (requests,) or how many gather
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
    gathered: npt.NDArray[np.int32]  # (2,) as in the programs
    groups: Integers  # (states,) how many groups have gone on from each
    heads: npt.NDArray[np.int32]  # (a power of 2,) room for who came last, by what those have in common who gather
    fleet: Fleet  # the resources that are rows


def requests_of(plan: Plan, programs: Programs) -> Requests:
    """Return the requests of a plan, with all that there is free."""
    states, resources = plan.population.states, plan.population.resources
    number = {name: place for place, name in enumerate(resources)}
    numbers = numbers_of(states)
    asked = [request for state in states for request in state.asked]
    free, waiting = programs.facts[len(FACTS) : len(FACTS) + 2 * len(resources)].reshape(2, len(resources))
    free[:] = [0 if one.rows is not None else one.most for one in resources.values()]
    return Requests(
        fleet=programs.fleet,
        begin=_begins([len(state.asked) for state in states]),
        resource=np.array([_asked(one, number) for one in asked], np.int32),
        units=np.array([_units(one) for one in asked], np.int64),
        priority=np.array([_priority(one) for one in asked]),
        priorities=programs.priorities,
        releases=_begins([len(state.release) for state in states]),
        released=np.array([number[one.resource] for state in states for one in state.release], np.int32),
        uses=_begins([len(state.use) for state in states]),
        used_up=np.array([number[one.resource] for state in states for one in state.use], np.int32),
        following=np.array(
            [-1 if state.timeout is None else numbers.get(state.timeout.next, len(states)) for state in states],
            np.int32,
        ),
        free=free,
        waiting=waiting,
        lines=np.zeros(len(resources), np.int64),
        timers=np.zeros(1, np.int64),
        gathered=programs.gathered,
        groups=np.zeros(len(states), np.int64),
        heads=np.full(_HEADS if any(state.gather for state in states) else 1, -1, np.int32),
    )


def _asked(request: Request | Gather | None, numbers: dict[str, int]) -> int:
    """Return the number of what is asked for."""
    return numbers[request.resource] if isinstance(request, Request) else CHILDREN if request is None else OTHERS


def _units(request: Request | Gather | None) -> int:
    """Return how much is asked for."""
    return 0 if request is None else request.units if isinstance(request, Request) else request.size


def _priority(request: Request | Gather | None) -> float:
    """Return the priority of a request, where there are no instructions for it."""
    given = request.priority if isinstance(request, Request) else 0
    return 0.0 if isinstance(given, Expression) else float(given)


def _begins(counts: list[int]) -> npt.NDArray[np.int32]:
    return np.cumsum([0, *counts]).astype(np.int32)
