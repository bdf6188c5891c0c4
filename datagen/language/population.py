"""The models of a population: the states that workers walk through, and what they emit. Knows no target."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from datagen.arrivals.interarrival import Interarrival
from datagen.plugin.arrival import Arrival

from datagen.plugin.dimension import AnyDimension, Dimension
from datagen.plugin.distribution import AnyDistribution, odd_span
from datagen.plugin.model import Model, Number
from datagen.problems import Path_, path_part
from datagen.records.batch import Layout

_SMALLEST_DELAY = 0.5e-9  # seconds; what is shorter is rounded to 0 ns


class Transition(Model):
    """Where a worker may go from a state."""

    next: str = Field(description='the state to enter next, or "stop"')
    probability: Number = Field(gt=0, le=1, description="share of workers that go there")


class State(Model):
    """A state that workers are in."""

    name: str = Field(min_length=1, description='name of the state, unique, not "stop"')
    emitter: str | None = Field(None, description="name of the emitter whose record is emitted on entering the state")
    variables: list[AnyDimension] = Field([], description="variables of the worker that are set on entering the state")
    delay: AnyDistribution | None = Field(None, description="how long a worker stays, in seconds; 0 without it")
    transitions: list[Transition] = Field(min_length=1, description="where to go from here; probabilities sum to 1")

    @property
    def never_waits(self) -> bool:
        """Return whether every delay is 0."""
        return self.delay is None or self.delay.highest() < _SMALLEST_DELAY


class Emitter(Model):
    """What a record is made of."""

    name: str = Field(min_length=1, description="name of the emitter, unique")
    dimensions: list[AnyDimension] = Field(description="the fields of the record, after its time")


@dataclass(frozen=True)
class Place:
    """A dimension of a spec, with where it stands in the JSON and the name path of its draws."""

    json_path: Path_
    name_path: str
    dimension: Dimension
    emitter: str | None = None  # whose record it is a field of, not nested

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is odd about the dimension and those inside, each with its path in the JSON."""
        yield from (((*self.json_path, *path), text) for path, text in self.dimension.oddities())
        for place in self.nested():
            yield from place.oddities()

    def misfits(self, layout: Layout) -> Iterator[tuple[Path_, str]]:
        """Yield what can't be done with values of these types in it and inside, each with its path in the JSON."""
        yield from (((*self.json_path, *path), text) for path, text in self.dimension.misfits(layout))
        for place in self.nested():
            yield from place.misfits(layout)

    def nested(self) -> "Iterator[Place]":
        """Yield the places of the dimensions directly inside."""
        for path, dimension in self.dimension.nested():
            yield Place((*self.json_path, *path), f"{self.name_path}/{path_part(dimension.name)}", dimension)


class Population(Model):
    """Workers: how often one is spawned, the states that it walks through and the records that it emits."""

    states: list[State] = Field(min_length=1, description="the states; a worker begins in the first")
    emitters: list[Emitter] = Field(description="what the records are made of")
    interarrival: AnyDistribution = Field(description="seconds from one spawn of a worker to the next")
    max_workers: int | None = Field(
        None, ge=1, strict=True, description="most workers alive at once; the option -m wins; 100 without both"
    )

    @cached_property
    def sources(self) -> list[Arrival]:
        """Return the sources of arrivals, in order of their names."""
        return [Interarrival(distribution=self.interarrival)]

    @property
    def stands_still(self) -> bool:
        """Return whether time never passes: no gap and no delay can be above 0."""
        return self.interarrival.highest() < _SMALLEST_DELAY and all(state.never_waits for state in self.states)

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is valid but hardly meant, each with its path."""
        spans = {("states", number, "delay"): state.delay for number, state in enumerate(self.states)}
        for path, distribution in ({("interarrival",): self.interarrival} | spans).items():
            odd = odd_span(distribution)
            if odd:
                yield path, odd
        for place in self.places():
            yield from place.oddities()

    def places(self) -> Iterator[Place]:
        """Yield the places of the dimensions of emitters and the variables of states, without nested ones."""
        for number, emitter in enumerate(self.emitters):
            path = f"emitter/{path_part(emitter.name)}"
            yield from _places(("emitters", number, "dimensions"), path, emitter.dimensions, emitter.name)
        for number, state in enumerate(self.states):
            yield from _places(("states", number, "variables"), f"state/{path_part(state.name)}", state.variables)


def _places(path: Path_, name_path: str, dimensions: list[Dimension], emitter: str | None = None) -> Iterator[Place]:
    for number, dimension in enumerate(dimensions):
        yield Place((*path, number), f"{name_path}/{path_part(dimension.name)}", dimension, emitter)
