"""What tells one run from another: all that decides which records there are, and in which form they are where."""

import json
from typing import Any

from datagen.draw import fingerprint
from datagen.job.options import Options
from datagen.job.request import Inputs
from datagen.moment import Moment
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import named_libraries, parts_of
from datagen.plugin.profile import NamedZone
from datagen.plugin.target import Target
from datagen.problems import read_bytes, size_and_ends
from datagen.records.expression import Expression
from datagen.zone import version_of

_NUMBERS = ("max_workers", "volume", "volume_scale")  # keys of a spec, and of a population, that say how many workers
_APART = ("target", *_NUMBERS)  # keys of a spec that are no part of its fingerprint


def identity_of(inputs: Inputs, options: Options, start: Moment) -> dict[str, object]:
    """Return what decides which records there are."""
    data = inputs.loaded.document.data
    files = [fingerprint(read_bytes(file)) for file in inputs.files]
    streams = [fingerprint(size_and_ends(file)) for file in inputs.streams]
    libraries = libraries_of(inputs, options)
    holding = any(stage.holds for located in inputs.targets for stage in located.target.through)
    return {
        "spec": fingerprint_of(_without_numbers({key: value for key, value in data.items() if key not in _APART})),
        "sources": [*inputs.loaded.registry.sources, *files, *streams, *libraries],
        "seed": options.seed,
        "start": start.text,
        "clock": "simulated" if options.is_simulated else "system" if options.speed is None else "paced",
        "max_workers": options.limits(inputs.loaded.spec),
        "scale": _scale(options),
        # Where stages give at the end what they hold, another end makes other records.
        "end": [options.records, options.span(start), options.bytes] if holding else None,
        **({} if options.timezone is None else {"timezone": options.timezone.name}),
        **({} if options.warm_up is None else {"warm_up": options.warm_up}),
    }


def _without_numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Return a spec without how many workers its populations have."""
    own = data.get("populations", {})
    kept = {name: {key: one for key, one in part.items() if key not in _NUMBERS} for name, part in own.items()}
    return data | {"populations": kept} if own else data


def _scale(options: Options) -> list[Any]:
    """Return how many times more workers there are, and what populations have of their own, if any does."""
    whole = [] if options.scale is None and not options.scales else [options.scale]
    return [*whole, dict(options.scales)] if options.scales else whole


def libraries_of(inputs: Inputs, options: Options) -> list[str]:
    """Return the libraries whose data records depend on, each with its version; time zones that are named are one."""
    spec = inputs.loaded.spec
    parts = [part for whole in (spec, *(located.target for located in inputs.targets)) for part in parts_of(whole)]
    zones = {str(part) for part in parts if isinstance(part, NamedZone)}
    zones |= {zone for part in parts if isinstance(part, Expression) for zone in part.zones}
    zones |= set() if options.timezone is None else {options.timezone.name}
    return [
        *named_libraries(spec),
        *sorted({version_of(zone) for zone in zones if zone[:1] not in "+-" and zone != "UTC"}),
    ]


def name_of(identity: dict[str, object]) -> str:
    """Return a short name of a run: the same for the same records, whatever the clock."""
    return fingerprint_of(
        {key: value for key, value in identity.items() if key not in ("clock", "end") and value != []}
    )


def targets_of(inputs: Inputs) -> list[str]:
    """Return for each target what decides which records it gets, in which form, and where."""
    return [_target(located.target, inputs.formatter) for located in inputs.targets]


def fingerprint_of(value: Any) -> str:
    """Return a short name of a JSON value, another one for another value."""
    return fingerprint(json.dumps(value, sort_keys=True))


def _target(target: Target, formatter: Formatter) -> str:
    used = target.format or formatter
    keys = {"emitters", "through", "record_id", *target.form}
    keys |= set() if target.populations is None else {"populations"}
    described = target.model_dump(mode="json", include=keys, serialize_as_any=True)
    kinds = [target.kind, used.kind, *(stage.kind for stage in target.through)]
    return fingerprint_of({"kinds": kinds, "name": str(target), "format": used.model_dump(mode="json"), **described})
