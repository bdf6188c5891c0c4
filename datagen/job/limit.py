"""The limit of workers of a run: what it does to the records, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log10

from datagen.engine.expectation import Expectation
from datagen.engine.walked import Held
from datagen.job.options import Options
from datagen.language.population import Population
from datagen.problems import counted, show

_UNTHINKABLE = 1e9  # workers
HOW = "-m, or max_workers in the spec"


@dataclass(frozen=True)
class Limit:
    """How many workers may be alive, whether somebody chose that number, and what is to be expected without it."""

    workers: int
    is_chosen: bool
    expectation: Expectation

    @classmethod
    def of(cls, options: Options, population: Population) -> "Limit | Limits":
        """Return the limit of a run, or those of several populations."""
        limits = options.limits(population)
        expectation = Expectation(options.limited(options.applied(population)), options.scale or 1.0)
        if isinstance(limits, int):
            chosen = options.max_workers is not None or population.max_workers is not None
            return cls(limits, chosen, expectation)
        given = options.max_workers if isinstance(options.max_workers, Mapping) else {}
        chosen_of = {name: name in given or own.max_workers is not None for name, own in population.populations.items()}
        names = population.crowds_with_sources
        return Limits({name: cls(limits[name], chosen_of[name], expectation.of(name)) for name in names})

    @property
    def is_meant(self) -> bool:
        """Return whether it is the size of a fleet: of workers who never stop, and whose number was chosen."""
        return self.is_chosen and not self.expectation.always_stops

    @property
    def is_tight(self) -> bool:
        """Return whether it may hold spawns back, as far as anybody knows."""
        enough = self.expectation.sufficient_limit
        return enough is None or enough > self.workers

    def forecast(self) -> str | None:
        """Return that it will hold spawns back; None when it won't, is meant to, or nobody knows."""
        alive = self.expectation.most_alive
        if self.is_meant or alive is None or alive <= self.workers:
            return None
        if alive < _UNTHINKABLE:
            return f"about {about(alive)} workers are alive; the limit is {self.workers}{self._advice('would do')}"
        return f"the number of workers alive grows up to the limit, {self.workers}{self._advice('would do')}"

    def warning(self) -> str | None:
        """Return that it holds spawns back, in a run in which it does; None when it is meant to."""
        if self.is_meant:
            return None
        return f"the limit of {counted(self.workers, 'worker')} holds spawns back{self._advice('would do')}"

    def summary(self, held: Held) -> str | None:
        """Return what it has held back; None when it has not, or is meant to."""
        if not held.spawns or self.is_meant:
            return None
        limit, spawns = counted(self.workers, "worker"), counted(held.spawns, "spawn")
        text = f"the limit of {limit} held {spawns} back, for {held.nanoseconds / 1e9:.3f} s in all"
        return f"{text}{self._advice('would have done')}"

    def _advice(self, would: str) -> str:
        enough = self.expectation.sufficient_limit
        if not self.expectation.always_stops:
            return f"; workers may never stop: choose how many there are ({HOW})"
        if enough is None or enough > _UNTHINKABLE:
            return f"; a higher one makes more records ({HOW})"
        return f"; about {about(enough)} {would} ({HOW})"


@dataclass(frozen=True)
class Limits:
    """The limits of several populations."""

    by_name: dict[str, Limit]

    def forecast(self) -> str | None:
        """Return which will hold spawns back; None when none will, as far as anybody knows."""
        found = [(name, limit.forecast()) for name, limit in self.by_name.items()]
        return "; ".join(f"of {show(name)} {text}" for name, text in found if text) or None

    def warning(self) -> str | None:
        """Return that some hold spawns back, in a run in which they do; None when all are meant to."""
        return f"limits of workers hold spawns back{self._advice()}" if self._unmeant else None

    def summary(self, held: Held) -> str | None:
        """Return what they have held back; None when they have not, or are meant to."""
        if not held.spawns or not self._unmeant:
            return None
        spawns = counted(held.spawns, "spawn")
        return f"limits of workers held {spawns} back, for {held.nanoseconds / 1e9:.3f} s in all{self._advice()}"

    @property
    def _unmeant(self) -> list[str]:
        return [name for name, limit in self.by_name.items() if not limit.is_meant]

    def _advice(self) -> str:
        tight = [name for name in self._unmeant if self.by_name[name].is_tight]
        of = f" of {', '.join(map(show, tight))}" if tight else ""
        return f"; higher ones{of} make more records (-m NAME=N, or max_workers of the population)"


def about(number: float) -> int:
    """Return a whole number that is not below, of two digits and zeros."""
    unit = 10 ** max(int(log10(max(number, 1))) - 1, 0)
    return ceil(number / unit) * unit
