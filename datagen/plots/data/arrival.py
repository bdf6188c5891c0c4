"""Arrivals over time: how many workers each source is expected to make, and how many one run has."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.engine.rhythm import Rhythm
from datagen.engine.scout import measuring
from datagen.engine.source import Steady
from datagen.language.subpopulation import scale_of
from datagen.plots.data.pilot import Pilot
from datagen.plugin.arrival import OPEN, After, Arrival, Paced, Scope
from datagen.plugin.distribution import Distribution
from datagen.plugin.instant import At
from datagen.plugin.week import lengths

_SEEDS = 16  # whose instants are averaged where there is no rate to integrate
_ENOUGH = 200_000  # workers of a source, after which no other seed is counted
_MOST_COUNTED = 3_000_000
_SECOND = 10**9
_BINS = [60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 7 * 86400]  # seconds
_MOST_BINS = 170  # a week of hours


@dataclass(frozen=True)
class Source:
    """The workers of a source, bin by bin."""

    name: str
    kind: str
    counted: list[int | None]  # workers born in the run; None where it was cut before the end of a bin
    expected: list[float] | None  # workers, without a limit; None where it depends on who stops when


@dataclass(frozen=True)
class Arrivals:
    """Arrivals of all sources over a span."""

    start: str  # ISO 8601
    bin_seconds: float
    seconds: list[float]  # since the start, where each bin begins
    sources: list[Source]
    reached_seconds: float  # how far the run got
    is_cut: bool  # because it has too many steps


def arrivals(pilot: Pilot, until: int | None = None, bin_seconds: float | None = None) -> Arrivals:
    """Return the arrivals up to a time (ns since the start), or over the whole span."""
    end = pilot.span if until is None else min(until, pilot.span)
    width = round((bin_seconds or _bin(end)) * _SECOND)
    edges = np.append(np.arange(0, end, width, dtype=np.int64), end)
    rows, sources = pilot.births
    times = pilot.walked.time[rows]
    made = []
    for place, source in enumerate(pilot.population.sources):
        if pilot.population.is_off(source):
            continue
        own = times[sources == place]
        counts = np.diff(np.searchsorted(own, edges)).tolist()
        seen = (edges[1:] <= pilot.walked.reached).tolist()
        counted = [count if is_seen else None for count, is_seen in zip(counts, seen, strict=True)]
        expected = _Expected(pilot, source, own).counts(edges)
        made.append(
            Source(source.name or source.kind, source.kind, counted, None if expected is None else expected.tolist())
        )
    seconds = (edges[:-1] / _SECOND).tolist()
    return Arrivals(
        pilot.start.text, width / _SECOND, seconds, made, pilot.walked.reached / _SECOND, pilot.walked.is_cut
    )


def _bin(span: int) -> float:
    """Return the seconds of the smallest round bin with which there are not too many."""
    seconds = span / _SECOND
    if seconds <= 3600:
        return seconds / 60
    return next((width for width in _BINS if seconds / width <= _MOST_BINS), seconds / _MOST_BINS)


class _Expected:
    """How many workers a source is expected to make."""

    def __init__(self, pilot: Pilot, source: Arrival, born: Integers) -> None:
        """Take when its workers were ``born`` in the run: of one that begins or ends with another that says when."""
        self._pilot, self._source = pilot, source
        self._warm_up = pilot.plan.warm_up  # what follows counts from the begin of the simulation
        self._times = pilot.plan.times(pilot.seed)
        self._begin, self._until = self._ends(born + self._warm_up)
        self._path = pilot.plan.path_of(source)
        self._at_once = float(np.maximum(lengths(source.count), 1 if source.counts_from_birth else 0).mean())

    def _ends(self, born: Integers) -> tuple[int, int]:
        begins, ends = self._source.from_, self._source.until
        begin, until = 0, NEVER
        if isinstance(begins, After):
            begin = int(born.min(initial=NEVER))
        elif begins is not None:
            begin = self._time(begins)
        if isinstance(ends, After):
            until = int(born.max(initial=0)) + 1
        elif ends is not None:
            until = self._time(ends)
        return begin, until + self._source.includes_until

    def _time(self, at: At) -> int:
        return (at.microseconds(self._pilot.start, self._times.zone) - self._times.zero) * 1000

    def counts(self, edges: Integers) -> Floats | None:
        """Return how many come between edges (n + 1,) in ns, (n,)."""
        rate, edges = self._rate(), edges + self._warm_up
        if any(alive != OPEN for _, alive in self._source.targets(self._scope(0))):
            return None
        held = np.clip(edges, min(self._begin, NEVER), min(self._until, NEVER))
        if rate is None:
            made = self._averaged(edges)
            if made is None:
                return None
        else:
            rhythm = self._rhythm(self._pilot.seed)
            base = held.astype(np.uint64) if rhythm is None else rhythm.marks(held)
            made = np.diff(base).astype(np.float64) / _SECOND * rate * self._at_once
        if self._source.most is not None:
            made = np.diff(np.minimum(np.cumsum(made), self._source.most), prepend=0.0)
        return made

    @property
    def _scale(self) -> float:
        return scale_of(self._source.name, self._pilot.population.populations, self._pilot.plan.scale)

    def _rate(self) -> float | None:
        """Return its instants a second of base time; None for a source that is no matter of a rate."""
        scale = self._scale
        rate = getattr(self._source, "rate", None)
        if rate is not None:
            return float(rate) * scale
        gaps = getattr(self._source, "distribution", None)
        if self._source.counts_from_birth and isinstance(gaps, Distribution):
            mean = gaps.mean_wait()
            return scale / mean if mean else None
        return None

    def _rhythm(self, seed: int) -> Rhythm | None:
        source = self._source
        if not isinstance(source, Paced) or source.profile is None:
            return None
        return self._pilot.plan.times(seed).rhythm(source.profile, f"{self._path}profile", min(self._begin, 0))

    def _scope(self, seed: int) -> Scope:
        rhythm = self._rhythm(seed)
        begin = min(self._begin, NEVER)
        scope = Scope(
            seed=seed,
            path=self._path,
            start=self._pilot.start,
            zero=self._times.zero,
            zone=self._times.zone_of(self._source.name),
            begin=begin,
            until=self._until,
            pace=Steady(begin) if rhythm is None or begin == NEVER else rhythm.since(begin),
            incidents=self._pilot.plan.times(seed).incidents,
            recording=self._source.recording(
                self._pilot.start, self._times.zero, self._times.zone_of(self._source.name)
            ),
            scale=self._scale,
        )
        return measuring(self._pilot.plan, self._source, scope)

    def _averaged(self, edges: Integers) -> Floats | None:
        """Return the means over seeds; None when there are too many workers to be counted so often."""
        if self._source.counts_from_birth:
            return None
        total, counted, seeds = np.zeros(len(edges) - 1), 0, 0
        while seeds < _SEEDS and counted < _ENOUGH:
            for instants in self._instants(seeds, min(int(edges[-1]), self._until)):
                total += np.diff(np.searchsorted(instants, edges))
                counted += len(instants)
                if counted > _MOST_COUNTED:
                    return None
            seeds += 1
        return total * self._at_once / seeds

    def _instants(self, seed: int, end: int) -> Iterator[Integers]:
        stream = self._source.stream(self._scope(seed))
        while len(instants := stream.more()) and instants[0] < end:
            yield instants[instants < end]
