"""The states: where workers go, how long they stay and how often they come, by theory and in one run."""

from dataclasses import dataclass, field

import numpy as np

from datagen.engine.waiting import Line
from datagen.plots.data.pilot import Pilot

STOP = "stop"


@dataclass(frozen=True)
class Way:
    """A transition."""

    next: str  # name of a state, or "stop"
    probability: float


@dataclass(frozen=True)
class State:
    """A state and what happens in it."""

    name: str
    emitter: str | None
    mean_stay: float  # seconds
    visits: float | None  # mean number of times that a worker enters it; None when it may never stop
    entered: int  # times in the run
    ways: list[Way]
    sources: list[str]  # whose workers begin here


@dataclass(frozen=True)
class States:
    """All states of a spec."""

    states: list[State]
    life: float | None  # mean seconds from birth to stop; None when a worker may never stop
    born: int  # workers in the run
    is_measured: bool = False  # whether the shares of transitions by condition come from a pilot
    lines: dict[str, Line] = field(default_factory=dict)  # of each resource
    waits_are_measured: bool = False


def states(pilot: Pilot) -> States:
    """Return the states of a spec."""
    expectation = pilot.expectation
    visits, waiting = expectation.visits, expectation.waiting
    delays = expectation.inflows[0].chain.delays
    entered = np.bincount(pilot.walked.state[pilot.walked.warmed :], minlength=len(pilot.population.states)).tolist()
    begins: dict[int, list[str]] = {}
    for source in pilot.population.sources:
        begins.setdefault(pilot.plan.state_number(source.state), []).append(source.name or source.kind)
    made = []
    for number, state in enumerate(expectation.settled.states):
        total, served = sum(way.share for way in state.ways), float(waiting.served[number])
        ways = [Way(way.next, way.share / total * served) for way in state.ways]
        ways += [Way(state.timeout.next, float(waiting.late[number]))] if state.timeout is not None else []
        made.append(
            State(
                name=state.name,
                emitter=state.emitter,
                mean_stay=float(delays[number]),
                visits=None if visits is None else float(visits[number]),
                entered=entered[number],
                ways=ways,
                sources=begins.get(number, []),
            )
        )
    life = expectation.life
    known_life = life if life is not None and np.isfinite(life) else None
    return States(made, known_life, pilot.born, expectation.is_measured, waiting.lines, waiting.is_measured)
