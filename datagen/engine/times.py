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

    @cached_property
    def zone(self) -> Zone:
        """Return whose wall clock is meant where a time or a profile has no zone of its own."""
        named = self.population.timezone
        return Zone.of(self.start) if named is None else Zone(named)

    @cached_property
    def incidents(self) -> dict[str, Stretches]:
        """Return the stretches of each incident."""
        run = IncidentScope(self.start, self.zone, self.seed, self.start.microseconds)
        return {name: Stretches.of(name, incident, run) for name, incident in self.population.incidents.items()}

    def rhythm(self, product: Product, path: str, begin: int = 0) -> Rhythm:
        """Return a product of profiles at work from a time on (ns since the start); ``path`` is where it stands."""
        scope = Scope(self.start, self.zone, self.seed, path, self.incidents)
        course = Course.of(product, self.population.profiles, scope)
        return Rhythm(course, self.start.microseconds, begin)
