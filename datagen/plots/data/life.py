"""A sample of lives: which states some workers went through, and when."""

from dataclasses import dataclass

import numpy as np

from datagen.draw import Integers
from datagen.plots.data.pilot import Pilot
from datagen.records.worker import own_numbers

_SECOND = 1e9


@dataclass(frozen=True)
class Stay:
    """A stay of a worker in a state."""

    state: str
    begin: float  # seconds since the worker's birth
    seconds: float


@dataclass(frozen=True)
class Life:
    """A worker's life."""

    worker: int
    source: str
    born: float  # seconds since the start
    stays: list[Stay]
    ends: bool  # whether the last stay is the last of its life


@dataclass(frozen=True)
class Lives:
    """A sample of lives, in the order of their births."""

    start: str  # ISO 8601
    lives: list[Life]
    born: int  # workers in the run


def lives(pilot: Pilot, count: int = 20, most_stays: int = 40) -> Lives:
    """Return workers who are spread evenly over the births of each source, with their first stays."""
    walked = pilot.walked
    rows, sources = pilot.births
    names = [state.name for state in pilot.watched.population.states]
    kinds = [source.name or source.kind for source in pilot.population.sources]
    chosen = np.sort(
        np.concatenate(
            [
                _sample(np.flatnonzero((sources == own) & (rows >= walked.warmed)), pilot.born, count)
                for own in range(len(kinds))
            ]
        )
    )
    made = []
    for number in chosen.tolist():
        worker, born = int(walked.worker[rows[number]]), int(walked.time[rows[number]])
        own = np.flatnonzero(walked.worker == worker)
        waits = pilot.stays(own)
        stays = [
            Stay(names[walked.state[row]], (int(walked.time[row]) - born) / _SECOND, wait / _SECOND)
            for row, wait in zip(own[:most_stays].tolist(), waits.tolist(), strict=False)
        ]
        ends = len(own) <= most_stays and int(walked.time[own[-1]] + waits[-1]) <= walked.reached
        [called] = own_numbers(walked.worker[own[:1]]).tolist()
        made.append(Life(called, kinds[sources[number]], born / _SECOND, stays, ends))
    return Lives(pilot.start.text, made, pilot.born)


def _sample(births: Integers, of: int, count: int) -> Integers:
    """Return some births of a source, (n,): as many of ``count`` as is its share ``of`` all, and one at least."""
    size = min(max(round(count * len(births) / max(of, 1)), 1), len(births))
    return births[np.unique(np.linspace(0, len(births) - 1, size).astype(np.int64))] if size else births
