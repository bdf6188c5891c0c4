"""What is to be expected of a population in the long run: how many workers come, live and emit, minute by minute.

Stands beside the walk: who comes is what each source makes of an ordinary week, what becomes of them is the chain's,
and the number alive is their rate times their life (J. Little, 1961). The limit of workers is not known here.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, sqrt
from typing import Self

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats
from datagen.engine.chain import Chain
from datagen.engine.families import Bearing, Families
from datagen.engine.plan import Plan
from datagen.engine.rhythm import Course, Rhythm
from datagen.engine.scout import measuring
from datagen.engine.shares import Shares, has_conditions, has_counted_children, has_late_delays
from datagen.engine.source import Steady
from datagen.engine.timeline import WEEK, Timeline
from datagen.engine.times import Times
from datagen.engine.waiting import Waiting, asks, by_theory, has_items, is_by_theory
from datagen.language.population import Population
from datagen.language.state import Spawn
from datagen.language.subpopulation import scale_of
from datagen.moment import Moment
from datagen.plugin.arrival import Arrival, Paced, Scope, TurnedAway
from datagen.plugin.incident import Recurring
from datagen.plugin.instant import At
from datagen.plugin.profile import Profile
from datagen.plugin.week import BEGIN, MINUTES, Week, lengths
from datagen.records.expression import Expression
from datagen.zone import MINUTE, Zone
from datagen.zone import WEEK as WEEK_LONG


@dataclass(frozen=True)
class Inflow:
    """What is to be expected of a source and its workers."""

    source: Arrival
    chain: Chain
    rates: Floats  # (parts,) workers a second
    altogether: float | None  # workers, where there are only so many
    fleet: float = 0.0  # of them, those who are there from the begin on
    timeline: Timeline = WEEK
    each: float = 1.0  # workers at an instant, on average
    ends: bool = False  # whether the source is through some time

    @cached_property
    def rate(self) -> float:
        """Return the mean number of workers a second."""
        return self.timeline.mean(self.rates)

    @cached_property
    def alive(self) -> Floats | None:
        """Return how many workers are alive, (parts,), of who stop; None: unknown. A week has none of a fleet."""
        life = self.chain.life
        if life is None or not isfinite(life) or not isfinite(self.rate):
            return None
        return self.timeline.later(self.rates, life) * life

    @cached_property
    def endless(self) -> Floats | float:
        """Return how many workers there are who never stop: in a run, (parts,), who came so far; else the fleet."""
        if self.chain.always_stops:
            return 0.0
        return self.fleet if self.timeline is WEEK else np.cumsum(self.rates) * self.timeline.seconds

    def makes(self, weights: Floats) -> Floats | None:
        """Return what is made a second, (parts,), where entering a state makes its weight.

        None when workers never stop and are more and more for ever, or that is unknown.
        """
        chain = self.chain
        total = np.zeros(self.timeline.parts)
        if not chain.always_stops:
            is_known = chain.beat is not None and (self.rate == 0 or self.timeline is not WEEK)
            if not is_known or chain.beat is None:
                return None
            begun = 0.0 if self.timeline is WEEK else self.rates * float(chain.head_start @ weights)
            return total + self.endless * float(chain.beat @ weights) + begun
        if chain.visits is None or not isfinite(self.rate):
            return None
        for state in np.flatnonzero(chain.visits * weights).tolist():
            made = self.timeline.later(self.rates, float(chain.ages[state]))
            total += made * (chain.visits[state] * weights[state])
        return total


@dataclass(frozen=True)
class Expectation:
    """What is to be expected of a population without a limit of workers."""

    population: Population
    scale: float = 1.0  # so many times more workers than the sources say, where their population does not say it
    start: Moment = BEGIN  # whose offset says whose wall clock is meant where the spec does not

    def of(self, name: str) -> Self:
        """Return what is to be expected of one of several populations, as it lives among the others."""
        if not name:
            return self
        own, population = replace(self), self.population
        number = population.crowds.index(name)
        inflows = [flow for flow in self.inflows if population.crowd_of(flow.source.name or "") == number]
        names = [state.name for state in population.states]
        chains = {begin: chain for begin, chain in self._chains.items() if population.crowd_of(names[begin]) == number}
        vars(own).update(settled=self.settled, waiting=self.waiting, inflows=inflows, _chains=chains)
        vars(own).update(families=self.families)
        return own

    @property
    def timeline(self) -> Timeline:
        """Return what its means are taken over."""
        return WEEK

    @cached_property
    def settled(self) -> Population:
        """Return the population with the transitions and delays that there are on average.

        They are those of a pilot where conditions say them, or where they follow from the instant.
        """
        return self._pilot.settled

    @cached_property
    def waiting(self) -> Waiting:
        """Return what is to be expected of waits for resources: by theory where there is one, else of a pilot."""
        nothing = Waiting.for_nothing(len(self.population.states))
        if not asks(self.population) and not has_items(self.population):
            return nothing
        found = None
        if is_by_theory(self.population):
            flows = np.zeros(len(self.population.states))
            for source in self.sources:
                visits = Chain(self.population, self._begin(source.state), nothing).visits
                flows += 0.0 if visits is None else getattr(source, "rate", 0.0) * self._scale(source) * visits
            found = by_theory(self.population, flows)
        return self._pilot.waiting if found is None else found

    @property
    def fault(self) -> str:
        """Return why a pilot could not go on, so that what it has measured is worth little; "" when nothing was."""
        return self._pilot.fault if self.uses_pilot else ""

    @property
    def uses_pilot(self) -> bool:
        """Return whether some of its numbers are those of a pilot."""
        own = self.population
        return self.is_measured or has_late_delays(own) or has_counted_children(own) or self.waiting.is_measured

    @cached_property
    def families(self) -> Families:
        """Return whom workers bring about: so many as the spec says, or a pilot has seen where expressions say it."""
        numbers = {state.name: number for number, state in enumerate(self.population.states)}
        bearings = [
            Bearing(number, place, numbers[entry.state], self._children(number, place, entry))
            for number, state in enumerate(self.population.states)
            for place, entry in enumerate(state.spawn)
        ]
        return Families(self.settled, self.waiting, tuple(bearings))

    def _children(self, state: int, place: int, entry: Spawn) -> float:
        if isinstance(entry.count, Expression):
            return self._pilot.children(state, place)
        return float(max(int(entry.count), 0))

    @property
    def has_growing_lines(self) -> bool:
        """Return whether more and more workers wait for a resource."""
        return any(line.grows for line in self.waiting.lines.values())

    @cached_property
    def _pilot(self) -> Shares:
        return Shares(self.population, self.start, self.scale)

    def _begin(self, state: str | None) -> int:
        return Plan(self.population, BEGIN).state_number(state)

    @property
    def is_measured(self) -> bool:
        """Return whether some of its transitions are those of a pilot."""
        return has_conditions(self.population)

    @property
    def zone(self) -> Zone:
        """Return whose wall clock a profile without a zone of its own means."""
        return Times(self.population, self.start, seed=0).zone

    @cached_property
    def inflows(self) -> list[Inflow]:
        """Return what is to be expected of each source, in order of their names."""
        return [self._inflow(source) for source in self.sources]

    @property
    def sources(self) -> list[Arrival]:
        """Return the sources of which somebody comes, in order of their names."""
        return [source for source in self.population.sources if not self.population.is_off(source)]

    @cached_property
    def emits(self) -> Floats:
        """Return how many records each state emits, 0 or 1, (states,)."""
        return np.array([1.0 if state.emitter else 0.0 for state in self.population.states])

    @cached_property
    def always_stops(self) -> bool:
        """Return whether every worker can get to the stop from every state that it can get to."""
        return all(chain.always_stops for chain in self._chains.values())

    @cached_property
    def rate(self) -> float:
        """Return the mean number of workers who come in a second."""
        return sum(inflow.rate for inflow in self.inflows)

    @cached_property
    def visits(self) -> Floats | None:
        """Return how often a worker enters each state, (states,); None when it may never stop, or that is unknown."""
        visits = [inflow.chain.visits for inflow in self.inflows]
        return None if any(each is None for each in visits) else np.asarray(self._shares @ np.array(visits))

    @cached_property
    def life(self) -> float | None:
        """Return the mean seconds from a worker's birth to its stop, infinite when it may never stop; None: unknown."""
        lives = [inflow.chain.life for inflow in self.inflows]
        if inf in lives:
            return inf
        return None if None in lives else float(self._shares @ np.array(lives))

    @cached_property
    def records(self) -> Floats | None:
        """Return how many records a second are emitted, (parts,).

        None when workers never stop and are more and more, or that is unknown.
        """
        return self.makes(self.emits)

    def makes(self, weights: Floats) -> Floats | None:
        """Return what is made a second, (parts,), as ``records``, by weights of states."""
        total = np.zeros(self.timeline.parts)
        for inflow in self.inflows:
            made = inflow.makes(weights)
            if made is None:
                return None
            total += made
        return total

    @cached_property
    def beat(self) -> Floats | None:
        """Return how often a second each state is entered by one who never stops, (states,); None: unknown."""
        beats = [(share, inflow.chain) for share, inflow in zip(self._shares, self.inflows, strict=True) if share > 0]
        if any(chain.beat is None for _, chain in beats):
            return None
        sums = [share * chain.beat for share, chain in beats if chain.beat is not None and not chain.always_stops]
        total = np.asarray(sum(sums, np.zeros(len(self.emits))))
        endless = float(total @ self.inflows[0].chain.delays)
        return total / endless if endless > 0 else None

    @cached_property
    def alive(self) -> float | None:
        """Return the mean number of workers alive, infinite when it grows for ever; None: unknown."""
        if self.has_growing_lines:
            return inf
        total = 0.0 if self.always_stops else self.fleet
        for inflow in self.inflows:
            life = inflow.chain.life
            if inflow.rate and (life is None or (life == 0 and not isfinite(inflow.rate))):
                return None
            total += inflow.rate * (life or 0.0) if inflow.rate else 0.0
        return total

    @cached_property
    def most_alive(self) -> float | None:
        """Return the mean number of workers alive when it is highest; infinite or None as ``alive``."""
        if self.alive is None or not isfinite(self.alive):
            return self.alive
        curves = [inflow.alive for inflow in self.inflows if inflow.alive is not None]
        return self.timeline.most(sum(curves, np.zeros(self.timeline.parts))) + self.fleet

    @property
    def fleet(self) -> float:
        """Return how many workers there are from the begin on."""
        return sum(inflow.fleet for inflow in self.inflows)

    @property
    def endless(self) -> Floats | float:
        """Return how many workers there are who never stop: in a run, (parts,), who came so far; else the fleet."""
        return sum((inflow.endless for inflow in self.inflows), 0.0)

    @property
    def sufficient_limit(self) -> float | None:
        """Return a limit that holds back next to no spawn; infinite or None as ``alive``.

        Where spawns are independent the number alive has a Poisson distribution; four standard deviations are added.
        """
        if self.most_alive is None or not isfinite(self.most_alive):
            return self.most_alive
        coming = self.most_alive - self.fleet
        return self.fleet + coming + 4 * sqrt(coming) + 1

    @cached_property
    def _shares(self) -> Floats:
        """Return which share of all workers each source makes, (sources,)."""
        weights = np.array([inflow.rate for inflow in self.inflows])
        if not weights.any():
            weights = np.array([inflow.altogether or 1.0 for inflow in self.inflows])
        if np.isinf(weights).any():
            weights = np.isinf(weights).astype(float)
        return np.asarray(weights / weights.sum())

    @cached_property
    def _chains(self) -> dict[int, Chain]:
        """Return the chain from each state that workers are born in."""
        begins = [source.state for source in self.sources]
        begins += [at.when_full.state for at in self.sources if isinstance(at.when_full, TurnedAway)]
        return {number: Chain(self.settled, number, self.waiting) for number in map(self._begin, begins)}

    def chain(self, state: str | None) -> Chain:
        """Return the chain from a state that workers are born in, the first without a name."""
        return self._chains[self._begin(state)]

    def _inflow(self, source: Arrival) -> Inflow:
        factors, scope = self._factors(source)
        recurring = {
            name: incident.every.mean_wait() + incident.lasts.mean_wait()
            for name, incident in self.population.incidents.items()
            if isinstance(incident, Recurring)
        }
        rates = source.rates(scope, Week(factors, scope.pace.factor, recurring))
        counts = lengths(source.count)
        altogether = source.altogether
        if altogether is not None and altogether != source.most and not source.has_own_times:
            altogether = float(int(altogether * self._scale(source)))
        mean = float(np.maximum(counts, 1 if source.counts_from_birth else 0).mean())
        if altogether is not None and altogether != source.most:
            altogether *= mean
        chain, kept = self.chain(source.state), source.kept_alive * self._scale(source)
        if kept and chain.life:
            rates = rates + kept / chain.life / mean
        rates = rates * mean
        is_fleet = not rates.any() and not source.has_own_times and chain.life != 0
        ends = source.until is not None or source.lasts is not None or altogether is not None
        return Inflow(source, chain, rates, altogether, altogether or 0.0 if is_fleet else 0.0, each=mean, ends=ends)

    def _scale(self, source: Arrival) -> float:
        return scale_of(source.name, self.population.populations, self.scale)

    def _factors(self, source: Arrival) -> tuple[Floats, Scope]:
        """Return the mean factors of a source's profile in each minute of a week (MINUTES,), and the scope of a run."""
        zone = self.zone
        first = zone.instant(BEGIN.microseconds)  # Monday's midnight there
        times = Times(self.population, Moment(first, self.start.zone), seed=0)
        begin = 0
        if isinstance(source.from_, At):
            begin = (source.from_.microseconds(times.start, zone) - first) % WEEK_LONG * 1000
        scale = self._scale(source)
        scope = Scope(0, "", times.start, times.zero, zone, begin, NEVER, Steady(0), times.incidents, scale)
        scope = measuring(Plan(self.population, times.start), source, scope)
        if not isinstance(source, Paced) or source.profile is None:
            return np.ones(MINUTES), scope
        course = times.course(source.profile, "profile")
        kept = [
            (member if not isinstance(member, Profile) or member.weekly else 1.0, replace(own, zone=zone))
            for member, own in course.members
        ]
        course = Course(tuple(kept))
        at, left, right = course.pieces(first, first + WEEK_LONG)
        base = np.concatenate([[0.0], np.cumsum((left + right) / 2.0**31 * np.diff(at))])
        minutes = first + np.arange(MINUTES + 1, dtype=np.int64) * MINUTE
        factors = np.diff(np.interp(minutes, at, base)) / MINUTE
        return factors, replace(scope, pace=Rhythm(course, first).since(0))
