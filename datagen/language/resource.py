"""The models of what workers share and wait for, and of how states ask for it."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from datagen.plugin.distribution import SMALLEST_WAIT
from datagen.plugin.expression import NUMBER, AnyExpression, MaybeNumber
from datagen.plugin.model import Model, Named, invalid
from datagen.plugin.namespace import ResourceName, TableName
from datagen.plugin.profile import AnyProfile
from datagen.plugin.seconds import SecondsDistribution
from datagen.problems import Path_, show
from datagen.records.expression import Expression


def _capacity(value: Any) -> int | str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be a valid integer, or for `rows` the name of a column, found {show(value)}")
    if value < 0:
        raise ValueError(f"must be greater than or equal to 0, found {show(value)}")
    return value


Capacity = Annotated[
    int | str,
    PlainValidator(_capacity),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}]}),
]


class Resource(Model):
    """Something that there is so many times, and that workers wait for when it is taken."""

    capacity: Capacity | None = Field(
        None,
        description="how many units there are; of `rows` how many places each has, 1 without it, or the column for it",
    )
    capacity_profile: AnyProfile | None = Field(
        None, description="what that is multiplied by, by the time: it is read at every whole minute, and rounded down"
    )
    rows: TableName | None = Field(
        None,
        min_length=1,
        description="a table, whose rows are what there is: a worker gets one of them, and reads it under the name of "
        "the resource",
    )
    available: AnyExpression | None = Field(
        None,
        description="of `rows`: whether one can be had, an expression over its columns, the time, shared values, and "
        "what templates remember; it is read when somebody asks, when a row comes free, and at every whole minute",
    )

    @property
    def most(self) -> int | str:
        """Return how many units there are; of rows how many places each has, or the column that says so."""
        return 1 if self.capacity is None else self.capacity

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        if self.rows is None:
            if self.capacity is None:
                lines.append((("capacity",), '"capacity" is required, or "rows"'))
            elif isinstance(self.capacity, str):
                lines.append((("capacity",), 'can only be a column where there are "rows"'))
            if self.available is not None:
                lines.append((("available",), 'is for "rows", and there are none'))
        elif self.capacity_profile is not None:
            lines.append((("capacity_profile",), 'is for units that are alike; rows have "available"'))
        if lines:
            raise invalid("Resource", lines)
        return self


class Release(Model):
    """What a state gives back."""

    resource: ResourceName = Field(description="name of one of the `resources`")


class Request(Release):
    """What a state asks for."""

    units: int = Field(1, ge=1, strict=True, description="how many of its units")
    priority: MaybeNumber = Field(
        0, description="number, or an expression; who has the smallest is first in line, then who came first"
    )
    match: Named[AnyExpression] = Field(
        {}, description="of a resource that has `rows`: expressions by columns; only a row that is equal there will do"
    )


class Gather(Model):
    """How many workers wait for each other."""

    size: int = Field(ge=1, strict=True, description="how many go on together")
    by: AnyExpression | None = Field(
        None, description="an expression: only those for whom it is the same go on together; all without it"
    )

    @model_validator(mode="before")
    @classmethod
    def _has_no_timeout(cls, described: Any) -> Any:
        if isinstance(described, dict) and "timeout" in described:
            text = 'stands beside "gather": {"after": …, "next": …} for all that the state waits for, from its entry on'
            raise invalid("Gather", [(("timeout",), text)])
        return described


class Timeout(Model):
    """What a worker does who has waited long enough."""

    after: SecondsDistribution = Field(description="how long it waits at most, in seconds, counted from its entry")
    next: str = Field(description='the state to enter then, or "stop"')

    @property
    def never_waits(self) -> bool:
        """Return whether it is over at once."""
        return self.after.bounds().most < SMALLEST_WAIT


def _named(value: Any) -> Any:
    """Return names as the objects that they stand for, and one of either as a list."""
    given = value if isinstance(value, list) else [value]
    return [{"resource": one} if isinstance(one, str) else one for one in given]


def _schema(described: dict[str, Any]) -> dict[str, Any]:
    one = [{"type": "string"}, {"type": "object", "properties": described, "required": ["resource"]}]
    return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}}]}


_RESOURCE = {"resource": {"type": "string"}}
_REQUEST = _RESOURCE | {
    "units": {"type": "integer", "minimum": 1},
    "priority": NUMBER,
    "match": {"type": "object", "additionalProperties": {"type": "string"}},
}
Requests = Annotated[list[Request], BeforeValidator(_named), WithJsonSchema(_schema(_REQUEST))]
Releases = Annotated[list[Release], BeforeValidator(_named), WithJsonSchema(_schema(_RESOURCE))]


class Waiting(Model):
    """The keys of a state by which a worker waits for others."""

    release: Releases = Field([], description="resources to give back on entering the state, one or a list")
    acquire: Requests = Field(
        [],
        description="resources to wait for, by name or with `units`, `priority`, `match`, and to hold until `release`",
    )
    use: Requests = Field([], description="resources to wait for, and to hold for the stay in this state alone")
    join: bool = Field(False, description="whether to wait until all that this worker has spawned have stopped")
    gather: Gather | None = Field(
        None, description="wait until so many workers, with the same `by`, wait here; they go on together"
    )
    timeout: Timeout | None = Field(
        None, description="how long a worker waits at most for all that, and where it goes then"
    )

    @cached_property
    def requests(self) -> list[Request]:
        """Return what is waited for, in order."""
        return [*self.acquire, *self.use]

    @property
    def asked(self) -> list[Request | Gather | None]:
        """Return all that is waited for, in order; None stands for the children of the worker."""
        gather = [] if self.gather is None else [self.gather]
        return [*([None] if self.join else []), *gather, *self.requests]

    @property
    def waits(self) -> bool:
        """Return whether a worker may have to wait for others here."""
        return self.join or self.gather is not None or bool(self.requests)

    def priorities(self) -> Iterator[tuple[tuple[str, int, str], Expression]]:
        """Yield the expressions of what is asked for, each with its path from here."""
        for key, asked in (("acquire", self.acquire), ("use", self.use)):
            for number, request in enumerate(asked):
                if isinstance(request.priority, Expression):
                    yield (key, number, "priority"), request.priority

    def matches(self) -> Iterator[tuple[Path_, Expression]]:
        """Yield what rows that are asked for are to have, each with its path from here."""
        for key, asked in (("acquire", self.acquire), ("use", self.use)):
            for number, request in enumerate(asked):
                yield from (((key, number, "match", name), one) for name, one in request.match.items())
