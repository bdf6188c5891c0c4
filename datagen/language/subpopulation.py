"""The model of one of several populations: what it has of its own, beside what is common to all."""

from collections.abc import Mapping

from pydantic import Field

from datagen.language.emitter import Emitter
from datagen.language.resource import Resource
from datagen.language.state import State
from datagen.language.text import Text
from datagen.plugin.arrival import AnyArrivals
from datagen.plugin.incident import AnyIncident
from datagen.plugin.model import Named
from datagen.plugin.profile import AnyProfile, ZoneName
from datagen.plugin.seconds import MaybeSecondsDistribution
from datagen.plugin.shared import Start
from datagen.plugin.table import AnyTable
from datagen.plugin.volume import AnyVolume


class Subpopulation(Text):
    """One of several populations. What it has of its own is meant inside it, whatever else has the same name."""

    states: list[State] = Field([], description="its states; its workers begin in the first")
    interarrival: MaybeSecondsDistribution = Field(
        None, description="seconds from one spawn of a worker to the next; this or `arrivals` is required"
    )
    arrivals: AnyArrivals = Field((), description="a source of its workers, or several, in place of `interarrival`")
    max_workers: int | None = Field(
        None, ge=1, strict=True, description="most of its workers alive at once; `-m name=…` wins; 100 without both"
    )
    limit_profile: AnyProfile | None = Field(
        None, description="what its limit of workers is multiplied by, by the time: read at every whole minute"
    )
    volume: AnyVolume | None = Field(
        None,
        description="how much its workers and their children are to make, by more workers, as `volume` of the spec, "
        "which then is reached by the others",
    )
    volume_scale: float | None = Field(
        None, gt=0, le=1e9, description="so many times more of its workers, in place of what its `volume` would come to"
    )
    timezone: ZoneName | None = Field(
        None,
        description="time zone (IANA) of times without an offset that stand in the population, and of what its "
        "profiles, sources, expressions and fields read off a clock; that of the spec without it",
    )
    off: bool = Field(False, description="whether nobody comes of its sources, as with `--only` of others")
    emitters: list[Emitter] = Field([], description="emitters of its own")
    tables: Named[AnyTable] = Field({}, description="tables of its own, by name")
    profiles: Named[AnyProfile] = Field({}, description="profiles of its own, by name")
    incidents: Named[AnyIncident] = Field({}, description="incidents of its own, by name")
    resources: Named[Resource] = Field({}, description="resources of its own, by name")
    shared: Named[Start] = Field(
        {}, description="values of its own that workers see and `set`, by name, with what they are at first"
    )

    @property
    def has_own_volume(self) -> bool:
        """Return whether a volume of its own, or a constant, says how many workers come of its sources."""
        return self.volume is not None or self.volume_scale is not None


def scale_of(source: str | None, populations: Mapping[str, Subpopulation], scale: float) -> float:
    """Return how many times more workers come of a source, by its name: ``scale`` if its population says none."""
    own = populations.get((source or "").partition("/")[0])
    return scale if own is None or own.volume_scale is None else own.volume_scale
