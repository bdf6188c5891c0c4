"""The source ``incident``: workers where an incident begins or ends."""

from typing import ClassVar, Literal

from pydantic import Field

from datagen.plugin.arrival import Arrival, Scope, Stream


class AtIncident(Arrival):
    """A worker at each begin, or end, of an incident: an alarm, a ticket, a repair."""

    kind: ClassVar[str] = "incident"
    has_own_times: ClassVar[bool] = True

    incident: str = Field(description="the name of the incident")
    at: Literal["begin", "end"] = Field("begin", description="at its begin or its end")
