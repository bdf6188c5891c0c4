"""Incidents: stretches of time with a name, given or drawn. Times are µs since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, model_validator

from datagen import draw
from datagen.draw import Integers, Keys, Marks
from datagen.moment import Moment
from datagen.plugin.distribution import Distribution
from datagen.plugin.instant import Instant
from datagen.plugin.model import Model, each_of, invalid
from datagen.plugin.seconds import SecondsDistribution
from datagen.problems import RunFailed, path_part, show
from datagen.zone import Zone

LONG_AGO = -(2**62)
_NONE = np.zeros(0, np.int64)
_BLOCK = 64  # incidents drawn at once, or as many as there are
_MOST = 10_000_000
_LONGEST = 2**52  # µs, 142 years: what is longer counts as this
_FAR = 2.0**60  # µs
_SHORTEST = 0.5e-6  # seconds; what is shorter is rounded to 0 µs


class Stretch(Model):
    """A stretch of time."""

    from_: Instant = Field(alias="from", description='its first instant, ISO 8601 or an offset from the start ("+2H")')
    until: Instant = Field(description="the first instant behind it")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.until.form == self.from_.form and self.until.place <= self.from_.place:
            raise ValueError('"until" must be after "from"')
        return self


class Recurring(Model):
    """Stretches of time that are drawn, one after the other."""

    every: SecondsDistribution = Field(description="seconds from the end of one to the begin of the next")
    lasts: SecondsDistribution = Field(description="seconds that one lasts")

    @model_validator(mode="after")
    def _moves_on(self) -> Self:
        if self.every.bounds().most < _SHORTEST and self.lasts.bounds().most < _SHORTEST:
            raise ValueError('"every" and "lasts" are always 0: time would never pass')
        return self


Incident = tuple[Stretch, ...] | Recurring


def _incident(value: Any, info: Any) -> Incident:
    """Return the incident that JSON describes; raises pydantic's ValidationError."""
    if isinstance(value, tuple | Recurring):
        return value
    if isinstance(value, list):
        if not value:
            raise invalid("incident", [((), "must not be empty")])
        return each_of(value, lambda part: Stretch.model_validate(part, context=info.context))
    if not isinstance(value, dict):
        raise ValueError(f"must be an object with from and until (or every and lasts), or a list, found {show(value)}")
    if "every" in value or "lasts" in value:
        return Recurring.model_validate(value, context=info.context)
    return (Stretch.model_validate(value, context=info.context),)


AnyIncident = Annotated[
    Incident,
    PlainValidator(
        _incident, json_schema_input_type=Stretch | Recurring | Annotated[list[Stretch], Field(min_length=1)]
    ),
]


class Stretches:
    """The stretches of one incident in a run, in the order in which they begin; drawn ones as far as was asked for."""

    def __init__(self, begins: Integers, ends: Integers, drawn: "_Drawn | None" = None) -> None:
        """Take all stretches (n,), or what draws them."""
        order = np.argsort(begins, kind="stable")
        self._columns = begins[order], ends[order]  # as one, so that threads see both or none of what is new
        self._drawn = drawn

    @classmethod
    def of(cls, name: str, incident: Incident, run: "IncidentScope") -> "Stretches":
        """Return those of an incident of a spec; one that is over before it begins is left out."""
        if isinstance(incident, Recurring):
            return cls(_NONE, _NONE, _Drawn(incident, run.begin, run.seed, f"incident/{path_part(name)}"))
        pairs = [[at.microseconds(run.start, run.zone) for at in (part.from_, part.until)] for part in incident]
        begins, ends = np.array(pairs, np.int64).reshape(-1, 2).T
        return cls(begins[begins < ends], ends[begins < ends])

    def until(self, time: int) -> tuple[Integers, Integers]:
        """Return when all that begin before a time begin and end, (n,) and (n,)."""
        begins, ends = self._columns
        if self._drawn is not None:
            begins, ends = self._columns = self._drawn.until(time, begins, ends)  # another thread may put fewer there
        count = int(np.searchsorted(begins, time))
        return begins[:count], ends[:count]

    def on(self, at: Integers) -> Marks:
        """Return at which of some times (n,) the incident is on."""
        if not len(at):
            return np.zeros(0, bool)
        begins, ends = self.until(int(at.max()) + 1)
        latest = np.maximum.accumulate(np.append(LONG_AGO, ends))
        return at < latest[np.searchsorted(begins, at, side="right")]

    def edges(self, begin: int, end: int) -> Integers:
        """Return when stretches begin or end, from ``begin`` until ``end``, each time once."""
        edges = np.unique(np.concatenate(self.until(end)))
        return edges[(edges >= begin) & (edges < end)]

    @property
    def settled(self) -> int | None:
        """Return from when on nothing begins or ends any more; None when that is not known."""
        if self._drawn is not None:
            return None
        return max(self._columns[1].tolist(), default=LONG_AGO)


def labels(incidents: Mapping[str, Stretches], at: Integers) -> pa.ListArray:
    """Return the names of the incidents that are on at times (n,), in the order of the spec."""
    on = np.zeros((len(at), len(incidents)), bool)
    for number, stretches in enumerate(incidents.values()):
        on[:, number] = stretches.on(at)
    names = pa.array([*incidents], pa.string()).take(pa.array(np.nonzero(on)[1]))
    ends = np.concatenate([[0], np.cumsum(on.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), names)


@dataclass(frozen=True)
class IncidentScope:
    """What the incidents of a run depend on, beside their declarations."""

    start: Moment
    zone: Zone
    seed: int
    begin: int  # µs since 1970: where the simulation begins


@dataclass(frozen=True)
class _Drawn:
    """Draws incidents, keyed by their name and number."""

    incident: Recurring
    begin: int
    seed: int
    path: str

    def until(self, time: int, begins: Integers, ends: Integers) -> tuple[Integers, Integers]:
        """Return stretches with those added that begin before a time, and some more."""
        while not len(begins) or begins[-1] < time:
            if len(begins) > _MOST:
                raise RunFailed(f"drawing {self.path}: there are more than {_MOST} of it")
            numbers = np.arange(len(begins), len(begins) + max(_BLOCK, len(begins)))
            rows = draw.worker_keys(self.seed, numbers, self.path)
            gaps, spans = self._spans("every", rows), self._spans("lasts", rows)
            count = int(np.searchsorted(np.cumsum(gaps + spans, dtype=np.float64), _FAR)) + 1  # those before the last
            after = int(ends[-1]) if len(ends) else self.begin
            later = after + np.cumsum((gaps + spans)[:count])
            begins, ends = np.append(begins, later - spans[:count]), np.append(ends, later)
        return begins, ends

    def _spans(self, key: str, rows: Keys) -> Integers:
        """Draw spans in µs (n,)."""
        distribution: Distribution = getattr(self.incident, key)
        seconds = distribution.real(rows, draw.purpose_key(self.seed, f"{self.path}/{key}"))
        if np.isnan(seconds).any():
            raise RunFailed(f"drawing {self.path}: {key} gave what is not a number")
        return np.rint(np.clip(seconds, 0.0, _LONGEST / 1e6) * 1e6).astype(np.int64)
