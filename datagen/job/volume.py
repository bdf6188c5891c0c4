"""Volumes: how many more workers make as many records, or bytes, as are wanted; delays stay as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from datagen.clock import NEVER
from datagen.engine.crowd import Limits
from datagen.engine.expectation import Expectation
from datagen.job.options import Options
from datagen.job.reach import NOTHING_LEFT, Reach, refused
from datagen.job.scale import Known, Scale
from datagen.language.load import LoadedSpec
from datagen.language.spec import Spec
from datagen.moment import Moment
from datagen.plugin.volume import Volume

_NOTHING: Known = MappingProxyType({})


def scaled(
    loaded: LoadedSpec, options: Options, start: Moment | None, known: Known = _NOTHING
) -> tuple[Options, tuple[Scale, ...]]:
    """Return the options with the constants of the volumes that they, or else the spec, ask for, and with the limits.

    ``start`` is that of the run, if it is known: records show its offset. The constant is taken from a run that is
    continued, where it is ``known`` for the same volume. Raises InvalidInput when no constant reaches a volume.
    """
    loaded = replace(loaded, spec=options.applied(loaded.spec))
    wanted = _wanted(loaded, options)
    found: dict[str, Scale] = {}
    asked: dict[str, Volume] = {}
    for name, one in wanted.items():
        if isinstance(one, float):
            found[name] = Scale(one, population=name)
        elif name in known and known[name][0] == str(one):
            found[name] = Scale(known[name][1], one, population=name)
        else:
            asked[name] = one
    if asked:
        fixed = {name: scale.constant for name, scale in found.items()}
        found |= Reach(loaded, options, start, asked, fixed).found()
    scales = tuple(found[name] for name in wanted)
    return _with(loaded.spec, options, scales), scales


def _wanted(loaded: LoadedSpec, options: Options) -> Mapping[str, Volume | float]:
    """Return by population its volume, or its constant; last, without a name, of all that have none of their own.

    Raises InvalidInput where those are none.
    """
    spec, found = loaded.spec, {}
    for name in spec.crowds_with_sources if spec.populations else ():
        own = spec.populations[name]
        if (one := own.volume_scale or own.volume) is not None:
            found[name] = one
    whole = options.volume or spec.volume_scale or spec.volume
    if whole is None or len(found) < len(spec.crowds_with_sources):
        return found if whole is None else found | {"": whole}
    if options.volume is not None or all(spec.populations[name].has_own_volume for name in spec.crowds_that_come):
        raise refused(loaded, options, "", NOTHING_LEFT)
    return found  # those whom the spec means are off


def _with(spec: Spec, options: Options, scales: Sequence[Scale]) -> Options:
    """Return the options with constants, and with the limits that follow: nobody's limit is none; a fleet grows."""
    constants = {scale.population: scale.constant for scale in scales}
    whole = constants.pop("", None)
    made = replace(options, scale=whole, scales=constants)
    return replace(made, max_workers=_limits(spec, made)) if scales else options


def _limits(spec: Spec, options: Options) -> Limits:
    given = options.max_workers or {}
    if isinstance(given, int):
        return given
    limits, expected = options.limits(spec, NEVER), Expectation(spec)

    def grown(name: str, limit: int, constant: float) -> int:
        if limit == NEVER or name in given or expected.of(name).always_stops:
            return limit
        return max(round(limit * constant), 1)

    if isinstance(limits, int):
        return grown("", limits, options.scale or 1.0)
    constants = {name: options.scales.get(name, options.scale) for name in limits}
    return dict(given) | {name: grown(name, limits[name], one) for name, one in constants.items() if one is not None}
