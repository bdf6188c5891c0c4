"""The times of a run: its profiles at work, and the stretches of its incidents."""

from dataclasses import dataclass
from functools import cached_property

from datagen.engine.rhythm import Course, Rhythm
from datagen.language.population import Population
from datagen.moment import Moment
from datagen.plugin.incident import IncidentScope, Stretches
from datagen.plugin.profile import Product, Scope
from datagen.zone import Zone


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

    @cached_property
    def incidents(self) -> dict[str, Stretches]:
        """Return the stretches of each incident."""
        run = IncidentScope(self.start, self.zone, self.seed, self.zero)
        return {name: Stretches.of(name, incident, run) for name, incident in self.population.incidents.items()}

    def rhythm(self, product: Product, path: str, begin: int = 0) -> Rhythm:
        """Return a product of profiles at work from a time on (ns of the simulation); ``path`` is where it stands."""
        return Rhythm(self.course(product, path), self.zero, begin)

    def course(self, product: Product, path: str) -> Course:
        """Return the factor of time that a product of profiles is."""
        scope = Scope(self.start, self.zone, self.seed, path, self.incidents)
        return Course.of(product, self.population.profiles, scope)
