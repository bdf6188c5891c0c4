"""Volumes: how many more workers make as many records, or bytes, as are wanted; delays stay as they are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from datagen.language.load import LoadedSpec
from datagen.moment import Moment
from datagen.plugin.formatter import Formatter
from datagen.plugin.volume import Volume
from datagen.plugin.week import BEGIN
from datagen.problems import InvalidInput, Problem, Unfillable, counted, show

Known = tuple[str, float] | None  # the volume and the constant of a run that is continued
_MOST = 1e9  # times more, or fewer
_DIGITS = 8  # of a constant
_MOST_PILOTS = 8  # until a constant is found where workers wait for resources,
_CLOSE = 0.005  # of which the last two are so much alike
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


@dataclass(frozen=True)
class Scale:
    """How many times more workers there are than the spec says."""

    constant: float
    volume: Volume | None = None  # None: the spec says the constant itself
    error: float = 0.0  # relative, of the volume

    def __str__(self) -> str:
        what = "volume_scale" if self.volume is None else f"volume {self.volume}"
        return f"{what}: {self.constant:.{_DIGITS}g} times as many workers as the spec says{shown_error(self.error)}"


def shown_error(error: float | None) -> str:
    """Return the end of a text about a number with a relative error, if it has one."""
    return f" (± {max(error, 0.0001):.2%})" if error else ""


@dataclass(frozen=True)
class _Asked:
    """A volume that is asked for, with what says what is wrong with it."""

    loaded: LoadedSpec
    options: Options
    start: Moment | None
    volume: Volume

    def refuse(self, text: str) -> InvalidInput:
        if self.options.volume is not None:
            return InvalidInput([Problem(text, f"volume {self.volume}")])
        return InvalidInput([self.loaded.document.problem(("volume",), text)])


def scaled(
    loaded: LoadedSpec, options: Options, start: Moment | None, known: Known = None
) -> tuple[Options, Scale | None]:
    """Return the options with the constant of the volume that they, or else the spec, ask for, and with its limit.

    ``start`` is that of the run, if it is known: records show its offset. The constant is taken from a run that is
    continued, where it is ``known`` for the same volume. Raises InvalidInput when no constant reaches it.
    """
    spec = options.applied(loaded.spec)
    loaded = replace(loaded, spec=spec)
    volume = options.volume or spec.volume
    if options.volume is None and spec.volume_scale is not None:
        return _with(loaded, options, Scale(float(spec.volume_scale)))
    if volume is None:
        return options, None
    if known is not None and known[0] == str(volume):
        return _with(loaded, options, Scale(known[1], volume))
    return _with(loaded, options, _reached(_Asked(loaded, options, start, volume)))


def measured(loaded: LoadedSpec, options: Options, start: Moment | None, formatter: Formatter) -> Sizes | None:
    """Return how long records are, from a pilot; None when it makes none.

    Raises InvalidInput when a pool can't be filled.
    """
    plan = Plan(loaded.spec, Moment(BEGIN.microseconds, (start or soon()).zone), scale=options.scale or 1.0)
    try:
        pools = Pools(loaded.spec, options.seed or 0, Event(), loaded.spec.timezone or plan.start.zone or "UTC")
        problems = pools.problems()
    except Unfillable as error:
        problems = [(error.path, error.reason)]
    if problems:
        raise InvalidInput([loaded.document.problem(*problem) for problem in problems])
    return sizes(plan, options.seed or 0, pools, formatter.stream)  # which asks nobody


def _with(loaded: LoadedSpec, options: Options, scale: Scale) -> tuple[Options, Scale]:
    """Return the options with a constant, and with the limit that follows: nobody's limit is none; a fleet grows."""
    limits = options.limits(loaded.spec, NEVER)
    if options.max_workers is None and not Expectation(loaded.spec).always_stops:
        if isinstance(limits, int):
            limits = _grown(limits, scale.constant)
        else:
            limits = {name: _grown(limit, scale.constant) for name, limit in limits.items()}
    return replace(options, scale=scale.constant, max_workers=limits), scale


def _grown(limit: int, constant: float) -> int:
    return limit if limit == NEVER else max(round(limit * constant), 1)


def _limit(asked: _Asked) -> int | None:
    """Return how many workers may be alive in all; None where no limit is given."""
    limits = asked.options.limits(asked.loaded.spec, NEVER)
    limit = limits if isinstance(limits, int) else sum(limits.values())
    return limit if limit < NEVER else None


def _reached(asked: _Asked) -> Scale:
    """Return the constant that reaches a volume."""
    loaded, options, volume = asked.loaded, asked.options, asked.volume
    if recalls(loaded.spec):
        text = "it is not known how many records workers make whom states send where templates remember something"
        raise asked.refuse(f"{text}; write `volume_scale`")
    weights, error = Expectation(loaded.spec).emits, 0.0
    if volume.in_bytes or not loaded.spec.one_each:
        found = measured(loaded, options, asked.start, loaded.registry.formatter("json"))
        if found is None or not found.records:
            raise asked.refuse("there are no records to measure: a pilot has made none")
        weights = weights * found.each * (found.means if volume.in_bytes else 1.0)
        error = found.error if volume.in_bytes else found.each_error
    if not asks(loaded.spec) and not loaded.spec.is_swayed:
        constant, made = _scaled_up(asked, weights, 2.0)  # twice as many: scaled batches are not rounded
    else:
        constant, made = _approached(asked, weights)
    constant = float(f"{constant:.{_DIGITS}g}")  # so that it can be written down
    _make_sure(asked, constant, made)
    return Scale(constant, volume, error)


def _approached(asked: _Asked, weights: Floats) -> tuple[float, float]:
    """Return the constant that reaches a volume, and what it makes, where more workers wait longer, or go elsewhere."""
    scale, share = 1.0, 0.0
    for _ in range(_MOST_PILOTS):
        constant, made = _scaled_up(asked, weights, scale)
        before, share = share, scale / constant
        if abs(share - 1) < _CLOSE or not 1 / _MOST <= constant <= _MOST:
            return constant, made
        if share < 1 and share < before + _CLOSE:
            break  # more workers make no more records
        scale = constant
    lacking = "there is not enough of the resources that workers wait for"
    if not asks(asked.loaded.spec):
        lacking = "more workers make no more records, for what all share"
    raise asked.refuse(f"no constant was found that reaches it: {lacking}")


def _scaled_up(asked: _Asked, weights: Floats, scale: float) -> tuple[float, float]:
    """Return the constant that reaches a volume, and what it makes, if it makes of each worker what a scale does."""
    volume, unit = asked.volume, Expectation(asked.loaded.spec, scale, asked.start or soon())
    fixed, free = np.zeros(1), np.zeros(1)
    for is_free, curve in _curves(asked, unit, weights):
        fixed, free = (fixed, free + curve / scale) if is_free else (fixed + curve, free)
    if not free.any():
        raise asked.refuse(_WHY_NOT["own" if all(flow.source.has_own_times for flow in unit.inflows) else "some"])
    if not volume.at_peak:
        fixed, free = fixed.mean(keepdims=True), free.mean(keepdims=True)
    both = np.broadcast_arrays(fixed, free)
    own = float(fixed.max())
    if own >= volume.amount:
        raise asked.refuse(f"the sources with times of their own make {_shown(own, volume)} already")
    constant = min((volume.amount - at) / rate for at, rate in zip(*map(np.ravel, both), strict=True) if rate > 0)
    return constant, own + constant * float(free.max())


def _curves(asked: _Asked, unit: Expectation, weights: Floats) -> Iterator[tuple[bool, Floats]]:
    """Yield of each source whether a constant changes it, and what it makes in each minute of a week."""
    options, limit = asked.options, _limit(asked)
    if not unit.families.ends:
        raise asked.refuse(_WHY_NOT["children"])
    weights = unit.families.weights(weights)
    if not unit.always_stops and any(flow.rate and not flow.chain.always_stops for flow in unit.inflows):
        if options.max_workers or limit is None:
            raise asked.refuse(_WHY_NOT["fixed" if options.max_workers else "endless"])
        if unit.beat is None:
            raise asked.refuse(_WHY_NOT["unknown"])
        yield True, np.full(1, unit.scale * limit * float(unit.beat @ weights))
        return
    for flow in unit.inflows:
        curve = flow.makes(weights)
        if curve is None:
            raise asked.refuse(_WHY_NOT["unknown"] if isfinite(flow.rate) else "no gap is ever above 0")
        yield not flow.source.has_own_times, curve


def _make_sure(asked: _Asked, constant: float, made: float) -> None:
    """Raise InvalidInput when a constant is out of all bounds, or when a limit that is given is in its way."""
    if not 1 / _MOST <= constant <= _MOST:
        raise asked.refuse(f"no constant can reach it: there would have to be {constant:.3g} times as many workers")
    expectation = Expectation(asked.loaded.spec, constant, asked.start or soon())
    limits = asked.options.limits(asked.loaded.spec, NEVER)
    if isinstance(limits, int):
        _make_room(asked, expectation, "", limits, made)
    else:
        for name in asked.loaded.spec.crowds_with_sources:
            _make_room(asked, expectation.of(name), name, limits[name], made)
    fleet = [flow for flow in expectation.inflows if flow.altogether is not None and flow.rate == 0]
    if len(fleet) == len(expectation.inflows) and not any(flow.altogether for flow in fleet):
        raise asked.refuse("no constant can reach it: it is less than one worker makes")


def _make_room(asked: _Asked, expectation: Expectation, name: str, limit: int, made: float) -> None:
    """Raise InvalidInput when the limit of a population leaves no room for who has to be alive."""
    alive = expectation.alive
    if limit == NEVER or not expectation.always_stops or alive is None or alive < limit:
        return
    if expectation.has_growing_lines:
        raise asked.refuse("no constant can reach it: more and more workers would wait for resources")
    of = f" of {show(name)} it can't be" if name else f" at most {_shown(made * limit / alive, asked.volume)} can be"
    enough, workers = about(expectation.sufficient_limit or alive), counted(limit, "worker")
    raise asked.refuse(f"no constant can reach it: with the limit of {workers}{of}; about {enough} would do ({HOW})")


def _shown(amount: float, volume: Volume) -> str:
    """Write a volume a second."""
    if not volume.in_bytes:
        return f"{amount:.4g}/s"
    power = min(max(int(np.log10(max(amount, 1))) // 3, 0), 4)
    return f"{amount / 1000**power:.4g}{' kMGT'[power].strip()}B/s"
