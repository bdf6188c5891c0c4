"""The incidents of a run: when each of them is on."""

from dataclasses import dataclass

from datagen.plots.data.pilot import Pilot

_SECOND = 1e6  # µs
_MOST = 200  # of one incident; more are no bands any more


@dataclass(frozen=True)
class Band:
    """A time in which an incident is on."""

    incident: str
    begin: float  # seconds since the start
    end: float


def bands(pilot: Pilot, until: int) -> list[Band]:
    """Return when incidents are on up to a time (ns since the start), but for those that come too often to be seen."""
    start, found = pilot.start.microseconds, list[Band]()
    end = start + until // 1000
    for name, stretches in pilot.plan.times(pilot.seed).incidents.items():
        begins, ends = stretches.until(end)
        there = ends > start
        times = zip(begins[there].clip(start).tolist(), ends[there].clip(max=end).tolist(), strict=True)
        own = [Band(name, (begin - start) / _SECOND, (stop - start) / _SECOND) for begin, stop in times]
        found += own if len(own) <= _MOST else []
    return found
