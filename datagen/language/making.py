"""The parts of a spec that are valid by themselves, made: each by what names mean where it stands.

Sits between the JSON of a spec and its checks, which see what is valid as models, so that a mistake in one place hides
none in another.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from datagen.language.emitter import Emitter
from datagen.language.resource import Resource
from datagen.language.state import State
from datagen.language.visibility import of_name
from datagen.plugin.incident import AnyIncident
from datagen.plugin.profile import AnyProfile
from datagen.plugin.registry import Registry
from datagen.plugin.table import AnyTable
from datagen.problems import is_comment

Make = Callable[[Any], Any]
Json = dict[str, Any]


def made(data: Json, registry: Registry) -> Json:
    """Return the JSON of a spec with models where its parts are valid."""
    found = data | {key: _listed(data[key], key, registry) for key in ("states", "emitters", "arrivals") if key in data}
    several = ("profiles", "incidents", "resources") if registry.namespaces else ()
    for key in ("tables", *several):
        if isinstance(data.get(key), dict):
            found[key] = {
                name: part if is_comment(name) else _valid(part, _maker(key, registry, name))
                for name, part in data[key].items()
            }
    if isinstance(data.get("populations"), dict):
        found["populations"] = {
            name: _with_limit(own, registry.inside(name)) for name, own in data["populations"].items()
        }
    return found


def _listed(parts: Any, key: str, registry: Registry) -> Any:
    """Return a part, or a list of parts, with models for the valid ones; the others stay as they are."""
    if isinstance(parts, list):
        return [_listed(part, key, registry) for part in parts]
    return _valid(parts, _maker(key, registry, parts.get("name") if isinstance(parts, dict) else None))


def _valid(part: Any, make: Make) -> Any:
    try:
        return make(part)
    except ValidationError:
        return part


_MODELS: dict[str, Any] = {
    "states": State,
    "emitters": Emitter,
    "tables": AnyTable,
    "profiles": AnyProfile,
    "incidents": AnyIncident,
    "resources": Resource,
}


def _maker(key: str, registry: Registry, name: Any) -> Make:
    """Return what makes a part of a name that stands under a key, which says whose it is."""
    inside = registry.inside_of(of_name(name, registry.namespaces))
    if key == "arrivals":
        return lambda part: inside.make("arrival", part)
    return lambda part: _adapter(key).validate_python(part, context=inside)


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    return TypeAdapter(_MODELS[key])  # which takes milliseconds


def _with_limit(own: Any, registry: Registry) -> Any:
    """Return what is left of a population, with a model for the profile of its limit."""
    if not isinstance(own, dict) or own.get("limit_profile") is None:
        return own
    make = _adapter("profiles").validate_python
    return own | {"limit_profile": _valid(own["limit_profile"], lambda part: make(part, context=registry))}
