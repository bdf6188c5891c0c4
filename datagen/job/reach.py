"""Reaching volumes: the constants by which so many more workers come that a run makes what is asked for.

Each population with a volume of its own has a constant of its own; one more is that of all others together, whose
volume is that of the whole run. Knows nothing of what a run does with them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from threading import Event

import numpy as np

from datagen.clock import NEVER, soon
from datagen.draw import Floats
from datagen.engine.expectation import Expectation
from datagen.engine.pilot import Sizes, sizes
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.recall import recalls
from datagen.engine.waiting import asks
from datagen.job.limit import HOW, about
from datagen.job.options import Options
from datagen.job.scale import DIGITS, Scale
from datagen.language.load import LoadedSpec
from datagen.moment import Moment
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import changed
from datagen.plugin.volume import Volume
from datagen.plugin.week import BEGIN
from datagen.problems import InvalidInput, Path_, Problem, Unfillable, counted, show

_MOST = 1e9  # times more, or fewer
_MOST_PILOTS = 8  # until constants are found where workers wait for resources,
_CLOSE = 0.005  # of which the last two are so much alike
NOTHING_LEFT = "nothing can be scaled: each population has a volume of its own"
_WHY_NOT = {
    "own": "nothing can be scaled: the sources have times of their own, which a volume leaves as they are",
    "some": "nothing can be scaled: there are only so many workers altogether, so there is no rate to set",
    "endless": "workers may never stop, so their number grows for ever: choose how many there are, with max_workers in "
    "the spec, which a volume then multiplies",
    "fixed": "workers never stop, and -m says how many there are: leave it to the spec, whose max_workers a volume "
    "multiplies",
    "children": "workers whom others spawn may never stop, or be more and more, so their number grows for ever",
    "unknown": "what workers do takes too long to compute for so many states",
}

Constants = Mapping[str, float]  # by population; without a name that of all that have none of their own


def measured(loaded: LoadedSpec, options: Options, start: Moment | None, formatter: Formatter) -> Sizes | None:
    """Return how long records are, from a pilot; None when it makes none.

    Raises InvalidInput when a pool can't be filled.
    """
    spec = options.applied(loaded.spec)
    plan = Plan(spec, Moment(BEGIN.microseconds, (start or soon()).zone), scale=options.scale or 1.0)
    try:
        pools = Pools(spec, options.seed or 0, Event(), spec.timezone or plan.start.zone or "UTC")
        problems = pools.problems()
    except Unfillable as error:
        problems = [(error.path, error.reason)]
    if problems:
        raise InvalidInput([loaded.document.problem(*problem) for problem in problems])
    return sizes(plan, options.seed or 0, pools, formatter.stream)  # which asks nobody


def refused(loaded: LoadedSpec, options: Options, name: str, text: str) -> InvalidInput:
    """Return what says that the volume of a population, or without a name that of the run, can't be."""
    if options.volume is not None and not name:
        return InvalidInput([Problem(text, f"volume {options.volume}")])
    path: Path_ = ("volume",)
    if name:
        key = "volume_scale" if loaded.spec.populations[name].volume is None else "volume"
        path = ("populations", name, key)
    return InvalidInput([loaded.document.problem(path, text)])


@dataclass(frozen=True)
class Reach:
    """The volumes that are asked for, and the constants that are known."""

    loaded: LoadedSpec
    options: Options
    start: Moment | None
    asked: Mapping[str, Volume]  # by population, as constants
    fixed: Constants
    _measured: dict[str, Sizes] = field(default_factory=dict)

    def found(self) -> dict[str, Scale]:
        """Return the constants that reach the volumes. Raises InvalidInput when none does."""
        if recalls(self.loaded.spec):
            text = "it is not known how many records workers make whom states send where templates remember something"
            raise self._refuse(next(iter(self.asked)), f"{text}; write `volume_scale`")
        twice = dict.fromkeys(self.asked, 2.0)  # as many, for scaled batches are not rounded
        found = self._approached() if self._is_coupled else self._scaled_up(twice)
        constants = {name: float(f"{constant:.{DIGITS}g}") for name, (constant, _) in found.items()}  # to write down
        self._make_sure(constants, {name: made for name, (_, made) in found.items()})
        errors = {name: self._weights(name, volume)[1] for name, volume in self.asked.items()}
        return {name: Scale(constants[name], volume, errors[name], name) for name, volume in self.asked.items()}

    def _refuse(self, name: str, text: str) -> InvalidInput:
        return refused(self.loaded, self.options, name, text)

    @property
    def _is_coupled(self) -> bool:
        """Return whether how many workers come changes what each of them makes."""
        return asks(self.loaded.spec) or self.loaded.spec.is_swayed

    @property
    def _own(self) -> set[str]:
        """Return the populations that have a constant of their own."""
        return {*self.asked, *self.fixed} - {""}

    def _crowds(self, name: str) -> list[str]:
        """Return the populations that a constant is for."""
        return [name] if name else [one for one in self.loaded.spec.crowds_with_sources if one not in self._own]

    def _expectation(self, constants: Constants) -> Expectation:
        own = {name: constant for name, constant in constants.items() if name}
        spec = replace(self.options, scales=own).applied(self.loaded.spec)
        return Expectation(spec, constants.get("", 1.0), self.start or soon())

    def _approached(self) -> dict[str, tuple[float, float]]:
        """Return constants, and what they make, where more workers wait longer, or go elsewhere."""
        constants, shares = dict.fromkeys(self.asked, 1.0), dict.fromkeys(self.asked, -1.0)
        far: list[str] = []
        for _ in range(_MOST_PILOTS):
            found = self._scaled_up(constants)
            before, shares = shares, {name: constants[name] / constant for name, (constant, _) in found.items()}
            far = [name for name, share in shares.items() if abs(share - 1) >= _CLOSE]
            if not far or any(not 1 / _MOST <= constant <= _MOST for constant, _ in found.values()):
                return found
            if stuck := [name for name in far if shares[name] < min(before[name] + _CLOSE, 1)]:
                far = stuck  # more workers make no more records
                break
            constants = {name: constant for name, (constant, _) in found.items()}
        lacking = "there is not enough of the resources that workers wait for"
        if not asks(self.loaded.spec):
            lacking = "more workers make no more records, for what all share"
        raise self._refuse(far[0], f"no constant was found that reaches it: {lacking}")

    def _scaled_up(self, constants: Constants) -> dict[str, tuple[float, float]]:
        """Return constants, and what they make, if they make of each worker what these do.

        That of all populations without their own comes last: what the others make is taken off first.
        """
        constants = {**self.fixed, **constants}
        unit, found = self._expectation(constants), dict(self.fixed)
        reached: dict[str, tuple[float, float]] = {}
        for name in sorted(self.asked, reverse=True):
            volume = self.asked[name]
            fixed, free = self._made(unit, constants, name, volume)
            if not free.any():
                own = (flow.source.has_own_times for one in self._crowds(name) for flow in unit.of(one).inflows)
                raise self._refuse(name, _WHY_NOT["own" if all(own) else "some"])
            for other in () if name else sorted(self._own):
                steady, growing = self._made(unit, constants, other, volume)
                fixed = fixed + steady + growing * found[other]
            reached[name] = self._solved(name, fixed, free)
            found[name] = reached[name][0]
        return reached

    def _solved(self, name: str, fixed: Floats, free: Floats) -> tuple[float, float]:
        """Return the constant that reaches a volume, and what it makes, where some of it is fixed."""
        volume = self.asked[name]
        if not volume.at_peak:
            fixed, free = fixed.mean(keepdims=True), free.mean(keepdims=True)
        own = float(fixed.max())
        if own >= volume.amount:
            what = "the sources with times of their own"
            if not name and self._own:
                what = "the populations with a volume of their own, and sources with times of their own,"
            raise self._refuse(name, f"{what} make {_shown(own, volume)} already")
        both = zip(*map(np.ravel, np.broadcast_arrays(fixed, free)), strict=True)
        constant = min((volume.amount - at) / rate for at, rate in both if rate > 0)
        return constant, own + constant * float(free.max())

    def _made(self, unit: Expectation, constants: Constants, name: str, volume: Volume) -> tuple[Floats, Floats]:
        """Return what is made in each minute of a week whatever a constant is, and what is if it is 1."""
        weights, _ = self._weights(name, volume)
        fixed, free = np.zeros(1), np.zeros(1)
        scale = constants.get(name, 1.0)
        for one in self._crowds(name):
            for is_free, curve in self._curves(unit.of(one), name, one, scale, weights):
                fixed, free = (fixed, free + curve / scale) if is_free else (fixed + curve, free)
        return fixed, free

    def _curves(
        self, own: Expectation, name: str, crowd: str, scale: float, weights: Floats
    ) -> Iterator[tuple[bool, Floats]]:
        """Yield of each source whether a constant changes it, and what it makes in each minute of a week."""
        if not own.families.ends:
            raise self._refuse(name, _WHY_NOT["children"])
        weights = own.families.weights(weights)
        if not own.always_stops and any(flow.rate and not flow.chain.always_stops for flow in own.inflows):
            limit, given = self._limits[crowd], self.options.max_workers or {}
            if limit == NEVER or isinstance(given, int) or crowd in given:
                raise self._refuse(name, _WHY_NOT["endless" if limit == NEVER else "fixed"])
            if own.beat is None:
                raise self._refuse(name, _WHY_NOT["unknown"])
            yield True, np.full(1, scale * limit * float(own.beat @ weights))
            return
        for flow in own.inflows:
            curve = flow.makes(weights)
            if curve is None:
                raise self._refuse(name, _WHY_NOT["unknown"] if isfinite(flow.rate) else "no gap is ever above 0")
            yield not flow.source.has_own_times, curve

    def _weights(self, name: str, volume: Volume) -> tuple[Floats, float]:
        """Return what a step into each state makes, (states,), in records or bytes, and its relative error."""
        weights = Expectation(self.loaded.spec).emits
        if not volume.in_bytes and self.loaded.spec.one_each:
            return weights, 0.0
        if name not in self._measured:
            found = measured(self._alone(name), self.options, self.start, self.loaded.registry.formatter("json"))
            if found is None or not found.records:
                raise self._refuse(name, "there are no records to measure: a pilot has made none")
            self._measured[name] = found
        found = self._measured[name]
        return weights * found.each * (found.means if volume.in_bytes else 1.0), (
            found.error if volume.in_bytes else found.each_error
        )

    def _alone(self, name: str) -> LoadedSpec:
        """Return the spec with the populations off that a constant is not for, unless they change what it makes."""
        spec, crowds = self.loaded.spec, self._crowds(name)
        if not spec.populations or self._is_coupled:
            return self.loaded
        own = {one: part if one in crowds else changed(part, off=True) for one, part in spec.populations.items()}
        return replace(self.loaded, spec=changed(spec, populations=own))

    @property
    def _limits(self) -> dict[str, int]:
        """Return how many workers of each population may be alive; NEVER where no limit is given."""
        limits = self.options.limits(self.loaded.spec, NEVER)
        names = self.loaded.spec.crowds_with_sources
        return {name: limits if isinstance(limits, int) else limits[name] for name in names}

    def _make_sure(self, constants: Constants, made: Mapping[str, float]) -> None:
        """Raise InvalidInput when a constant is out of all bounds, or when a limit that is given is in its way."""
        for name, constant in constants.items():
            if not 1 / _MOST <= constant <= _MOST:
                times = f"there would have to be {constant:.3g} times as many workers"
                raise self._refuse(name, f"no constant can reach it: {times}")
        expectation = self._expectation({**self.fixed, **constants})
        for name in constants:
            crowds = {crowd: expectation.of(crowd) for crowd in self._crowds(name)}
            for crowd, own in crowds.items():
                self._make_room(name, crowd, own, made[name] if len(crowds) == 1 else None)
            flows = [flow for own in crowds.values() for flow in own.inflows]
            if all(flow.altogether is not None and flow.rate == 0 and not flow.altogether for flow in flows):
                raise self._refuse(name, "no constant can reach it: it is less than one worker makes")

    def _make_room(self, name: str, crowd: str, own: Expectation, made: float | None) -> None:
        """Raise InvalidInput when the limit of a population leaves no room for who has to be alive."""
        alive, limit = own.alive, self._limits[crowd]
        if limit == NEVER or not own.always_stops or alive is None or alive < limit:
            return
        if own.has_growing_lines:
            raise self._refuse(name, "no constant can reach it: more and more workers would wait for resources")
        of = f" of {show(crowd)}" if crowd else ""
        most = " it can't be" if made is None else f" at most {_shown(made * limit / alive, self.asked[name])} can be"
        enough, workers = about(own.sufficient_limit or alive), counted(limit, "worker")
        would = f"with the limit of {workers}{of}{most}; about {enough} would do ({HOW})"
        raise self._refuse(name, f"no constant can reach it: {would}")


def _shown(amount: float, volume: Volume) -> str:
    """Write a volume a second."""
    if not volume.in_bytes:
        return f"{amount:.4g}/s"
    power = min(max(int(np.log10(max(amount, 1))) // 3, 0), 4)
    return f"{amount / 1000**power:.4g}{' kMGT'[power].strip()}B/s"
