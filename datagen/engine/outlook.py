"""What is to be expected of one run that has an end: its sources begin, end and run dry, and its house fills up.

Stands beside the expectation of the long run, whose rates it takes hour by hour of the week, and shares its formulas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, sqrt

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats
from datagen.engine.expectation import Expectation, Inflow
from datagen.engine.plan import Plan
from datagen.engine.rhythm import Course
from datagen.engine.scout import measuring
from datagen.engine.source import Steady
from datagen.engine.timeline import Timeline
from datagen.engine.times import Times
from datagen.plugin.arrival import OPEN, After, Pace, Paced, Scope
from datagen.plugin.instant import At
from datagen.plugin.profile import Profile
from datagen.plugin.week import BEGIN, MINUTES

_MOST_COUNTED = 50_000  # instants of a source with a rate too, which else tells enough,
_MOST_READ = 1_000_000  # and of one without; those behind come as fast as these did
_ONE = 2**30  # the factor 1 of a course


@dataclass(frozen=True)
class Outlook(Expectation):
    """What is to be expected of a run without a limit of workers. Times are ns of the simulation."""

    span: int = 0  # from the start on
    warm_up: int = 0
    seed: int = 0  # of incidents, and of drawn times

    @cached_property
    def timeline(self) -> Timeline:
        """Return the parts of the run."""
        zero = self._times.zero
        at = zero + self.zone.offset(zero) - BEGIN.microseconds
        return Timeline.of_run(self.span / 1e9, at / 1e6 % (MINUTES * 60), self.warm_up / 1e9)

    @cached_property
    def inflows(self) -> list[Inflow]:
        """Return what is to be expected of each source, in order of their names."""
        found: dict[str | None, Inflow] = {}
        over: dict[str | None, int] = {}
        waiting = [self._inflow(source) for source in self.sources]
        while waiting:  # they were refused if they waited for each other
            ready = (place for place, flow in enumerate(waiting) if flow.source.waits_for() <= over.keys())
            flow = waiting.pop(next(ready))
            name = flow.source.name
            found[name], over[name] = self._in_run(flow, over)
        return [found[source.name] for source in self.sources]

    @cached_property
    def alive(self) -> float | None:
        """Return the mean number of workers alive, infinite when lines grow as long as it lasts; None: unknown."""
        if self.has_growing_lines:
            return inf
        curves = [flow.alive for flow in self.inflows if flow.chain.always_stops]
        known = [curve for curve in curves if curve is not None]
        if len(known) < len(curves):
            return None
        return self.timeline.mean(sum(known, np.zeros(self.timeline.parts)) + self.endless)

    @property
    def fleet(self) -> float:
        """Return how many workers are in no curve: none."""
        return 0.0

    @property
    def sufficient_limit(self) -> float | None:
        """Return a limit that holds back next to no spawn; a fleet needs no more than it has."""
        if self.most_alive is None or not self.always_stops:
            return self.most_alive
        coming = max(self.most_alive - sum(flow.fleet for flow in self.inflows), 0.0)
        return self.most_alive + 4 * sqrt(coming) + 1

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self.population, self.start, self.warm_up, self.scale)

    @cached_property
    def _times(self) -> Times:
        return self._plan.times(self.seed)

    def _in_run(self, flow: Inflow, over: Mapping[str | None, int]) -> tuple[Inflow, int]:
        """Return a source in the run, by when those it waits for are over, and when it is over and its workers too."""
        source, edges = flow.source, self.timeline.edges
        begin = self._at(source.from_, 0, over)
        end = min(self._at(source.until, NEVER, over), NEVER if source.lasts is None else begin + source.lasts)
        end += source.includes_until
        if not isfinite(flow.rate) and source.most is None:
            return replace(flow, rates=np.full(self.timeline.parts, np.inf), timeline=self.timeline), NEVER
        scope = self._plan.scope(source, self._times, self.seed, self._pace(flow, begin), begin, end)
        scope = measuring(self._plan, source, scope)
        come = self._come(flow, scope)
        if source.most is not None:
            come = np.minimum(come, source.most)
        last = int(np.argmax(come >= come[-1])) if flow.ends else len(edges)
        is_through = end / 1e9 <= edges[-1] or last < len(edges) - 1
        life = flow.chain.life
        over_at = NEVER
        if is_through and life is not None and isfinite(life):
            over_at = int(min(end / 1e9, edges[min(last, len(edges) - 1)]) * 1e9 + life * 1e9)
        rates = np.diff(come) / self.timeline.seconds
        seen = float(come[-1] - come[self.timeline.early])
        return replace(flow, rates=rates, timeline=self.timeline, altogether=seen), over_at

    def _come(self, flow: Inflow, scope: Scope) -> Floats:
        """Return how many workers have come up to the edges of all parts, (parts + 1,), if there is no ``most``."""
        is_few = flow.rate * self.timeline.edges[-1] <= _MOST_COUNTED
        if flow.rate == 0 or (is_few and (flow.source.has_own_times or flow.source.beats)):
            return self._counted(flow, scope) * flow.each
        come = self._foretold(flow, scope)
        return np.minimum(come, np.interp(scope.until / 1e9, self.timeline.edges, come))

    def _foretold(self, flow: Inflow, scope: Scope) -> Floats:
        """Return how many workers are expected to have come up to the edges of all parts, (parts + 1,), for ever."""
        edges = self.timeline.edges
        after = np.maximum(edges * 1e9 - scope.begin, 0).astype(np.int64)
        expected = flow.source.expected(after, scope)
        if expected is not None:
            return expected * flow.each + self._kept(flow, scope)
        if not isfinite(flow.rate):
            return np.where(after > 0, float(flow.source.most or 0), 0.0)
        sums = np.concatenate([[0.0], np.cumsum(flow.rates)]) * 60
        weeks, rest = np.divmod((self.timeline.begin + edges) / 60, MINUTES)
        total = weeks * sums[-1] + np.interp(rest, np.arange(MINUTES + 1), sums)
        total = np.concatenate([[0.0], np.cumsum(np.diff(total) * self._beyond_weeks(flow))])
        return np.maximum(total - np.interp(scope.begin / 1e9, edges, total), 0.0)

    def _counted(self, flow: Inflow, scope: Scope) -> Floats:
        """Return how many instants there are before the edges of all parts, (parts + 1,), from the source itself."""
        edges = self.timeline.edges
        stream, found, known, last = flow.source.stream(scope), [np.zeros(0, np.int64)], 0, 0
        while known < _MOST_READ and last < edges[-1] * 1e9 and len(times := stream.more()):
            found.append(times[(times >= max(scope.begin, 0)) & (times < scope.until)])
            known, last = known + len(found[-1]), int(times[-1])
        seconds = np.concatenate(found) / 1e9
        counts = np.searchsorted(seconds, edges).astype(np.float64)
        if known >= _MOST_READ:
            counts += np.maximum(edges - seconds[-1], 0) * known / max(seconds[-1] - seconds[0], 1e-9)
        return np.minimum(counts, NEVER if flow.altogether is None else flow.altogether / flow.each)

    def _kept(self, flow: Inflow, scope: Scope) -> Floats:
        """Return how many workers have come so that as many are alive as a source keeps, (parts + 1,)."""
        edges, life = self.timeline.edges, flow.chain.life
        targets = [(0, 0), *flow.source.targets(scope)]
        at = np.array([time for time, _ in targets]) / 1e9
        wanted = np.array([max(number, 0) if number != OPEN else 0 for _, number in targets], np.float64)
        alive = wanted[np.searchsorted(at, edges, side="right") - 1]
        left = 0.0 if not life or not isfinite(life) else self.timeline.seconds / life
        come = np.maximum(np.diff(alive) + alive[:-1] * left, 0.0)
        come[0] += alive[0]
        return np.concatenate([[0.0], np.cumsum(come)])

    def _beyond_weeks(self, flow: Inflow) -> Floats | float:
        """Return the factors, (parts,), of those profiles of a source that do not come again within a week."""
        source = flow.source
        if not isinstance(source, Paced) or source.profile is None:
            return 1.0
        members = self._times.course(source.profile, f"{self._plan.path_of(source)}profile").members
        course = Course(
            tuple((each, scope) for each, scope in members if isinstance(each, Profile) and not each.weekly)
        )
        middles = (self.timeline.edges[:-1] + self.timeline.seconds / 2) * 1e6
        return course.factors(self._times.zero + middles.astype(np.int64)) / _ONE

    def _pace(self, flow: Inflow, begin: int) -> Pace:
        source = flow.source
        if not isinstance(source, Paced) or source.profile is None:
            return Steady(begin)
        path = f"{self._plan.path_of(source)}profile"
        return self._times.rhythm(source.profile, path, min(begin, 0)).since(begin)

    def _at(self, at: At | After | None, default: int, over: Mapping[str | None, int]) -> int:
        """Return a time of the spec; that at which another source is over, as that is expected."""
        if isinstance(at, After):
            return over[at.after]
        return default if at is None else (at.microseconds(self.start, self.zone) - self._times.zero) * 1000
