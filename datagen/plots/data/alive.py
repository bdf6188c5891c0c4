"""Workers alive over time, against the limit."""

from dataclasses import dataclass

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.plots.data.pilot import Pilot
from datagen.plugin.week import BEGIN, MINUTES

_SECOND = 1e9
_BINS = 240


@dataclass(frozen=True)
class Alive:
    """How many workers are alive, bin by bin, in one run."""

    start: str  # ISO 8601
    seconds: list[float]  # since the start, where each bin begins
    bin_seconds: float
    mean: list[float]  # over each bin
    lowest: list[int]
    highest: list[int]
    limit: int
    expected: list[float] | None  # mean in an ordinary week, without the limit; None when unknown, or over


def alive(pilot: Pilot, until: int | None = None) -> Alive:
    """Return how many are alive up to a time (ns since the start), or as far as the run got."""
    walked = pilot.walked
    end = max(min(walked.reached if until is None else until, walked.reached), 1)
    edges = np.unique(np.linspace(0, end, _BINS + 1).astype(np.int64))
    born = walked.time[pilot.births[0]]
    stopped = np.sort(np.minimum(walked.time[pilot.lasts], NEVER) + pilot.stays(pilot.lasts))
    lived = np.diff(_time_since(born, edges) - _time_since(stopped, edges))
    lowest, highest = _levels(born, stopped, edges)
    middle = (edges[:-1] + edges[1:]) / 2
    return Alive(
        start=pilot.start.text,
        seconds=(edges[:-1] / _SECOND).tolist(),
        bin_seconds=end / (len(edges) - 1) / _SECOND,
        mean=(lived / np.diff(edges)).tolist(),
        lowest=lowest.tolist(),
        highest=highest.tolist(),
        limit=pilot.limit,
        expected=_expected(pilot, middle),
    )


def _expected(pilot: Pilot, times: Floats) -> list[float] | None:
    """Return how many are to be expected at times (n,) in ns since the start."""
    expectation = pilot.expectation
    if pilot.walked.is_over or expectation.alive is None or not np.isfinite(expectation.alive):
        return None
    curves = [inflow.alive for inflow in expectation.inflows if inflow.alive is not None]
    week = sum(curves, np.zeros(MINUTES)) + (0.0 if expectation.always_stops else expectation.fleet)
    begin = pilot.start.microseconds + expectation.zone.offset(pilot.start.microseconds) - BEGIN.microseconds
    minutes = (begin * 1000 + times) // (60 * _SECOND) % MINUTES
    return np.asarray(week)[minutes.astype(np.int64)].tolist()


def _time_since(events: Integers, at: Integers) -> Floats:
    """Return the time that has passed since each of some events (n,), ascending, all together, by times (m,)."""
    count = np.searchsorted(events, at)
    return count * at.astype(np.float64) - np.append(0.0, np.cumsum(events, dtype=np.float64))[count]


def _levels(born: Integers, stopped: Integers, edges: Integers) -> tuple[Integers, Integers]:
    """Return how many are alive at least and at most in each bin between edges (n + 1,): (n,) and (n,)."""
    both = np.concatenate([born, stopped])
    order = np.argsort(both, kind="stable")  # of two ascending parts: they are merged
    times, levels = both[order], np.cumsum(np.where(order < len(born), 1, -1))
    kept = np.append(times[1:] != times[:-1], True) if len(times) else np.zeros(0, bool)  # after all at one time
    times, levels = times[kept], np.append(0, levels[kept])
    places = np.searchsorted(times, edges, side="right")
    first, last = places[:-1], np.maximum(places[1:], places[:-1] + 1)
    bounds = np.stack([first, last], axis=1).ravel()
    padded = np.append(levels, levels[-1])
    return np.minimum.reduceat(padded, bounds)[::2], np.maximum.reduceat(padded, bounds)[::2]
