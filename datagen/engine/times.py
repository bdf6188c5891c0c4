"""The times of a run: its profiles at work, and the stretches of its incidents."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.rhythm import Course, Rhythm
from datagen.language.population import Population
from datagen.language.visibility import meanings
from datagen.moment import Moment
from datagen.plugin.incident import IncidentScope, Stretches
from datagen.plugin.profile import Product, Scope
from datagen.records.batch import TIME
from datagen.records.expression.name import called
from datagen.zone import Zone


def printed_times(start: Moment, due: Integers) -> pa.Array:
    """Return times (n,) in ns since a start as records have them: in milliseconds, with the offset of the start."""
    milliseconds = pa.array((start.microseconds + due // 1000) // 1000)
    return milliseconds.cast(pa.timestamp("ms", start.zone))


@dataclass(frozen=True)
class Times:
    """What profiles and incidents of a population are in a run."""

    population: Population
    start: Moment
    seed: int
    warm_up: int = 0  # ns: so long before the start the simulation begins, and its ns count from there

    @property
    def zero(self) -> int:
        """Return when the simulation begins, in µs since 1970."""
        return self.start.microseconds - self.warm_up // 1000

    @cached_property
    def zone(self) -> Zone:
        """Return whose wall clock is meant where a time or a profile has no zone of its own."""
        named = self.population.timezone
        return Zone.of(self.start) if named is None else Zone(named)

    def zone_of(self, name: str | None) -> Zone:
        """Return whose wall clock is meant in a source or a state, by its name."""
        own = self.population.spaces.get((name or "").partition("/")[0])
        return self.zone if own is None or own.zone is None else Zone(own.zone)

    @cached_property
    def incidents(self) -> dict[str, Stretches]:
        """Return the stretches of each incident."""
        run = IncidentScope(self.start, self.zone, self.seed, self.zero)
        return {name: Stretches.of(name, incident, run) for name, incident in self.population.incidents.items()}

    @cached_property
    def courses(self) -> dict[str, Callable[[Integers], pa.Array]]:
        """Return the profiles and incidents as expressions read them: functions of times (n,), in ns since the start.

        Any thread may call them.
        """
        profiles = {called("profile", name): partial(self._factors, name) for name in self.population.profiles}
        incidents = {called("incident", name): partial(self._is_on, name) for name in self.population.incidents}
        return {**profiles, **incidents}

    @cached_property
    def courses_for_all(self) -> dict[str, Callable[[Integers], pa.Array]]:
        """Return these, those of populations by their own names too, where no other has these."""
        found = dict(self.courses)
        for kind, parts in (("profile", self.population.profiles), ("incident", self.population.incidents)):
            for written, name in meanings(parts, self.population.populations)[""].items():
                found[called(kind, written)] = self.courses[called(kind, name)]
        return found

    @cached_property
    def readings(self) -> dict[str, Callable[[Integers], pa.Array]]:
        """Return these, and the time itself."""
        return {TIME: self._moments, **self.courses}

    def _moments(self, due: Integers) -> pa.Array:
        return pa.array(self.start.microseconds + due // 1000).cast(pa.timestamp("us", self.start.zone))

    def _factors(self, name: str, due: Integers) -> pa.Array:
        return pa.array(self._rhythms[name].factor(due + self.warm_up))

    def _is_on(self, name: str, due: Integers) -> pa.Array:
        return pa.array(self.incidents[name].on(self.start.microseconds + due // 1000))

    @cached_property
    def _rhythms(self) -> dict[str, Rhythm]:
        return {name: self.rhythm(Product((name,)), "profile") for name in self.population.profiles}

    def rhythm(self, product: Product, path: str, begin: int = 0) -> Rhythm:
        """Return a product of profiles at work from a time on (ns of the simulation); ``path`` is where it stands."""
        return Rhythm(self.course(product, path), self.zero, begin)

    def course(self, product: Product, path: str) -> Course:
        """Return the factor of time that a product of profiles is."""
        scope = Scope(self.start, self.zone, self.seed, path, self.incidents)
        return Course.of(product, self.population.profiles, scope)
