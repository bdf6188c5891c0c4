"""What a profile is: a factor of absolute time, at least 0, that says how fast the clock of an activity runs.

A profile is a pure function of its declaration and of what a run is asked for (``Scope``); nothing here remembers.
Times are µs since 1970.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.moment import Moment
from datagen.plugin.incident import Stretches
from datagen.plugin.model import Plugin, each_of, invalid, make_of_group
from datagen.plugin.namespace import OF_POPULATION, namespace_of
from datagen.problems import show
from datagen.zone import Zone

MOST_FACTOR = 10**6  # a factor above counts as this one
SHORTEST = 600  # seconds: what comes and goes faster would be lost between whole minutes
NONE = np.zeros(0, np.int64)

Factor = Annotated[int | float, Field(ge=0, le=MOST_FACTOR)]


class NamedZone(str):
    """The name of a time zone that a spec gives, so that all of them can be found in it."""

    __slots__ = ()


def _known(name: str) -> NamedZone:
    Zone.named(name)
    return NamedZone(name)


ZoneName = Annotated[str, AfterValidator(_known)]
LocalZone = Annotated[ZoneName | None, OF_POPULATION]  # without one, that of the population


@dataclass(frozen=True)
class Scope:
    """What a profile knows of the run that it is read in."""

    start: Moment
    zone: Zone
    seed: int
    path: str = "profile"  # the name path of what is drawn
    incidents: Mapping[str, Stretches] = field(default_factory=dict)

    def units(self, numbers: Integers) -> Floats:
        """Draw a number in [0, 1) for each of some numbered stretches, (n,)."""
        rows = draw.worker_keys(self.seed, numbers, self.path)
        return draw.unit(draw.bits(rows, draw.purpose_key(self.seed, f"{self.path}/value")))


class Profile(Plugin):
    """A factor of time."""

    group: ClassVar[str] = "profile"

    @property
    def flat(self) -> bool:
        """Return whether the factor stays the same from one jump to the next."""
        return True

    @property
    def weekly(self) -> bool:
        """Return whether it comes again within a week, so that an ordinary week has it; all others count as 1 there."""
        return False

    def always(self, incident: str | None) -> float | None:
        """Return its factor if one incident were always on, and no other ever; None where it is no matter of these."""
        return None

    @abstractmethod
    def speed(self, at: Integers, scope: Scope) -> Floats:
        """Return the factors (n,), at least 0, at times (n,)."""

    def jumps(self, begin: int, end: int, scope: Scope) -> Integers:
        """Return the times, from ``begin`` until ``end``, at which the factor may jump, ascending, each once."""
        return NONE

    def settled(self, scope: Scope) -> int | None:
        """Return from when on the factor is the same for ever; None when it may always change."""
        return None


class WallProfile(Profile):
    """A factor of what the wall clock shows."""

    timezone: LocalZone = Field(
        None,
        validate_default=True,
        description="whose wall clock it is, such as Europe/Berlin; without it that of the spec or its population",
    )

    @abstractmethod
    def at_wall(self, wall: Integers) -> Floats:
        """Return the factors (n,) at times of the wall clock (n,), in µs since its 1970."""

    @abstractmethod
    def edges(self, begin: int, end: int) -> Integers:
        """Return the times of the wall clock, from ``begin`` until ``end``, at which the factor may jump."""

    def speed(self, at: Integers, scope: Scope) -> Floats:
        return self.at_wall(self._zone(scope).local(at))

    def jumps(self, begin: int, end: int, scope: Scope) -> Integers:
        found = []
        for number, (since, until, offset) in enumerate(self._zone(scope).stretches(begin, end)):
            found.append(NONE + since if number == 0 else np.array([since]))  # where clocks are changed
            found.append(self.edges(since + offset, until + offset) - offset)
        return np.unique(np.concatenate(found))

    def _zone(self, scope: Scope) -> Zone:
        return Zone(self.timezone) if self.timezone else scope.zone


def long_enough(nanoseconds: int) -> int:
    """Return a duration; raises ValueError when what is so short would be lost between whole minutes."""
    if nanoseconds < SHORTEST * 10**9:
        raise ValueError(f"must be at least 10 minutes, found {nanoseconds / 1e9:g} seconds")
    return nanoseconds


def multiples(step: int, begin: int, end: int) -> Integers:
    """Return the multiples of a step from ``begin`` until ``end``."""
    return np.arange(-(-begin // step), -(-end // step), dtype=np.int64) * step


class Product(NamedTuple):
    """What stands where a profile is wanted: numbers, names of profiles and profiles, which are multiplied."""

    members: tuple[float | str | Profile, ...]


def _product(value: Any, info: Any) -> Any:
    if isinstance(value, Product):
        return value
    if isinstance(value, list):
        if not value:
            raise invalid("profile", [((), "must not be empty")])
        parts = each_of(value, lambda part: _product(part, info))
        return Product(tuple(member for part in parts for member in part.members))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return Product((make_of_group("profile", value, info),))
    if isinstance(value, int | float) and not 0 <= value <= MOST_FACTOR:
        raise invalid("profile", [((), f"must lie between 0 and {MOST_FACTOR}, found {show(value)}")])
    return Product((namespace_of(info).meant("profiles", value) if isinstance(value, str) else value,))


_ONE: dict[str, Any] = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": MOST_FACTOR}, {"type": "string"}, {"group": "profile"}]
}
AnyProfile = Annotated[
    Product,
    PlainValidator(_product),
    WithJsonSchema({"anyOf": [*_ONE["anyOf"], {"type": "array", "minItems": 1, "items": _ONE}]}),
]
