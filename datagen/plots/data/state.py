"""The states: where workers go, how long they stay and how often they come, by theory and in one run."""

from dataclasses import dataclass, field

import numpy as np

from datagen.draw import Floats
from datagen.engine.expectation import Expectation
from datagen.engine.waiting import Line
from datagen.plots.data.pilot import Pilot

STOP = "stop"


@dataclass(frozen=True)
class Way:
    """A transition."""

    next: str  # name of a state, or "stop"
    probability: float


@dataclass(frozen=True)
class Child:
    """Workers who are brought about."""

    state: str  # that they begin in
    count: float  # of them, on average


@dataclass(frozen=True)
class State:
    """A state and what happens in it."""

    name: str
    emitter: str | None
    mean_stay: float  # seconds
    visits: float | None  # mean number of times that a worker, or one whom it brought about, enters it; None: no end
    entered: int  # times in the run
    ways: list[Way]
    sources: list[str]  # whose workers begin here
    children: list[Child] = field(default_factory=list)  # whom a visit brings about


@dataclass(frozen=True)
class States:
    """All states of a spec."""

    states: list[State]
    life: float | None  # mean seconds from birth to stop; None when a worker may never stop
    born: int  # workers in the run
    is_measured: bool = False  # whether the shares of transitions by condition come from a pilot
    lines: dict[str, Line] = field(default_factory=dict)  # of each resource
    waits_are_measured: bool = False


def _visits(expectation: Expectation) -> Floats | None:
    """Return how often a worker is in each state, with all whom it brings about where there is an end to these."""
    visits, families = expectation.visits, expectation.families
    if visits is None or not families.bearings or not families.ends:
        return visits
    count = len(visits)
    return np.array([visits @ families.weights(np.eye(1, count, number)[0]) for number in range(count)])


def states(pilot: Pilot) -> States:
    """Return the states of a spec."""
    expectation = pilot.expectation
    visits, waiting = _visits(expectation), expectation.waiting
    delays = expectation.inflows[0].chain.delays
    entered = np.bincount(pilot.walked.state[pilot.walked.warmed :], minlength=len(pilot.population.states)).tolist()
    begins: dict[int, list[str]] = {}
    for source in pilot.population.sources:
        begins.setdefault(pilot.plan.state_number(source.state), []).append(source.name or source.kind)
    children: dict[int, list[Child]] = {}
    for one in expectation.families.bearings:
        children.setdefault(one.state, []).append(Child(expectation.settled.states[one.begin].name, one.count))
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
                children=children.get(number, []),
            )
        )
    life = expectation.life
    known_life = life if life is not None and np.isfinite(life) else None
    return States(made, known_life, pilot.born, expectation.is_measured, waiting.lines, waiting.is_measured)
