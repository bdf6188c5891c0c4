"""The models of a population: the states that workers walk through, and what they emit. Knows no target."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from datagen.plugin.dimension import AnyDimension, Dimension
from datagen.plugin.distribution import AnyDistribution
from datagen.plugin.model import Model, Number
from datagen.problems import Path_, path_part


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


class Emitter(Model):
    """What a record is made of."""

    name: str = Field(min_length=1, description="name of the emitter, unique")
    dimensions: list[AnyDimension] = Field(description="the fields of the record, after its time")


@dataclass(frozen=True)
class Place:
    """A dimension of a spec: where it stands in the JSON, the name path of its draws, and itself."""

    json_path: Path_
    name_path: str
    dimension: Dimension

    def nested(self) -> "Iterator[Place]":
        """Give the places of the dimensions inside."""
        for path, dimension in self.dimension.nested():
            yield Place((*self.json_path, *path), f"{self.name_path}/{path_part(dimension.name)}", dimension)
