"""What the incidents of a spec change: who reads them, and what is made while one is on, as objects of JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from datagen.draw import Integers
from datagen.engine.plan import Plan
from datagen.job.crowd import finite
from datagen.language.delay import Next
from datagen.language.readings import Reading, readings
from datagen.language.spec import Spec
from datagen.moment import parse_moment
from datagen.plugin.arrival import Arrival, Paced
from datagen.plugin.incident import Incident, Recurring, Stretch
from datagen.plugin.instant import At
from datagen.plugin.model import changed
from datagen.plugin.profile import Product, Profile
from datagen.problems import Path_

Json = dict[str, Any]

Numbers = dict[str, dict[str, float | None]]  # by name, and by key

_DAY = 86_400.0
_MOST = 1_000_000  # drawn incidents that are counted
_END = parse_moment("9999-12-30T00:00:00Z")
_ALIKE = {"closed form": 1e-6, "pilot": 0.02}  # relative: what differs by less is the same, as far as is known


def _always(begin: str, end: str) -> tuple[Stretch, ...]:
    return (Stretch.model_construct(from_=At(parse_moment(begin)), until=At(parse_moment(end))),)


_ON = _always("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z")
_OFF = _always("0001-01-02T00:00:00Z", "0001-01-03T00:00:00Z")


@dataclass(frozen=True)
class Run:
    """What is to be expected of a spec."""

    records: float | None  # a second
    states: Numbers
    transitions: Numbers
    resources: Numbers
    is_measured: bool  # by a pilot
    has_failed: bool  # which could not go on


@dataclass(frozen=True)
class Incidents:
    """The incidents of a spec."""

    spec: Spec
    data: Any  # the JSON that the spec was made of
    plan: Plan
    seed: int
    span: int | None  # ns, of a run that has an end
    makes: Mapping[Path_, float | None]  # records, with all whom they bring about, of a worker of each source
    expected: Callable[[Spec], Run]  # of a spec in the long run

    def found(self) -> dict[str, Json]:
        """Return what each incident changes, by its name."""
        if not self.spec.incidents:
            return {}
        read = list(readings(self.data))
        off = self.expected(_with(self.spec, None)) if self._can_last else None
        return {
            name: {
                **self._times(name, incident),
                "readers": [self._reader(one) for one in read if one.incident in (name, "")],
                **self._changes(name, off),
            }
            for name, incident in self.spec.incidents.items()
        }

    def _reader(self, one: Reading) -> Json:
        return {"place": one.place(self.data), "reads": one.what, "records": self.makes.get(one.path)}

    @property
    def _can_last(self) -> bool:
        """Return whether what is made can be told of an incident that never begins and never ends."""
        waiting = (state.delay.source for state in self.spec.states if isinstance(state.delay, Next))
        return not any(one.arrival.kind == "incident" for sources in waiting for one in sources)

    def _times(self, name: str, incident: Incident) -> Json:
        """Return how often there is an incident, for how long, and which share of the time.

        In a run that ends it is as it is there; else, or where there are very many of it, as the spec says, of given
        ones only how many and how long.
        """
        if isinstance(incident, Recurring):
            seconds = incident.lasts.mean_wait()
            both = max(incident.every.mean_wait() + seconds, 1e-6)
            if self.span is None or self.span / 1e9 / both > _MOST:
                share = finite(seconds / both)
                return {"stretches": None, "per_day": _DAY / both, "seconds": finite(seconds), "share": share}
        begins, ends = self._stretches(name)
        count, spans = len(begins), (ends - begins) / 1e6
        mean = float(spans.mean()) if count else None
        if not self.span:
            return {"stretches": count, "per_day": None, "seconds": mean, "share": None}
        length = self.span / 1e9
        share = float(spans.sum()) / length
        return {"stretches": count, "per_day": count * _DAY / length, "seconds": mean, "share": share}

    def _stretches(self, name: str) -> tuple[Integers, Integers]:
        """Return when those of an incident begin and end, (n,) and (n,) in µs since 1970, as far as the run goes."""
        begin = self.plan.start.microseconds
        end = _END.microseconds if self.span is None else begin + self.span // 1000
        begins, ends = self.plan.times(self.seed).incidents[name].until(end)
        if self.span is not None:
            begins, ends = np.maximum(begins, begin), np.minimum(ends, end)
        return begins[ends > begins], ends[ends > begins]

    def _changes(self, name: str, off: Run | None) -> Json:
        """Return what is made, and how long workers stay, without any incident and while this one is on."""
        on = None if off is None else self.expected(_with(self.spec, name))
        if off is None or on is None or off.has_failed or on.has_failed:
            return dict.fromkeys(("records_per_second", "states", "transitions", "resources", "how"))
        how = "pilot" if off.is_measured or on.is_measured else "closed form"
        return {
            "records_per_second": {"off": off.records, "on": on.records},
            "states": _differences(off.states, on.states, _ALIKE[how]),
            "transitions": _differences(off.transitions, on.transitions, _ALIKE[how]),
            "resources": _differences(off.resources, on.resources, _ALIKE[how]),
            "how": how,
        }


def _differences(off: Numbers, on: Numbers, alike: float) -> Json:
    """Return by name the numbers that differ."""
    found = {
        name: {
            key: {"off": before, "on": after}
            for key, before in numbers.items()
            if _differs(before, after := on.get(name, {}).get(key), alike)
        }
        for name, numbers in off.items()
    }
    return {name: changes for name, changes in found.items() if changes}


def _differs(before: float | None, after: float | None, alike: float) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > alike * max(abs(before), abs(after))


def _with(spec: Spec, name: str | None) -> Spec:
    """Return a spec whose incident of a name is always on, and no other ever."""
    incidents = {other: _ON if other == name else _OFF for other in spec.incidents}
    profiles = {called: _settled(product, name) for called, product in spec.profiles.items()}
    made = changed(spec, incidents=incidents, profiles=profiles)
    if spec.interarrival is not None:
        return made
    sources = tuple(_paced(source, name) for _, source in spec.placed_sources())
    return changed(made, arrivals=sources if isinstance(spec.arrivals, tuple) else sources[0])


def _paced(source: Arrival, name: str | None) -> Arrival:
    if not isinstance(source, Paced) or source.profile is None:
        return source
    return changed(source, profile=_settled(source.profile, name))


def _settled(product: Product, name: str | None) -> Product:
    """Return a product of profiles in which incidents are numbers."""

    def settled(member: float | str | Profile) -> float | str | Profile:
        factor = member.always(name) if isinstance(member, Profile) else None
        return member if factor is None else factor

    return Product(tuple(map(settled, product.members)))
